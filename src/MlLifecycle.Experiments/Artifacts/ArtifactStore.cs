using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Files;

namespace MlLifecycle.Experiments.Artifacts;

/// <summary>A file or directory among artifacts.</summary>
/// <param name="Path">As the listing names it.</param>
/// <param name="IsDir">A directory.</param>
/// <param name="FileSize">In bytes, of a file.</param>
internal sealed record ArtifactInfo(string Path, bool IsDir, long? FileSize);

/// <summary>Artifacts as files on disk, each project's under a directory of its own. A file appears whole or not at all.</summary>
internal sealed class ArtifactStore(IConfiguration configuration)
{
    private const int Piece = 256 << 10;
    private const int FlushAfter = 4 << 20;

    private const string Scheme = "mlflow-artifacts:";
    private readonly string _root = RootOf(configuration);

    /// <summary>This service's own directory.</summary>
    public static string RootOf(IConfiguration configuration) => Path.GetFullPath(
        configuration["Storage:Path"] ?? throw new InvalidOperationException("Storage:Path is missing: set Storage__Path to the directory for this service's files."));

    /// <summary>The path, relative to the project's artifacts, behind a location; null when it is on another storage.</summary>
    /// <param name="location">A URI, as in <c>mlflow-artifacts:/1/…/artifacts</c>.</param>
    public static string? PathOf(string location)
    {
        if (!location.StartsWith(Scheme, StringComparison.Ordinal))
            return null;
        var rest = location[Scheme.Length..];
        if (rest.StartsWith("//", StringComparison.Ordinal))
            rest = rest[2..].IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? rest[(2 + slash)..] : "";
        return rest.Trim('/');
    }

    /// <summary>A place within a location; what the location asks of its server stays at the end.</summary>
    /// <param name="location">As in <c>mlflow-artifacts:/1</c> or <c>s3://bucket/path?endpoint=here</c>.</param>
    /// <param name="path">Relative to it.</param>
    public static string Under(string location, string path) => location.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query
        ? $"{location[..query].TrimEnd('/')}/{path}{location[query..]}"
        : $"{location}/{path}";

    /// <summary>Whether a path stays where it belongs, however it is encoded.</summary>
    /// <param name="path">A path with forward slashes, relative to the project's artifacts.</param>
    public static Refusal? Check(string path)
    {
        var decoded = path;
        for (var round = 0; round < 5; round++)
        {
            var next = Uri.UnescapeDataString(decoded);
            if (next == decoded)
                break;
            decoded = next;
        }

        var safe = path.Length <= 4000
            && decoded.Count(c => c == '/') == path.Count(c => c == '/')
            && !decoded.Any(c => c is '\\' or '\0')
            // Other control characters not in the decoded name: clients put images under names such as loss%step%1%timestamp%17….
            && !path.Any(char.IsControl)
            && decoded.Split('/').All(part => part is not ("" or "." or "..") && part.Length <= 255)
            && !(decoded is [_, ':', '/', ..] && char.IsAsciiLetter(decoded[0]));
        // In the original's own words: clients and checks compare the whole message.
        return safe ? null : Mlflow.Invalid("Invalid path");
    }

    /// <summary>A path to list: <c>.</c> stays where it is, as clients that download all of a run say it.</summary>
    /// <param name="path">As sent; may be empty or null.</param>
    public static string ListedAs(string? path) => string.Join('/', (path ?? "").TrimEnd('/').Split('/').Where(part => part != "."));

    /// <summary>What a directory holds, by name; nothing when there is no such directory.</summary>
    public IReadOnlyList<ArtifactInfo> List(Guid project, string path)
    {
        var directory = new DirectoryInfo(Full(project, path));
        if (!directory.Exists)
            return [];
        return
        [
            .. directory.EnumerateFileSystemInfos()
                .OrderBy(entry => entry.Name, StringComparer.Ordinal)
                .Select(entry => new ArtifactInfo(entry.Name, entry is DirectoryInfo, (entry as FileInfo)?.Length)),
        ];
    }

    public FileInfo? Find(Guid project, string path) => new FileInfo(Full(project, path)) is { Exists: true } file ? file : null;

