using System.Buffers.Binary;
using System.IO.Compression;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>Grey images of one size with their labels, as IDX files hold them: gzip, big-endian header, one byte per pixel.</summary>
internal sealed class Images(byte[] pixels, byte[] labels)
{
    public const int Side = 28;
    public const int Pixels = Side * Side;
    private const int ImagesMagic = 0x0803;
    private const int LabelsMagic = 0x0801;

    /// <summary>What the labels 0 to 9 mean, as the data's documentation names them.</summary>
    public static readonly string[] Classes =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    public int Count => labels.Length;

    public ReadOnlySpan<byte> this[int image] => pixels.AsSpan(image * Pixels, Pixels);

    public byte Label(int image) => labels[image];

    public string ClassOf(int image) => Classes[labels[image]];

    /// <summary>The mean pixel of an image, from 0 (black) to 1 (white).</summary>
    public double Brightness(int image) => BrightnessOf(this[image]);

    public static double BrightnessOf(ReadOnlySpan<byte> image)
    {
        var sum = 0L;
        foreach (var pixel in image)
            sum += pixel;
        return sum / (255.0 * image.Length);
    }

    public static Images Read(string imagesFile, string labelsFile)
    {
        var (pixels, count) = ReadIdx(imagesFile, ImagesMagic, 16);
        var (labels, labelCount) = ReadIdx(labelsFile, LabelsMagic, 8);
        if (count != labelCount || pixels.Length != count * Pixels || labels.Length != count || labels.Any(label => label >= Classes.Length))
            throw new SampleException($"{imagesFile} and {labelsFile} do not belong together: {count} images of {Side} by {Side} and as many labels from 0 to 9 were expected.");
        return new(pixels, labels);
    }

    /// <summary>The images as an IDX file; the same images always give the same bytes.</summary>
    public byte[] ToImagesFile() => Idx(ImagesMagic, pixels, Count, Side, Side);

    public byte[] ToLabelsFile() => Idx(LabelsMagic, labels, Count);

    private static (byte[] Content, int Count) ReadIdx(string file, int magic, int header)
    {
        try
        {
            using var unpacked = new MemoryStream();
            using (var gzip = new GZipStream(File.OpenRead(file), CompressionMode.Decompress))
                gzip.CopyTo(unpacked);
            var bytes = unpacked.ToArray();
            if (bytes.Length < header || BinaryPrimitives.ReadInt32BigEndian(bytes) != magic)
                throw new SampleException($"{file} is not an IDX file of the kind its name says.");
            return (bytes[header..], BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4)));
        }
        catch (InvalidDataException broken)
        {
            throw new SampleException($"{file} is not a whole gzip file: {broken.Message}");
        }
    }

    private static byte[] Idx(int magic, byte[] content, params ReadOnlySpan<int> sizes)
    {
        using var file = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionLevel.Optimal))
        {
            Span<byte> number = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, magic);
            gzip.Write(number);
            foreach (var size in sizes)
            {
                BinaryPrimitives.WriteInt32BigEndian(number, size);
                gzip.Write(number);
            }

            gzip.Write(content);
        }

        return file.ToArray();
    }
}
