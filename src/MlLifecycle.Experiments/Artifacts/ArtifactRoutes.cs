using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.StaticFiles;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Artifacts;

internal sealed class ListArtifactsMessage
{
    public string? RunId { get; init; }

    public string? RunUuid { get; init; }

    public string? Path { get; init; }
}

/// <summary>Artifacts over HTTP: a run's own listing, and the proxy the client writes and reads through.</summary>
internal static class ArtifactRoutes
{
    private static readonly FileExtensionContentTypeProvider Types = Known();

    /// <summary>MLflow's artifacts/list: what a run has under a path, each named from the run's root.</summary>
    public static async Task<IResult> ListOfRun(Sent<ListArtifactsMessage> sent, Caller caller, RunReader reader, ArtifactStore store, CancellationToken cancellation)
    {
        var (record, refusal) = await OfRun(sent.Message.RunId, sent.Message.RunUuid, caller, reader, cancellation);
        if (record is null)
            return new Refused(refusal!);
        if (ArtifactStore.PathOf(record.ArtifactUri) is not { } root)
            return new Refused(Elsewhere(record));
        var path = (sent.Message.Path ?? "").TrimEnd('/');
        if (path.Length > 0 && ArtifactStore.Check(path) is { } bad)
            return new Refused(bad);
        var entries = store.List(caller.ProjectId, Join(root, path));
        return Answer.Of(new
        {
            root_uri = record.ArtifactUri,
            Files = Answer.OrNone([.. entries.Select(entry => entry with { Path = Join(path, entry.Path) })]),
        });
    }

    /// <summary>The proxy's listing, each entry named by its last part alone.</summary>
    public static IResult List(Sent<ListArtifactsMessage> sent, Caller caller, ArtifactStore store)
    {
        var path = (sent.Message.Path ?? "").TrimEnd('/');
        return path.Length > 0 && ArtifactStore.Check(path) is { } bad
            ? new Refused(bad)
            : Answer.Of(new { Files = Answer.OrNone(store.List(caller.ProjectId, path)) });
    }

    public static IResult Get(string path, Caller caller, HttpContext http, ArtifactStore store)
    {
        if (ArtifactStore.Check(path) is { } bad)
            return new Refused(bad);
        return store.Find(caller.ProjectId, path) is { } file
            ? File(file, http)
            : new Refused(Mlflow.Unknown($"No such artifact: {Mlflow.Quoted(path)}"));
    }

    public static async Task<IResult> Put(string path, Caller caller, HttpRequest request, ArtifactStore store, CancellationToken cancellation)
    {
        if (ArtifactStore.Check(path) is { } bad)
            return new Refused(bad);
        return await store.Put(caller.ProjectId, path, request.Body, cancellation) is { } refusal ? new Refused(refusal) : Answer.Empty;
    }

    public static IResult Delete(string path, Caller caller, ArtifactStore store)
    {
        if (ArtifactStore.Check(path) is { } bad)
            return new Refused(bad);
        return store.Delete(caller.ProjectId, path) ? Answer.Empty : new Refused(Mlflow.Unknown($"No such artifact: {Mlflow.Quoted(path)}"));
    }

    /// <summary>The file the MLflow interface opens: a path from a run's root.</summary>
    public static async Task<IResult> GetOfRun(
        Sent<ListArtifactsMessage> sent, Caller caller, HttpContext http, RunReader reader, ArtifactStore store, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(sent.Message.Path))
            return new Refused(Mlflow.Missing("path"));
        if (ArtifactStore.Check(sent.Message.Path) is { } bad)
            return new Refused(bad);
        var (record, refusal) = await OfRun(sent.Message.RunId, sent.Message.RunUuid, caller, reader, cancellation);
        if (record is null)
            return new Refused(refusal!);
        if (ArtifactStore.PathOf(record.ArtifactUri) is not { } root)
            return new Refused(Elsewhere(record));
        return store.Find(caller.ProjectId, Join(root, sent.Message.Path)) is { } file
            ? File(file, http)
            : new Refused(Mlflow.Unknown($"No such artifact: {Mlflow.Quoted(sent.Message.Path)}"));
    }

    private static async Task<(RunRecord? Record, Refusal? Refusal)> OfRun(
        string? runId, string? runUuid, Caller caller, RunReader reader, CancellationToken cancellation)
    {
        if (Rules.Named(runId, runUuid, out var run) is { } bad)
            return (null, bad);
        var record = await reader.One(caller.ProjectId, run, cancellation);
        return (record, record is null ? Mlflow.UnknownRun(Run.IdOf(run)) : null);
    }

    private static Refusal Elsewhere(RunRecord record) =>
        new(501, "NOT_IMPLEMENTED", $"This run's artifacts are at {record.ArtifactUri}, which this server does not read. Ask that storage itself.");

    // As an attachment, so that no browser shows it as a page of this host.
    private static PhysicalFileHttpResult File(FileInfo file, HttpContext http)
    {
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.PhysicalFile(
            file.FullName, Types.TryGetContentType(file.Name, out var type) ? type : "application/octet-stream", file.Name, file.LastWriteTimeUtc, enableRangeProcessing: true);
    }

    private static string Join(string head, string tail) => head.Length == 0 ? tail : tail.Length == 0 ? head : $"{head}/{tail}";

    private static FileExtensionContentTypeProvider Known()
    {
        var types = new FileExtensionContentTypeProvider();
        foreach (var text in (string[])[".log", ".yaml", ".yml", ".py", ".md", ".rst", ".toml", ".cfg", ".ini", ".tsv"])
            types.Mappings[text] = "text/plain";
        return types;
    }
}
