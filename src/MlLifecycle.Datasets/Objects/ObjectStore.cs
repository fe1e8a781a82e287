using MlLifecycle.ServiceDefaults.Files;

namespace MlLifecycle.Datasets.Objects;

/// <summary>Content that is on disk for good.</summary>
/// <param name="Digest">Its SHA-256, which is its name.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Deduplicated">Whether it was there before.</param>
public sealed record StoredObject(string Digest, long Bytes, bool Deduplicated);

/// <summary>
/// Every content once, under its digest: <c>objects/ab/cdef…</c>. An object appears whole and on disk, by one rename, or not at all, and never
/// changes afterwards. What is being written lies in <c>incoming/</c>.
/// </summary>
public sealed class ObjectStore
{
    private readonly string _objects;
    private readonly string _incoming;

    public ObjectStore(string root)
    {
        Root = Path.GetFullPath(root);
        _objects = Directory.CreateDirectory(Path.Combine(Root, "objects")).FullName;
        _incoming = Directory.CreateDirectory(Path.Combine(Root, "incoming")).FullName;
    }

    /// <summary>Where the store lives.</summary>
    public string Root { get; }

    /// <summary>Where the object of this digest lies, whether or not it is there.</summary>
    public string PathOf(string digest) => Digest.IsOne(digest)
        ? Path.Combine(_objects, digest[..2], digest[2..])
        : throw new ArgumentException($"'{digest}' is not a digest.", nameof(digest));

    public bool Holds(string digest) => File.Exists(PathOf(digest));

    /// <summary>Reads an object from its start.</summary>
    public FileStream Open(string digest) => new(PathOf(digest), new FileStreamOptions { BufferSize = 1 << 16, Options = FileOptions.SequentialScan });

    /// <summary>Begins an object whose digest is not known yet. Unless it is kept, disposing it leaves nothing behind.</summary>
    public ObjectStream Begin() => new(this, Path.Combine(_incoming, Guid.CreateVersion7().ToString("N")));

    /// <summary>Removes what writers left behind that died with their process.</summary>
    /// <param name="before">Older than any upload that can still be running.</param>
    public int Sweep(DateTimeOffset before)
    {
        var stale = Directory.EnumerateFiles(_incoming).Where(file => File.GetLastWriteTimeUtc(file) < before.UtcDateTime).ToList();
        stale.ForEach(File.Delete);
        return stale.Count;
    }

    internal StoredObject Keep(FileStream incoming, string digest, long bytes)
    {
        var target = PathOf(digest);
        // Another length under this name is a damaged object: good content mends it.
        if (new FileInfo(target) is { Exists: true } present && present.Length == bytes)
        {
            incoming.Dispose();
            File.Delete(incoming.Name);
            return new(digest, bytes, true);
        }

        incoming.Flush(flushToDisk: true);
        incoming.Dispose();
        Durable.CreateDirectory(Path.GetDirectoryName(target)!);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(incoming.Name, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Durable.Move(incoming.Name, target, overwrite: true);
        return new(digest, bytes, false);
    }
}
