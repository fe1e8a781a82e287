using System.Text.RegularExpressions;

namespace MlLifecycle.Datasets;

/// <summary>What a file's name says it is, for files this service can look into.</summary>
public enum FileKind
{
    /// <summary>Stored and versioned, not looked into.</summary>
    Opaque,
    Csv,
    Tsv,
    Parquet,
    Idx,
}

public static partial class FileKinds
{
    public static FileKind Of(string path)
    {
        var plain = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return Path.GetExtension(plain).ToLowerInvariant() switch
        {
            ".csv" => FileKind.Csv,
            ".tsv" => FileKind.Tsv,
            ".parquet" => plain == path ? FileKind.Parquet : FileKind.Opaque,
            _ => IdxName().IsMatch(plain) ? FileKind.Idx : FileKind.Opaque,
        };
    }

    public static bool IsTable(this FileKind kind) => kind is FileKind.Csv or FileKind.Tsv or FileKind.Parquet;

    /// <summary>Where the labels of an IDX file of images are by convention: <c>train-images-idx3-ubyte.gz</c> has <c>train-labels-idx1-ubyte.gz</c>.</summary>
    public static string LabelsOf(string images)
    {
        var slash = images.LastIndexOf('/') + 1;
        return images[..slash] + images[slash..].Replace("images", "labels", StringComparison.Ordinal).Replace("idx3", "idx1", StringComparison.Ordinal);
    }

    // As MNIST names its files, with '.' for '-' as some unpackers do; and plainly .idx.
    [GeneratedRegex(@"([-.]idx\d[-.]ubyte|\.idx\d?)$", RegexOptions.IgnoreCase)]
    private static partial Regex IdxName();
}