    /// <summary>Stores what a request brings. An upload that is cut off leaves nothing behind.</summary>
    /// <param name="project">The project.</param>
    /// <param name="path">Where in it; checked.</param>
    /// <param name="content">What the request brings.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="ifEmpty">The answer to an empty file; null when it may be one.</param>
    public async Task<Refusal?> Put(Guid project, string path, PipeReader content, CancellationToken cancellation, Refusal? ifEmpty = null)
    {
        var temporary = NewFile();
        try
        {
            var size = await Receive(content, temporary, null, cancellation);
            return size == 0 && ifEmpty is not null ? ifEmpty : Publish(project, path, temporary);
        }
        catch (InvalidDataException garbled)
        {
            return Sent.Garbled(garbled);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>The name of a new file beside the artifacts, on the same disk.</summary>
    public string NewFile()
    {
        var incoming = Path.Combine(_root, "incoming");
        Directory.CreateDirectory(incoming);
        return Path.Combine(incoming, Guid.CreateVersion7().ToString("N", CultureInfo.InvariantCulture));
    }

    /// <summary>Writes all that a request brings to a new file and to the disk, which works at what has come while more is on its way.</summary>
    /// <param name="content">What comes.</param>
    /// <param name="name">The file's.</param>
    /// <param name="digest">Takes the bytes too, when given.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many bytes that were.</returns>
    public static async Task<long> Receive(PipeReader content, string name, IncrementalHash? digest, CancellationToken cancellation)
    {
        using var file = File.OpenHandle(name, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
        var flushing = Task.CompletedTask;
        var (written, flushed, last) = (0L, 0L, false);
        try
        {
            while (!last)
            {
                var come = await content.ReadAtLeastAsync(Piece, cancellation);
                last = come.IsCompleted;
                try
                {
                    var pieces = new List<ReadOnlyMemory<byte>>();
                    foreach (var piece in come.Buffer)
                    {
                        digest?.AppendData(piece.Span);
                        pieces.Add(piece);
                    }

                    await RandomAccess.WriteAsync(file, pieces, written, cancellation);
                    written += come.Buffer.Length;
                }
                finally
                {
                    content.AdvanceTo(come.Buffer.End); // also when the disk is full: the server reads the rest
                }

                if (written - flushed < FlushAfter || !flushing.IsCompleted)
                    continue;
                await flushing;
                flushed = written;
                flushing = Task.Run(() => RandomAccess.FlushToDisk(file), CancellationToken.None);
            }
        }
        finally
        {
            await flushing;
        }

        RandomAccess.FlushToDisk(file);
        return written;
    }

    /// <summary>Puts a file that is complete in its place among the artifacts.</summary>
    public Refusal? Publish(Guid project, string path, string complete)
    {
        var target = Full(project, path);
        if (Directory.Exists(target))
            return Mlflow.Invalid($"Invalid path: {Mlflow.Quoted(path)} is a directory.");
        var directory = Path.GetDirectoryName(target)!;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Durable.CreateDirectory(directory);
                Durable.Move(complete, target, overwrite: true);
                return null;
            }
            catch (IOException) when (IsBelowAFile(project, path))
            {
                return Mlflow.Invalid($"Invalid path: {Mlflow.Quoted(path)} goes through a file.");
            }
            catch (IOException gone) when (attempt < 20 && gone is (DirectoryNotFoundException or FileNotFoundException))
            {
                // The directory was deleted at this moment. The file was in it already and went with it, or makes it anew.
                if (!File.Exists(complete))
                    return null;
            }
        }
    }

    /// <summary>Deletes a file, or a directory with all in it; nothing when there is neither.</summary>
    public void Delete(Guid project, string path)
    {
        var (target, aside) = (Full(project, path), NewFile());
        try
        {
            // Out of the way at once: nobody writes into what is being deleted, or lists half of it.
            if (File.Exists(target))
                File.Delete(target);
            else
                Directory.Move(target, aside);
        }
        catch (DirectoryNotFoundException)
        {
            return;
        }

        for (var attempt = 1; Directory.Exists(aside); attempt++)
        {
            try
            {
                Directory.Delete(aside, recursive: true);
            }
            catch (IOException) when (attempt < 20)
            {
                // A file that was on its way into it has arrived after all.
            }
        }
    }

    /// <summary>The directories in a directory that have not changed since a moment.</summary>
    public IReadOnlyList<string> Directories(Guid project, string path, DateTimeOffset before)
    {
        var directory = new DirectoryInfo(Full(project, path));
        return directory.Exists
            ? [.. directory.EnumerateDirectories().Where(d => path.Length == 0 || d.LastWriteTimeUtc < before.UtcDateTime).Select(d => d.Name).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>How many bytes a directory holds, with all in it.</summary>
    public long Size(Guid project, string path)
    {
        var directory = new DirectoryInfo(Full(project, path));
        return directory.Exists ? directory.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length) : 0;
    }

    private bool IsBelowAFile(Guid project, string path)
    {
        var parts = path.Split('/');
        return Enumerable.Range(1, parts.Length - 1).Any(i => File.Exists(Full(project, string.Join('/', parts[..i]))));
    }

    private string Full(Guid project, string path)
    {
        var root = Path.Combine(_root, "artifacts", project.ToString("N", CultureInfo.InvariantCulture));
        var full = path.Length == 0 ? root : Path.GetFullPath(Path.Combine(root, path));
        return path.Length == 0 || full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? full
            : throw new InvalidOperationException("A path that was checked leads out of its project.");
    }
}
