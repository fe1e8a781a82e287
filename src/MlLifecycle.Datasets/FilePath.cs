using MlLifecycle.ServiceDefaults.Decisions;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Datasets;

/// <summary>
/// Paths of files within a dataset. They are names, never places on a disk: objects are stored under their digest. The rules keep them safe to
/// unpack anywhere and the manifest one file per line.
/// </summary>
public static class FilePath
{
    public const int MaxLength = 1024;

    /// <summary>What is wrong with a path, or null.</summary>
    public static Refusal? Check(string? path)
    {
        if (string.IsNullOrEmpty(path))
            return InvalidInput("path", "must not be empty.");
        if (path.Length > MaxLength)
            return InvalidInput("path", $"must have at most {MaxLength} characters; it has {path.Length}.");
        if (path[0] == '/')
            return InvalidInput("path", "must be relative; it begins with '/'.");
        if (path.Contains('\\', StringComparison.Ordinal))
            return InvalidInput("path", "must separate folders with '/', not '\\'.");
        if (path.Any(char.IsControl))
            return InvalidInput("path", "must not contain control characters.");
        if (HasLoneSurrogate(path))
            return InvalidInput("path", "must be well-formed Unicode.");
        foreach (var segment in path.AsSpan().Split('/'))
        {
            switch (path.AsSpan()[segment])
            {
                case "":
                    return InvalidInput("path", "must not contain an empty folder or file name ('//' or a '/' at its end).");
                case "." or "..":
                    return InvalidInput("path", "must not contain '.' or '..' as a folder or file name.");
                default:
                    continue;
            }
        }

        return null;
    }

    /// <summary>
    /// The path a request addresses, checked as the caller wrote it: the server resolves dot segments before it routes, so that they, and
    /// slashes hidden behind percent signs, can only be seen in the raw target.
    /// </summary>
    public static Refusal? Check(string? routed, string? rawTarget)
    {
        var raw = (rawTarget ?? "").AsSpan();
        raw = raw[..(raw.IndexOf('?') is >= 0 and var query ? query : raw.Length)];
        foreach (var segment in raw.Split('/'))
        {
            var written = Uri.UnescapeDataString(raw[segment]);
            if (written is "." or "..")
                return InvalidInput("path", "must not contain '.' or '..' as a folder or file name.");
            if (written.Contains('/', StringComparison.Ordinal))
                return InvalidInput("path", "must write the '/' between folders as it is, not as %2F.");
        }

        return Check(routed);
    }

    /// <summary>The order of manifests: by Unicode code point, which is the order of the UTF-8 bytes.</summary>
    public static int Compare(string a, string b)
    {
        var shared = a.AsSpan().CommonPrefixLength(b);
        if (shared == a.Length || shared == b.Length)
            return a.Length - b.Length;
        var (x, y) = (a[shared], b[shared]);
        // UTF-16 sorts surrogates, which stand for the highest code points, below U+E000 to U+FFFF.
        return char.IsSurrogate(x) == char.IsSurrogate(y) ? x - y : char.IsSurrogate(x) ? 1 : -1;
    }

    private static bool HasLoneSurrogate(string path)
    {
        for (var i = 0; i < path.Length; i++)
        {
            if (!char.IsSurrogate(path[i]))
                continue;
            if (i + 1 == path.Length || !char.IsSurrogatePair(path[i], path[i + 1]))
                return true;
            i++;
        }

        return false;
    }
}
