using System.Globalization;
using System.Text;
using MlLifecycle.Datasets.Objects;

namespace MlLifecycle.Datasets.Versions;

/// <summary>One file of a version.</summary>
public sealed record ManifestEntry(string Path, string Digest, long Bytes);

/// <summary>
/// The files of a version, as text: one line <c>digest bytes path</c> per file, in the order of the paths' UTF-8 bytes. The same files always
/// give the same text, so its digest names the version.
/// </summary>
public static class Manifest
{
    // digest, blank, 19 digits, blank, 1024 characters of at most three bytes each, newline
    private const int LongestLine = Digest.Length + 22 + (FilePath.MaxLength * 3);

    /// <summary>Writes entries, which must come in order, and keeps the manifest in the store.</summary>
    public static async Task<WrittenManifest> Write(ObjectStore store, IAsyncEnumerable<ManifestEntry> entries, CancellationToken ct)
    {
        await using var writer = store.Begin();
        var (files, bytes) = (0L, 0L);
        await using (var text = new StreamWriter(writer, new UTF8Encoding(false), 1 << 16, leaveOpen: true))
        {
            string? last = null;
            await foreach (var entry in entries.WithCancellation(ct))
            {
                if (last is not null && FilePath.Compare(last, entry.Path) >= 0)
                    throw new InvalidOperationException($"A manifest must be in order; '{entry.Path}' follows '{last}'.");
                last = entry.Path;
                text.Write(entry.Digest);
                text.Write(' ');
                text.Write(entry.Bytes.ToString(CultureInfo.InvariantCulture));
                text.Write(' ');
                text.Write(entry.Path);
                text.Write('\n');
                files++;
                bytes += entry.Bytes;
            }
        }

        return new(writer.Keep().Digest, files, bytes);
    }

    /// <summary>Reads a manifest from the first path behind another.</summary>
    /// <param name="store">Where it is kept.</param>
    /// <param name="manifest">Its digest; null reads as empty.</param>
    /// <param name="after">Where to go on; null begins at the start.</param>
    public static IEnumerable<ManifestEntry> Read(ObjectStore store, string? manifest, string? after = null)
    {
        if (manifest is null)
            yield break;
        using var file = store.Open(manifest);
        if (after is not null)
            file.Position = LowerBound(file, after);
        using var text = new StreamReader(file, new UTF8Encoding(false), false, 1 << 16);
        while (text.ReadLine() is { } line)
        {
            var entry = Parse(line);
            if (after is not null && entry.Path == after)
                continue;
            yield return entry;
        }
    }

    /// <summary>One file of a manifest, found by bisection: reading a file of a large version does not read its manifest.</summary>
    public static ManifestEntry? Find(ObjectStore store, string? manifest, string path)
    {
        if (manifest is null)
            return null;
        using var file = new FileStream(store.PathOf(manifest), new FileStreamOptions { BufferSize = 0 });
        var start = LowerBound(file, path);
        return start < file.Length && LineAt(file, start).Entry is var entry && entry.Path == path ? entry : null;
    }

    // The offset of the first line whose path is not before the given one.
    private static long LowerBound(FileStream file, string path)
    {
        var (low, high) = (0L, file.Length);
        while (low < high)
        {
            var start = LineStart(file, low + ((high - low) / 2));
            var (entry, next) = LineAt(file, start);
            if (FilePath.Compare(entry.Path, path) < 0)
                low = next;
            else
                high = start;
        }

        return low;
    }

    private static long LineStart(FileStream file, long offset)
    {
        Span<byte> before = stackalloc byte[LongestLine];
        var from = Math.Max(0, offset - LongestLine);
        var read = RandomAccess.Read(file.SafeFileHandle, before[..(int)(offset - from)], from);
        return from + before[..read].LastIndexOf((byte)'\n') + 1;
    }

    private static (ManifestEntry Entry, long Next) LineAt(FileStream file, long start)
    {
        Span<byte> line = stackalloc byte[LongestLine];
        var length = line[..RandomAccess.Read(file.SafeFileHandle, line, start)].IndexOf((byte)'\n');
        if (length < 0)
            throw new InvalidDataException($"The manifest {Path.GetFileName(file.Name)} is damaged at byte {start}.");
        return (Parse(Encoding.UTF8.GetString(line[..length])), start + length + 1);
    }

    private static ManifestEntry Parse(string line)
    {
        var blank = line.Length > Digest.Length + 1 ? line.IndexOf(' ', Digest.Length + 1) : -1;
        return blank > 0 && long.TryParse(line.AsSpan(Digest.Length + 1, blank - Digest.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? new(line[(blank + 1)..], line[..Digest.Length], bytes)
            : throw new InvalidDataException($"'{line}' is not a line of a manifest.");
    }
}

/// <summary>A manifest that is in the store.</summary>
public sealed record WrittenManifest(string Digest, long Files, long Bytes);
