using System.Security.Cryptography;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Files;

namespace MlLifecycle.ErrorAnalysis.Tables;

/// <summary>How a table is written.</summary>
public enum TableFormat
{
    Csv,
    Ndjson,
    Parquet,
}

/// <summary>A table as it was sent, on disk in a directory of its own, which goes when this is disposed.</summary>
/// <param name="Directory">Where it lies, and where work on it may leave files.</param>
/// <param name="Digest">SHA-256 of its bytes, lower-case hex.</param>
/// <param name="Bytes">Its size.</param>
public sealed record Upload(string Directory, string Digest, long Bytes) : IDisposable
{
    public string File => Path.Combine(Directory, "upload");

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}

/// <summary>How much one upload may take, from the configuration section <c>Tables</c>.</summary>
public sealed class TableLimits
{
    /// <summary>The largest upload, in bytes.</summary>
    public long MaxBytes { get; init; } = 4L << 30;

    /// <summary>The most rows; a small Parquet file can unfold into any number.</summary>
    public long MaxRows { get; init; } = 20_000_000;

    /// <summary>What aggregating one table may take before it spills to disk, in MiB.</summary>
    public int MemoryMiB { get; init; } = 256;

    /// <summary>Tables that are worked on at the same time; further uploads wait, received but unread.</summary>
    public int AtOnce { get; init; } = 2;
}

/// <summary>The tables on disk: <c>incoming</c> while they are received and read, <c>tables</c> once kept, named by digest.</summary>
public sealed class TableStore
{
    public const string PathKey = "Storage:Path";

    private readonly string _incoming;
    private readonly string _tables;

    public TableStore(IConfiguration configuration, TimeProvider clock)
    {
        var root = configuration[PathKey]
            ?? throw new InvalidOperationException($"{PathKey} is missing: set Storage__Path to a directory of this service's own.");
        Limits = configuration.GetSection("Tables").Get<TableLimits>() ?? new();
        _incoming = Path.Combine(Path.GetFullPath(root), "incoming");
        _tables = Path.Combine(Path.GetFullPath(root), "tables");
        Directory.CreateDirectory(_incoming);
        Directory.CreateDirectory(_tables);
        RemoveLeftovers(clock.GetUtcNow().AddHours(-6));
    }

    public TableLimits Limits { get; }

    /// <summary>Streams a body to disk. Whatever goes wrong on the way, nothing of it stays.</summary>
    public async Task<(Upload? Upload, Refusal? Refusal)> Receive(Stream body, CancellationToken ct)
    {
        var directory = Directory.CreateDirectory(Path.Combine(_incoming, Guid.CreateVersion7().ToString("N"))).FullName;
        try
        {
            using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[128 * 1024];
            long bytes = 0;
            await using (var file = new FileStream(Path.Combine(directory, "upload"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous))
            {
                while (await body.ReadAsync(buffer, ct) is > 0 and var read)
                {
                    bytes += read;
                    if (bytes > Limits.MaxBytes)
                        break;
                    digest.AppendData(buffer, 0, read);
                    await file.WriteAsync(buffer.AsMemory(0, read), ct);
                }
            }

            if (bytes > 0 && bytes <= Limits.MaxBytes)
                return (new(directory, Convert.ToHexStringLower(digest.GetHashAndReset()), bytes), null);
            Directory.Delete(directory, recursive: true);
            return (null, bytes == 0
                ? Decision.InvalidInput("body", "is empty: send the table as the request's body.")
                : new(413, "too-large", $"A table may have at most {Limits.MaxBytes} bytes. Leave out columns that are neither label, prediction, score nor tag, or send Parquet."));
        }
        catch
        {
            Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    /// <summary>Keeps a finished file under its digest. The same content again is the same file.</summary>
    /// <returns>The digest: SHA-256, lower-case hex.</returns>
    public string Keep(string file)
    {
        string digest;
        using (var content = new FileStream(file, FileMode.Open, FileAccess.ReadWrite))
        {
            digest = Convert.ToHexStringLower(SHA256.HashData(content));
            content.Flush(flushToDisk: true);
        }

        var place = Place(digest);
        Durable.CreateDirectory(Path.GetDirectoryName(place)!);
        Durable.Move(file, place, overwrite: true);
        return digest;
    }

    /// <summary>Where the table of that digest lies.</summary>
    public string Place(string digest) => Path.Combine(_tables, digest[..2], $"{digest}.parquet");

    // A process that was killed leaves its uploads behind; those of another live instance are younger than this.
    private void RemoveLeftovers(DateTimeOffset before)
    {
        foreach (var directory in new DirectoryInfo(_incoming).EnumerateDirectories().Where(d => d.LastWriteTimeUtc < before))
            directory.Delete(recursive: true);
    }
}
