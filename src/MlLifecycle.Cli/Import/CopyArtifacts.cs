using System.Net.Http.Headers;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>Copies a run's files, as they stream in. Those that the copy has already, in the same size, are left alone.</summary>
internal sealed class CopyArtifacts(MlflowServer source, MlflowServer target, ImportReport report)
{
    private const string Proxy = "mlflow-artifacts:";
    private const int Buffer = 128 * 1024;

    /// <summary>Copies them all.</summary>
    /// <returns>Whether nothing is missing.</returns>
    public async Task<bool> Of(FoundRun run, RunCopy copy, CancellationToken stop)
    {
        var whole = true;
        var directories = new Queue<string>([""]);
        while (directories.TryDequeue(out var directory))
        {
            List<ArtifactEntry> entries;
            try
            {
                entries = await source.Artifacts(run.Info.RunId, directory, stop);
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
            {
                whole = false;
                report.Failed("artifacts", $"{run.Info.RunId} ({CopyRun.NameOf(run)}): /{directory}", refused.Message);
                continue;
            }

            if (entries.Count == 0)
                continue;
            var there = copy.New ? [] : (await target.Artifacts(copy.Id, directory, stop)).Where(e => !e.IsDirectory).ToDictionary(e => e.Path, e => e.Size, StringComparer.Ordinal);
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
                    whole &= await File(run, copy, entry, stop);
            }
        }

        return whole;
    }

    private async Task<bool> File(FoundRun run, RunCopy copy, ArtifactEntry entry, CancellationToken stop)
    {
        try
        {
            if (Place(target, copy.Run.Info.ArtifactUri, entry.Path) is not { } to)
            {
                report.Failed("artifact", $"{run.Info.RunId}: {entry.Path}", $"The project keeps the artifacts of this experiment elsewhere: {copy.Run.Info.ArtifactUri}.");
                return false;
            }

            var bytes = await target.Server.Retrying(() => Stream(run, entry.Path, to, stop), stop);
            report.Copied("artifacts");
            report.Copied("artifact bytes", bytes);
            return true;
        }
        catch (CommandException failed) when (failed.ExitCode != ExitCode.NotAllowed)
        {
            // One file that a server cannot deliver keeps none of the others; a server that is gone shows with the next request.
            report.Failed("artifact", $"{run.Info.RunId} ({CopyRun.NameOf(run)}): {entry.Path}", failed.Message);
            return false;
        }
    }

    private async Task<long> Stream(FoundRun run, string path, string to, CancellationToken stop)
    {
        using var from = await Open(run, path, stop);
        await using var bytes = new CountedStream(await from.Content.ReadAsStreamAsync(stop));
        using var content = new StreamContent(bytes, Buffer) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream"), ContentLength = from.Content.Headers.ContentLength } };
        try
        {
            await target.Server.Put(to, content, stop);
        }
        catch (CommandException) when (bytes.Failure is { } broken)
        {
            throw new CommandException($"The MLflow server broke off after {bytes.Count} bytes ({broken.Message.TrimEnd('.')}).", ExitCode.Unreachable);
        }

        return bytes.Count;
    }

    // Straight from the store when the server stands before it, else through the server, which reads whatever store it has.
    private async Task<HttpResponseMessage> Open(FoundRun run, string path, CancellationToken stop)
    {
        if (Place(source, run.Info.ArtifactUri, path) is { } direct)
        {
            try
            {
                return await source.Server.Open(direct, stop);
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound or ExitCode.Unreachable)
            {
                // As when the server lists artifacts and does not serve them; what the other path says is then what is told.
            }
        }

        return await source.Server.Open($"{source.Root}get-artifact?run_id={Uri.EscapeDataString(run.Info.RunId)}&path={Uri.EscapeDataString(path)}", stop);
    }

    /// <summary>The path of an artifact at the proxy of its server; null when its store is another.</summary>
    private static string? Place(MlflowServer server, string? root, string path)
    {
        if (root?.StartsWith(Proxy, StringComparison.Ordinal) != true)
            return null;
        var rest = root[Proxy.Length..];
        // mlflow-artifacts://host:port/… names the server too.
        rest = rest.StartsWith("//", StringComparison.Ordinal) && !rest.StartsWith("///", StringComparison.Ordinal) ? rest[2..].Split('/', 2) is [_, var tail] ? tail : "" : rest;
        var parts = $"{rest.Trim('/')}/{path}".Split('/', StringSplitOptions.RemoveEmptyEntries);
        return $"{server.Root}api/2.0/mlflow-artifacts/artifacts/{string.Join('/', parts.Select(Uri.EscapeDataString))}";
    }
}
