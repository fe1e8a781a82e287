using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using MlLifecycle.Datasets.Idx;

namespace MlLifecycle.Datasets.Profiles;

/// <summary>Profiles IDX files in one pass.</summary>
public static class IdxProfile
{
    public const int Bins = 20;

    // Counting different images takes 16 bytes each; beyond this it is left out.
    private const long MostCounted = 4_000_000;

    /// <exception cref="InvalidDataException">The file is not what its header says.</exception>
    public static Profile Of(string path, Stream file, CancellationToken cancellation)
    {
        using var reader = IdxReader.Open(file);
        return reader.Shape.Images ? Images(path, reader, cancellation) : Labels(path, reader, cancellation);
    }

    private static Profile Images(string path, IdxReader reader, CancellationToken cancellation)
    {
        var image = new byte[reader.Shape.ExampleBytes];
        var bins = new long[Bins];
        var different = reader.Shape.Count <= MostCounted ? new HashSet<UInt128>() : null;
        var (n, mean, squares) = (0L, 0.0, 0.0);
        while (reader.Read(image))
        {
            cancellation.ThrowIfCancellationRequested();
            var brightness = Brightness(image);
            n++;
            var before = brightness - mean; // Welford: stable in one pass
            mean += before / n;
            squares += before * (brightness - mean);
            bins[Math.Min((int)(brightness * Bins), Bins - 1)]++;
            different?.Add(Content(image));
        }

        return new(path, "idx-images", n, [new("image", "image", 0, different?.Count)])
        {
            Image = new(
                reader.Shape.Width,
                reader.Shape.Height,
                mean,
                n > 1 ? Math.Sqrt(squares / (n - 1)) : 0,
                [.. bins.Select((count, i) => new Bin((double)i / Bins, (double)(i + 1) / Bins, count))]),
        };
    }

    private static Profile Labels(string path, IdxReader reader, CancellationToken cancellation)
    {
        var counts = new long[256];
        Span<byte> label = stackalloc byte[1];
        var n = 0L;
        for (; reader.Read(label); n++)
        {
            cancellation.ThrowIfCancellationRequested();
            counts[label[0]]++;
        }

        var present = counts.Select((count, value) => new ValueCount(value.ToString(CultureInfo.InvariantCulture), count)).Where(c => c.Count > 0).ToList();
        return new(path, "idx-labels", n, [new("label", "label", 0, present.Count) { Top = [.. present.OrderByDescending(c => c.Count).Take(20)] }]) { Labels = present };
    }

    /// <summary>Mean pixel / 255.</summary>
    public static double Brightness(ReadOnlySpan<byte> image)
    {
        var sum = 0L;
        foreach (var pixel in image)
            sum += pixel;
        return sum / (255.0 * image.Length);
    }

    /// <summary>What two examples share exactly when their bytes are the same.</summary>
    public static UInt128 Content(ReadOnlySpan<byte> example)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(example, digest);
        return BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }
}
