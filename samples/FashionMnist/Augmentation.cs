namespace MlLifecycle.Samples.FashionMnist;

/// <summary>More of what the model is poor at: training images with a tag, mirrored. People still see the same garment in them.</summary>
internal static class Augmentation
{
    public const string ImagesFile = "augmented/mirrored-images-idx3-ubyte.gz";
    public const string LabelsFile = "augmented/mirrored-labels-idx1-ubyte.gz";

    /// <summary>The mirrored images as the next version of the dataset, made from the one before.</summary>
    /// <param name="suite">The suite.</param>
    /// <param name="tag">The tag.</param>
    /// <param name="images">The training file's images.</param>
    /// <param name="train">Those of them that models learn from: no others, or the model would know what it is judged by.</param>
    /// <param name="stop">Stops it.</param>
    public static async Task<(DataVersion Version, Images Added)> Of(Suite suite, string tag, Images images, int[] train, CancellationToken stop)
    {
        Say.Step("Data", $"more images of {tag}, as a new version");
        var added = Mirrored(images, [.. train.Where(image => Tags.Carries(images, image, tag))]);
        await Data.Stage(suite, ImagesFile, new MemoryStream(added.ToImagesFile()), stop);
        await Data.Stage(suite, LabelsFile, new MemoryStream(added.ToLabelsFile()), stop);
        var version = await Data.Commit(suite, $"{added.Count} training images of {tag}, mirrored.", stop);
        Say.Line($"{added.Count} images added: {Data.Dataset}@{version.Number}, made from {Data.Dataset}@{version.Number - 1}");
        await Data.Prove(suite, version, stop);
        return (version, added);
    }

    private static Images Mirrored(Images images, int[] which)
    {
        var pixels = new byte[which.Length * Images.Pixels];
        foreach (var (place, image) in which.Index())
        {
            var mirrored = pixels.AsSpan(place * Images.Pixels, Images.Pixels);
            images[image].CopyTo(mirrored);
            for (var row = 0; row < Images.Side; row++)
                mirrored.Slice(row * Images.Side, Images.Side).Reverse();
        }

        return new(pixels, [.. which.Select(images.Label)]);
    }
}
