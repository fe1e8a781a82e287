using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Files;

namespace MlLifecycle.Experiments.Artifacts;

/// <summary>A part of a large file, as the one who completes it names it.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Tag">What the upload of the part was answered with.</param>
internal sealed record UploadedPart(int Number, string Tag);

/// <summary>
/// Large files in parts: each part is a file of its own until all are there, may be sent in any order, side by side, and again; then they become one
/// artifact. What nobody completes or aborts is cleared away.
/// </summary>
internal sealed class Uploads(IConfiguration configuration, ArtifactStore store, TimeProvider clock)
{
    /// <summary>Under which parts are sent.</summary>
    public const string PartsRoot = "/mlflow-uploads";

    public const int MostParts = 10_000;

    private const string About = "about.json";
    private const string Done = "done";

    private readonly string _root = Path.Combine(ArtifactStore.RootOf(configuration), "uploads");

    // So that an instance accepts what another one handed out: the key is in the directory they share.
    private readonly Lazy<byte[]> _key = new(() => KeyFile.Read(Path.Combine(ArtifactStore.RootOf(configuration), "uploads.key")));

    public Guid Begin(Guid project, string path, int parts)
    {
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        Directory.CreateDirectory(Of(id));
        File.WriteAllText(Path.Combine(Of(id), About), JsonSerializer.Serialize(new Upload(project, path, parts)));
        return id;
    }

    /// <summary>What lets its holder send one part of one upload.</summary>
    public string KeyTo(Guid upload, int part) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(_key.Value, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{upload:N}/{part}")))[..16]);

    public bool Opens(string key, Guid upload, int part) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(KeyTo(upload, part)), Encoding.UTF8.GetBytes(key));

    /// <summary>Stores a part; a part that is cut off leaves nothing behind, one sent again replaces the first.</summary>
    /// <returns>Its tag; null when there is no such upload, or it is over.</returns>
    public async Task<string?> Put(Guid upload, int part, PipeReader content, CancellationToken cancellation)
    {
        if (!IsOpen(upload))
            return null;
        var temporary = store.NewFile();
        try
        {
            using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await ArtifactStore.Receive(content, temporary, digest, cancellation);
            var tag = Convert.ToHexStringLower(digest.GetHashAndReset().AsSpan(0, 16));
            if (!IsOpen(upload))
                return null;
            Durable.Move(temporary, Part(upload, part, tag), overwrite: true);
            foreach (var earlier in Directory.GetFiles(Of(upload), $"{part:D5}-*").Where(file => file != Part(upload, part, tag)))
                File.Delete(earlier);
            return tag;
        }
        catch (DirectoryNotFoundException)
        {
            return null; // aborted at this very moment
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Joins the parts into the artifact. Completed once more, it is complete.</summary>
    public async Task<Refusal?> Complete(Guid project, string path, Guid id, IReadOnlyList<UploadedPart> parts, CancellationToken cancellation)
    {
        if (Find(project, path, id) is not { } upload)
            return Unknown(id);
        if (File.Exists(Path.Combine(Of(id), Done)))
            return null;
        if (parts.Count != upload.Parts || parts.Where((part, i) => part.Number != i + 1).Any())
            return Mlflow.Invalid($"The upload was begun with {upload.Parts} parts: complete it with parts 1 to {upload.Parts}, in order.");
        if (parts.FirstOrDefault(part => !File.Exists(Part(id, part.Number, part.Tag))) is { } missing)
            return Mlflow.Invalid($"Part {missing.Number} with etag {Mlflow.Quoted(missing.Tag)} has not arrived. Send it (again), then complete the upload.");
        var temporary = store.NewFile();
        try
        {
            await using (var whole = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous))
            {
                foreach (var part in parts)
                {
                    await using var file = new FileStream(Part(id, part.Number, part.Tag), FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
                    await file.CopyToAsync(whole, 1024 * 1024, cancellation);
                }

                whole.Flush(flushToDisk: true);
            }

            if (store.Publish(project, path, temporary) is { } refusal)
                return refusal;
        }
        finally
        {
            File.Delete(temporary);
        }

        await File.WriteAllTextAsync(Path.Combine(Of(id), Done), "", CancellationToken.None);
        foreach (var part in parts)
            File.Delete(Part(id, part.Number, part.Tag));
        return null;
    }

    public Refusal? Abort(Guid project, string path, Guid id)
    {
        if (Find(project, path, id) is null)
            return Unknown(id);
        Directory.Delete(Of(id), recursive: true);
        return null;
    }

    /// <summary>Clears away what has not moved since a moment.</summary>
    /// <returns>How many uploads and files that were.</returns>
    public int Sweep(DateTimeOffset before)
    {
        var swept = 0;
        foreach (var upload in Entries(_root).Where(entry => entry is DirectoryInfo && entry.LastWriteTimeUtc < before.UtcDateTime))
        {
            Directory.Delete(upload.FullName, recursive: true);
            swept++;
        }

        foreach (var left in Entries(Path.GetDirectoryName(store.NewFile())!).Where(entry => entry.LastWriteTimeUtc < before.UtcDateTime))
        {
            if (left is DirectoryInfo directory)
                directory.Delete(recursive: true); // its deletion was cut off
            else
                left.Delete();
            swept++;
        }

        return swept;
    }

    private static FileSystemInfo[] Entries(string directory) => Directory.Exists(directory) ? new DirectoryInfo(directory).GetFileSystemInfos() : [];

    private static Refusal Unknown(Guid id) => Mlflow.Unknown($"There is no upload with id={id:N} for this path.");

    private bool IsOpen(Guid upload) => File.Exists(Path.Combine(Of(upload), About)) && !File.Exists(Path.Combine(Of(upload), Done));

    private Upload? Find(Guid project, string path, Guid id)
    {
        var about = Path.Combine(Of(id), About);
        return File.Exists(about) && JsonSerializer.Deserialize<Upload>(File.ReadAllText(about)) is { } upload && upload.Project == project && upload.Path == path ? upload : null;
    }

    private string Of(Guid upload) => Path.Combine(_root, upload.ToString("N", CultureInfo.InvariantCulture));

    // A tag is text from outside: only what looks like one names a file.
    private string Part(Guid upload, int part, string tag) => Path.Combine(Of(upload), $"{part:D5}-{(tag.Length == 32 && tag.All(char.IsAsciiHexDigitLower) ? tag : "none")}");

    private sealed record Upload(Guid Project, string Path, int Parts);
}

/// <summary>Clears abandoned uploads away, once an hour.</summary>
internal sealed class UploadSweeper(Uploads uploads, TimeProvider clock, ILogger<UploadSweeper> log) : BackgroundService
{
    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromHours(1), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
                return;
            try
            {
                if (uploads.Sweep(clock.GetUtcNow() - Abandoned) is > 0 and var swept)
                    log.LogInformation("Cleared away {Count} abandoned uploads", swept);
            }
            catch (IOException problem)
            {
                log.LogWarning("Abandoned uploads could not be cleared away and will be next time: {Problem}", problem.Message);
            }
        }
    }
}
