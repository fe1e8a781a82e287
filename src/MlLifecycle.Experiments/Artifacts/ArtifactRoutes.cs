using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.StaticFiles;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Registry;
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

internal sealed class VersionArtifactMessage
{
    public string? Name { get; init; }

    public string? Version { get; init; }

    public string? Path { get; init; }
}

/// <summary>Artifacts over HTTP: a run's own listing, and the proxy the client writes and reads through.</summary>
internal static class ArtifactRoutes
{
    // Kestrel's own limit is three times as high; the interface's is this.
    private const long SmallFile = 10 * 1024 * 1024;

    private static readonly Refusal NoData = Mlflow.Invalid("Request must specify data.");

    private static readonly FileExtensionContentTypeProvider Types = Known();

    /// <summary>MLflow's artifacts/list: what a run has under a path, each named from the run's root.</summary>
    public static async Task<IResult> ListOfRun(Sent<ListArtifactsMessage> sent, Caller caller, RunReader reader, ArtifactStore store, CancellationToken cancellation)
    {
        var (record, refusal) = await OfRun(sent.Message.RunId, sent.Message.RunUuid, caller, reader, cancellation);
        if (record is null)
            return new Refused(refusal!);
        if (ArtifactStore.PathOf(record.ArtifactUri) is not { } root)
            return new Refused(Elsewhere(record.ArtifactUri));
        var path = ArtifactStore.ListedAs(sent.Message.Path);
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
        var path = ArtifactStore.ListedAs(sent.Message.Path);
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
        return await store.Put(caller.ProjectId, path, request.BodyReader, cancellation) is { } refusal ? new Refused(refusal) : Answer.Empty;
    }

    public static IResult Delete(string path, Caller caller, ArtifactStore store)
    {
        // The client names the directory of all artifacts of a run with a slash at its end.
        path = path.TrimEnd('/');
        if (ArtifactStore.Check(path) is { } bad)
            return new Refused(bad);
        store.Delete(caller.ProjectId, path); // what is not there (any more) is deleted
        return Answer.Empty;
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
            return new Refused(Elsewhere(record.ArtifactUri));
        return store.Find(caller.ProjectId, Join(root, sent.Message.Path)) is { } file
            ? File(file, http)
            : new Refused(Mlflow.Unknown($"No such artifact: {Mlflow.Quoted(sent.Message.Path)}"));
    }

    /// <summary>A file of a model's version: a path from where its source leads.</summary>
    public static async Task<IResult> GetOfVersion(
        Sent<VersionArtifactMessage> sent, Caller caller, HttpContext http, ModelRows rows, ModelPlaces places, ArtifactStore store, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (string.IsNullOrEmpty(message.Path))
            return new Refused(Mlflow.Missing("path"));
        if (ArtifactStore.Check(message.Path) is { } bad)
            return new Refused(bad);
        if (new ModelMessages { Name = message.Name, Version = message.Version }.CheckVersion(out var version) is { } badVersion)
            return new Refused(badVersion);
        if (await rows.FindVersion(caller.ProjectId, message.Name!, version, cancellation) is not { } row)
            return new Refused(ModelMessages.UnknownVersion(message.Name!, message.Version));
        var location = row.Location ?? await places.Of(caller.ProjectId, row.Source, cancellation);
        if (ArtifactStore.PathOf(location) is not { } root || ArtifactStore.Check(Join(root, message.Path)) is not null)
            return new Refused(Elsewhere(location));
        return store.Find(caller.ProjectId, Join(root, message.Path)) is { } file
            ? File(file, http)
            : new Refused(Mlflow.Unknown($"No such artifact: {Mlflow.Quoted(message.Path)}"));
    }

    /// <summary>A small file into a run, as the MLflow interface uploads it.</summary>
    public static async Task<IResult> UploadToRun(HttpRequest request, Caller caller, RunReader reader, ArtifactStore store, CancellationToken cancellation)
    {
        var (path, runUuid, runId) = (request.Query["path"].ToString(), request.Query["run_uuid"].ToString(), request.Query["run_id"].ToString());
        if (runUuid.Length + runId.Length == 0)
            return new Refused(Mlflow.Invalid("Request must specify run_uuid."));
        if (path.Length == 0)
            return new Refused(Mlflow.Invalid("Request must specify path."));
        if (ArtifactStore.Check(path) is { } bad)
            return new Refused(bad);
        if (request.ContentLength > SmallFile)
            return new Refused(Mlflow.Invalid("Artifact size is too large. Max size is 10MB. Larger files go through /api/2.0/mlflow-artifacts."));
        if (request.ContentLength == 0)
            return new Refused(NoData);
        var (record, refusal) = await OfRun(runUuid, runId, caller, reader, cancellation);
        if (record is null)
            return new Refused(refusal!);
        if (ArtifactStore.PathOf(record.ArtifactUri) is not { } root)
            return new Refused(Elsewhere(record.ArtifactUri));
        return await store.Put(caller.ProjectId, Join(root, path), request.BodyReader, cancellation, ifEmpty: NoData) is { } unstorable ? new Refused(unstorable) : Answer.Empty;
    }

    private static async Task<(RunRecord? Record, Refusal? Refusal)> OfRun(
        string? runId, string? runUuid, Caller caller, RunReader reader, CancellationToken cancellation)
    {
        if (Rules.Named(runId, runUuid, out var run) is { } bad)
            return (null, bad);
        var record = await reader.One(caller.ProjectId, run, cancellation);
        return (record, record is null ? Mlflow.UnknownRun(Run.IdOf(run)) : null);
    }

    public static Refusal Elsewhere(string location) =>
        new(501, "NOT_IMPLEMENTED", $"These artifacts are at {Mlflow.Quoted(location)}, which this server does not read. Ask that storage itself.");

    // As an attachment, so that no browser shows it as a page of this host.
    public static PhysicalFileHttpResult File(FileInfo file, HttpContext http)
    {
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.PhysicalFile(
            file.FullName, TypeOf(file.Name), file.Name, file.LastWriteTimeUtc, enableRangeProcessing: true);
    }

    // These two have no ending to go by.
    private static string TypeOf(string name) => name.ToUpperInvariant() is "MLMODEL" or "MLPROJECT" ? "text/plain"
        : Types.TryGetContentType(name, out var type) ? type : "application/octet-stream";

    public static string Join(string head, string tail) => head.Length == 0 ? tail : tail.Length == 0 ? head : $"{head}/{tail}";

    private static FileExtensionContentTypeProvider Known()
    {
        var types = new FileExtensionContentTypeProvider();
        // What MLflow takes for text is text, tables and JSON too.
        foreach (var text in (string[])[
            ".txt", ".log", ".err", ".cfg", ".conf", ".cnf", ".cf", ".ini", ".properties", ".prop", ".hocon", ".toml", ".yaml", ".yml", ".xml", ".json", ".js", ".py", ".py3", ".csv", ".tsv", ".md", ".rst"])
            types.Mappings[text] = "text/plain";
        types.Mappings[".zip"] = "application/zip";
        types.Mappings[".gz"] = "application/octet-stream";
        return types;
    }
}
