using System.Net.Http.Headers;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>Copies the files of a run or a logged model, as they stream in. Those that the copy has already, in the same size, are left alone.</summary>
internal sealed class CopyArtifacts(ImportReport report)
{
    private const int Buffer = 128 * 1024;

    /// <summary>Copies them all.</summary>
    /// <param name="from">Where they are.</param>
    /// <param name="to">Where they go.</param>
    /// <param name="empty">Whether none can be there yet.</param>
    /// <param name="stop">Stops it.</param>
    /// <returns>Whether nothing is missing.</returns>
    public async Task<bool> All(FileTree from, FileTree to, bool empty, CancellationToken stop)
    {
        var whole = true;
        var directories = new Queue<string>([""]);
        while (directories.TryDequeue(out var directory))
        {
            List<ArtifactEntry> entries;
            try
            {
                entries = await from.List(directory, stop);
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
            {
                whole = false;
                report.Failed("artifacts", $"{from.Name}: /{directory}", refused.Message);
                continue;
            }

            if (entries.Count == 0)
                continue;
            var there = empty ? [] : (await to.List(directory, stop)).Where(e => !e.IsDirectory).ToDictionary(e => e.Path, e => e.Size, StringComparer.Ordinal);
            foreach (var entry in entries)
            {
                // A listing that leads back to itself would have no end.
                if (entry.IsDirectory && entry.Path.Length > directory.Length && entry.Path.StartsWith(directory, StringComparison.Ordinal))
                    directories.Enqueue(entry.Path);
                else if (entry.IsDirectory)
                    continue;
                else if (entry.Size is { } size && there.TryGetValue(entry.Path, out var present) && present == size)
                    report.Already("artifacts");
                else
                    whole &= await File(from, to, entry, stop);
            }
        }

        return whole;
    }

    /// <summary>Writes what a server gives into a place at another one.</summary>
    /// <param name="open">Opens it.</param>
    /// <param name="size">How large it is said to be; null when that is not known.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="place">Its path there.</param>
    /// <param name="stop">Stops it.</param>
    /// <returns>How many bytes it had.</returns>
    public static Task<long> Stream(Func<Task<HttpResponseMessage>> open, long? size, Server target, string place, CancellationToken stop) => target.Retrying(
        async () =>
        {
            using var from = await open();
            await using var bytes = new CountedStream(await from.Content.ReadAsStreamAsync(stop));
            using var content = new StreamContent(bytes, Buffer) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream"), ContentLength = from.Content.Headers.ContentLength } };
            try
            {
                await target.Put(place, content, stop);
            }
            catch (CommandException) when (bytes.Failure is { } broken)
            {
                throw new CommandException($"The MLflow server broke off after {bytes.Count} bytes ({broken.Message.TrimEnd('.')}).", ExitCode.Unreachable);
            }

            return bytes.Count >= (size ?? 0)
                ? bytes.Count
                : throw new CommandException($"The MLflow server gave only {bytes.Count} of {size} bytes.", ExitCode.Unreachable);
        },
        stop);

    private async Task<bool> File(FileTree from, FileTree to, ArtifactEntry entry, CancellationToken stop)
    {
        try
        {
            if (to.Place(entry.Path) is not { } place)
            {
                report.Failed("artifact", $"{from.Name}: {entry.Path}", $"The project keeps the artifacts of this experiment elsewhere: {to.Root}.");
                return false;
            }

            var bytes = await Stream(() => from.Open(entry.Path, stop), entry.Size, to.Server.Server, place, stop);
            report.Copied("artifacts");
            report.Copied("artifact bytes", bytes);
            return true;
        }
        catch (CommandException failed) when (failed.ExitCode != ExitCode.NotAllowed)
        {
            // One file that a server cannot deliver keeps none of the others; a server that is gone shows with the next request.
            report.Failed("artifact", $"{from.Name}: {entry.Path}", failed.Message);
            return false;
        }
    }
}
