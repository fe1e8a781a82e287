using System.Security.Cryptography;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Monitoring.Predictions;

/// <summary>How a table is written.</summary>
public enum TableFormat
{
    Csv,
    Ndjson,
    Parquet,

    /// <summary>Grey images in the format of MNIST, plain or in gzip.</summary>
    Idx,
}

public static class TableFormats
{
    public static TableFormat? OfMedia(string? media) => media switch
    {
        "text/csv" or "application/csv" or "text/tab-separated-values" => TableFormat.Csv,
        "application/x-ndjson" or "application/ndjson" or "application/jsonl" or "application/x-jsonlines" => TableFormat.Ndjson,
        "application/vnd.apache.parquet" or "application/x-parquet" => TableFormat.Parquet,
        _ => null,
    };

    public static TableFormat? OfPath(string path)
    {
        var name = Path.GetFileName(path).ToLowerInvariant();
        if (name.EndsWith(".csv", StringComparison.Ordinal) || name.EndsWith(".tsv", StringComparison.Ordinal))
            return TableFormat.Csv;
        if (name.EndsWith(".ndjson", StringComparison.Ordinal) || name.EndsWith(".jsonl", StringComparison.Ordinal))
            return TableFormat.Ndjson;
        if (name.EndsWith(".parquet", StringComparison.Ordinal))
            return TableFormat.Parquet;
        var plain = name.EndsWith(".gz", StringComparison.Ordinal) ? name[..^3] : name;
        return plain.EndsWith("idx3-ubyte", StringComparison.Ordinal) || plain.EndsWith("idx3.ubyte", StringComparison.Ordinal)
            || plain.EndsWith(".idx3", StringComparison.Ordinal) || plain.EndsWith(".idx", StringComparison.Ordinal)
            ? TableFormat.Idx
            : null;
    }
}

/// <summary>A body as it was received, on disk until this is disposed.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Digest">SHA-256 of its bytes, lower-case hex.</param>
/// <param name="Bytes">Its size.</param>
public sealed record Spooled(string Path, string Digest, long Bytes) : IDisposable
{
    public void Dispose() => File.Delete(Path);
}

/// <summary>
/// Takes bodies to disk before anything is done with them: one that breaks off leaves no trace, and no more of it is in memory than a buffer.
/// The largest one is set by <c>Uploads:MaxBytes</c>.
/// </summary>
public sealed class Spool
{
    private const int Buffer = 128 * 1024;
    private readonly string _directory;
    private readonly long _most;

    public Spool(IConfiguration configuration, TimeProvider clock)
    {
        var root = configuration["Storage:Path"]
            ?? throw new InvalidOperationException("Storage:Path is missing: set Storage__Path to a directory of this service's own.");
        _most = configuration.GetValue("Uploads:MaxBytes", 4L << 30);
        _directory = Directory.CreateDirectory(Path.Combine(Path.GetFullPath(root), "incoming")).FullName;
        // A process that was killed leaves its uploads behind; those of another live instance are younger than this.
        foreach (var left in new DirectoryInfo(_directory).EnumerateFiles().Where(f => f.LastWriteTimeUtc < clock.GetUtcNow().AddHours(-6).UtcDateTime))
            left.Delete();
    }

    public async Task<(Spooled? File, Refusal? Refusal)> Receive(Stream body, CancellationToken ct)
    {
        var path = Path.Combine(_directory, Guid.CreateVersion7().ToString("N"));
        try
        {
            using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[Buffer];
            long bytes = 0;
            await using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous))
            {
                while (bytes <= _most && await body.ReadAsync(buffer, ct) is > 0 and var read)
                {
                    bytes += read;
                    digest.AppendData(buffer, 0, read);
                    await file.WriteAsync(buffer.AsMemory(0, read), ct);
                }
            }

            if (bytes > 0 && bytes <= _most)
                return (new(path, Convert.ToHexStringLower(digest.GetHashAndReset()), bytes), null);
            File.Delete(path);
            return (null, bytes == 0
                ? Decision.InvalidInput("body", "is empty: send the rows as the request's body.")
                : new(413, "too-large", $"One upload may have at most {_most} bytes. Send several."));
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }
}
