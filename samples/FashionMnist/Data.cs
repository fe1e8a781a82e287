using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>Which rows of the training file learn, which judge models while they are made, and which stand for production later.</summary>
internal sealed record Split(int[] Train, int[] Dev, int[] Test);

/// <summary>Data: what good data is here, the images as a version, what is in it, whether it is good, and how it is split.</summary>
internal static class Data
{
    public const string Dataset = "garments";
    private const int SplitSeed = 42;

    public static async Task<(DataVersion Version, Split Split)> First(Suite suite, ImageFolder images, CancellationToken stop)
    {
        Say.Step("Data", "the images as an immutable version, profiled, checked, split");
        await Register(suite, stop);
        var version = await Version(suite, 1, stop);
        if (version is null)
        {
            await Say.Progress("Staging files", ImageFolder.Files.Length, async done =>
            {
                foreach (var file in ImageFolder.Files)
                {
                    await using var content = File.OpenRead(images.PathOf(file));
                    await Stage(suite, file, content, stop);
                    done();
                }
            });
            version = await Commit(suite, "Fashion-MNIST as published: 60 000 images to train on and 10 000 to test with.", stop);
        }

        Say.Line($"{Dataset}@{version.Number}, digest {version.Digest[..12]}");
        await Profile(suite, version, stop);
        return (version, await Prove(suite, version, stop));
    }

    /// <summary>Checks a version and splits its training file; the same file and seed give the same split in every version.</summary>
    public static async Task<Split> Prove(Suite suite, DataVersion version, CancellationToken stop)
    {
        var root = suite.Path($"datasets/{Dataset}/versions/{version.Number}");
        var checks = await suite.Post($"{root}/checks", null, stop);
        foreach (var check in checks.Items())
            Say.Line($"{(check["passed"]!.GetValue<bool>() ? "good" : "NOT GOOD")}  {check.The("check")}: {check.The("summary")}");
        var split = await suite.Post($"{root}/splits", new { path = ImageFolder.TrainImages, seed = SplitSeed }, stop);
        Say.Line($"Split {split.The("method")}: {split.The("reason")}");
        var (id, parts) = (split.The("id"), new List<int[]>());
        foreach (var part in (string[])["train", "dev", "test"])
            parts.Add(Numbers(await suite.Download($"{root}/splits/{id}/{part}", stop)));
        Say.Line($"{parts[0].Length} to train on, {parts[1].Length} for development, {parts[2].Length} held back to play production.");
        Say.See(suite.Page($"data/{Dataset}?version={version.Number}"));
        return new(parts[0], parts[1], parts[2]);
    }

    public static Task Stage(Suite suite, string path, Stream content, CancellationToken stop) =>
        suite.Upload(HttpMethod.Put, suite.Path($"datasets/{Dataset}/staging/{path}"), content, "application/octet-stream", stop);

    public static async Task<DataVersion> Commit(Suite suite, string message, CancellationToken stop) =>
        Of(suite, await suite.Post(suite.Path($"datasets/{Dataset}/versions"), new { message }, stop));

    public static async Task<DataVersion?> Version(Suite suite, int number, CancellationToken stop) =>
        await suite.Find(suite.Path($"datasets/{Dataset}/versions/{number}"), stop) is { } known ? Of(suite, known) : null;

    private static async Task Register(Suite suite, CancellationToken stop)
    {
        var description = new
        {
            description = "Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): grey images of 28 by 28 pixels of articles of ten kinds.",
            label = new { definition = "The kind of garment by the shop's own catalogue, 0 to 9: " + string.Join(", ", Images.Classes) + ". A shirt has buttons or a collar; a T-shirt or top has neither." },
            feedback = new { plan = "People look at every answer with a probability below one half and at one in a hundred others; returned articles tell of the rest", delay = "2 days" },
            cases = Images.Classes.Select((name, label) => new { name, column = "label", value = label.ToString(CultureInfo.InvariantCulture), minimum = 5000 }),
        };
        if (await suite.Find(suite.Path($"datasets/{Dataset}"), stop) is null)
        {
            await suite.Post(
                suite.Path("datasets"),
                new { name = Dataset, modality = "image", description.description, description.label, description.feedback, description.cases }, stop);
        }
        else
        {
            await suite.Patch(suite.Path($"datasets/{Dataset}"), description, stop);
        }
    }

    private static async Task Profile(Suite suite, DataVersion version, CancellationToken stop)
    {
        var profile = await suite.Get(suite.Path($"datasets/{Dataset}/versions/{version.Number}/profile?path={ImageFolder.TrainImages}"), stop);
        var brightness = profile["image"]!;
        Say.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{profile.Number("rows"):0} images, mean brightness {brightness.Number("meanBrightness"):0.000} (standard deviation {brightness.Number("stdBrightness"):0.000})"));
    }

    private static DataVersion Of(Suite suite, JsonNode version)
    {
        var number = (int)version.Number("number");
        return new(Dataset, number, version.The("digest"), new(suite.Address, suite.Path($"datasets/{Dataset}/versions/{number}")));
    }

    private static int[] Numbers(byte[] lines) =>
        [.. Encoding.ASCII.GetString(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
}
