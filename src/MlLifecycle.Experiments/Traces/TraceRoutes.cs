using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;
using Marten;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Traces;

internal sealed class TraceIdsMessage
{
    public IReadOnlyList<string>? TraceIds { get; init; }

    public string? RequestId { get; init; }

    public string? TraceId { get; init; }

    public bool? AllowPartial { get; init; }
}

/// <summary>MLflow's traces, path by path.</summary>
internal static class TraceRoutes
{
    private const int Batch = 100;

    public static void MapTraces(this RouteGroupBuilder api)
    {
        api.MapPost("/traces", RecordTraceSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/traces/search", SearchTracesSlice.Handle).Requires(Role.Viewer);
        api.MapPost("/traces/delete-traces", ChangeTraceSlice.HandleDelete).Requires(Role.Contributor);
        api.MapPost("/traces/link-to-run", ChangeTraceSlice.HandleLink).Requires(Role.Contributor);
        api.MapPost("/traces/link-prompts", PromptLinks.Handle).Requires(Role.Contributor);
        api.MapPost("/traces/calculate-filter-correlation", FilterCorrelation.Handle).Requires(Role.Viewer);
        api.MapGet("/traces/batchGet", Many).Requires(Role.Viewer);
        api.MapGet("/traces/get", Whole).Requires(Role.Viewer);
        api.MapGet("/traces/{id}", One).Requires(Role.Viewer);
        MapTags(api);
        api.MapPost("/traces/{id}/assessments", AssessSlice.Handle).Requires(Role.Contributor);
        api.MapGet("/traces/{id}/assessments/{assessment}", AssessSlice.HandleGet).Requires(Role.Viewer);
        api.MapPatch("/traces/{id}/assessments/{assessment}", AssessSlice.HandleChange).Requires(Role.Contributor);
        api.MapDelete("/traces/{id}/assessments/{assessment}", AssessSlice.HandleWithdraw).Requires(Role.Contributor);
        api.MapGet("/get-trace-artifact", Spans).Requires(Role.Viewer);
    }

    /// <summary>The paths of MLflow 2.</summary>
    public static void MapElderTraces(this RouteGroupBuilder api)
    {
        api.MapPost("/traces", RecordTraceSlice.HandleStart).Requires(Role.Contributor);
        api.MapGet("/traces", SearchTracesSlice.HandleElder).Requires(Role.Viewer);
        api.MapPost("/traces/delete-traces", ChangeTraceSlice.HandleDelete).Requires(Role.Contributor);
        api.MapPost("/traces/link-to-run", ChangeTraceSlice.HandleLink).Requires(Role.Contributor);
        api.MapPatch("/traces/{id}", RecordTraceSlice.HandleEnd).Requires(Role.Contributor);
        api.MapGet("/traces/{id}/info", ElderOne).Requires(Role.Viewer);
        MapTags(api);
        api.MapGet("/get-trace-artifact", Spans).Requires(Role.Viewer);
    }

    /// <summary>Spans over OTLP.</summary>
    public static void MapSpans(this RouteGroupBuilder tracking) => tracking.MapPost("/v1/traces", Take).Requires(Role.Contributor);

    private static void MapTags(RouteGroupBuilder api)
    {
        api.MapPatch("/traces/{id}/tags", ChangeTraceSlice.HandleSetTag).Requires(Role.Contributor);
        api.MapDelete("/traces/{id}/tags", ChangeTraceSlice.HandleRemoveTag).Requires(Role.Contributor);
    }

    private static async Task<IResult> One(string id, Caller caller, IQuerySession session, CancellationToken cancellation) => await Find(id, caller, session, cancellation) is { } trace
        ? Answer.Of(new { Trace = new { trace_info = TraceAnswers.Info(trace) } })
        : new Refused(RecordTraceSlice.Unknown(id));

    private static async Task<IResult> ElderOne(string id, Caller caller, IQuerySession session, CancellationToken cancellation) => await Find(id, caller, session, cancellation) is { } trace
        ? Answer.Of(new { trace_info = TraceAnswers.ElderInfo(trace) })
        : new Refused(RecordTraceSlice.Unknown(id));

    private static async Task<IResult> Many(Sent<TraceIdsMessage> sent, Caller caller, IQuerySession session, SpanLog spans, CancellationToken cancellation)
    {
        if (sent.Message.TraceIds is not { Count: > 0 and <= Batch } ids)
            return new Refused(Mlflow.Invalid($"Between 1 and {Batch} trace_ids must be specified."));
        var asked = ids.Distinct().Select(id => Trace.IdOf(caller.ProjectId, id)).ToList();
        var found = (await session.LoadManyAsync<Trace>(cancellation, asked)).Where(t => t.Active).ToDictionary(t => t.Id);
        var its = await spans.Read(found.Keys, cancellation);
        var traces = asked.Where(found.ContainsKey).Select(id => found[id]).Where(t => IsWhole(t, its[t.Id].Count));
        return Answer.Of(new { Traces = Answer.OrNone([.. traces.Select(t => new { trace_info = TraceAnswers.Info(t), Spans = its[t.Id].Select(SpanAnswers.Of) })]) });
    }

    // What clients of later releases ask, who take "get" for an id otherwise.
    private static async Task<IResult> Whole(Sent<TraceIdsMessage> sent, Caller caller, IQuerySession session, SpanLog spans, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(sent.Message.TraceId))
            return new Refused(Mlflow.Missing("trace_id"));
        if (await Find(sent.Message.TraceId, caller, session, cancellation) is not { } trace)
            return new Refused(RecordTraceSlice.Unknown(sent.Message.TraceId));
        var its = await spans.Read([trace.Id], cancellation);
        return sent.Message.AllowPartial == true || IsWhole(trace, its[trace.Id].Count)
            ? Answer.Of(new { Trace = new { trace_info = TraceAnswers.Info(trace), Spans = its[trace.Id].Select(SpanAnswers.Of) } })
            : new Refused(Mlflow.Unknown($"Trace with ID {trace.TraceId} is not fully exported yet, please try again later."));
    }

    // Clients say with the outline how many spans there are, and send them side by side with it.
    private static bool IsWhole(Trace trace, int spans)
    {
        if (!trace.Metadata.TryGetValue("mlflow.trace.sizeStats", out var sizes))
            return true;
        try
        {
            return JsonNode.Parse(sizes) is not JsonObject said || said["num_spans"] is not JsonValue number || !number.TryGetValue<int>(out var count) || spans >= count;
        }
        catch (JsonException)
        {
            return true; // somebody's own text
        }
    }

    /// <summary>The spans of a trace: those that came over OTLP, or the file in which the client left them.</summary>
    private static async Task<IResult> Spans(
        Sent<TraceIdsMessage> sent, Caller caller, HttpContext http, IQuerySession session, SpanLog spans, ArtifactStore artifacts, CancellationToken cancellation)
    {
        var id = string.IsNullOrEmpty(sent.Message.RequestId) ? sent.Message.TraceId : sent.Message.RequestId;
        if (string.IsNullOrEmpty(id))
            return new Refused(Mlflow.Missing("request_id"));
        if (await Find(id, caller, session, cancellation) is not { } trace)
            return new Refused(RecordTraceSlice.Unknown(id));
        var received = (await spans.Read([trace.Id], cancellation))[trace.Id];
        if (received.Count > 0)
        {
            http.Response.Headers.ContentDisposition = "attachment; filename=traces.json";
            return Answer.Of(new { Spans = received.Select(s => SpanAnswers.InFile(s, trace.TraceId)) });
        }

        var file = ArtifactStore.PathOf(trace.Tags.GetValueOrDefault(RecordTraceSlice.ArtifactTag, "")) is { } root && ArtifactStore.Check(root) is null
            ? artifacts.Find(caller.ProjectId, ArtifactRoutes.Join(root, "traces.json"))
            : null;
        return file is not null ? ArtifactRoutes.File(file, http) : new Refused(Mlflow.Unknown($"Trace data is not found for trace with ID '{id}'."));
    }

    private static async Task<IResult> Take(HttpRequest request, Caller caller, ExperimentRows experiments, SpanLog spans, CancellationToken cancellation)
    {
        if (request.ContentType?.Split(';')[0].Trim() is not ("application/x-protobuf" or "application/protobuf"))
            return new Refused(Mlflow.Invalid($"Invalid Content-Type: {Mlflow.Quoted(request.ContentType)}. Expected: application/x-protobuf"));
        var experiment = request.Headers["x-mlflow-experiment-id"].ToString();
        if (experiment.Length == 0)
            return new Refused(Mlflow.Invalid("The header x-mlflow-experiment-id must name the experiment."));
        var (row, refusal) = await RecordTraceSlice.Experiment(experiments, caller, experiment, cancellation);
        if (row is null)
            return new Refused(refusal!);
        var (received, unreadable) = await Read(request.BodyReader, cancellation);
        if (unreadable is not null)
            return new Refused(unreadable);
        if (received.Count == 0)
            return new Refused(Mlflow.Invalid("Invalid OpenTelemetry request: it has no spans."));
        await spans.Add(received, row, caller, cancellation);
        return TypedResults.Bytes([], "application/x-protobuf"); // an ExportTraceServiceResponse in which nothing was rejected
    }

    private static async Task<(List<ReceivedSpan> Spans, Refusal? Refusal)> Read(PipeReader body, CancellationToken cancellation)
    {
        try
        {
            ReadResult read;
            while (!(read = await body.ReadAsync(cancellation)).IsCompleted)
                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            try
            {
                return (Otlp.Read(read.Buffer.IsSingleSegment ? read.Buffer.FirstSpan : read.Buffer.ToArray()), null);
            }
            finally
            {
                // Of a body that is left in the reader's hands the server closes the connection, and whoever asks next on it gets no answer.
                body.AdvanceTo(read.Buffer.End);
            }
        }
        catch (Exception malformed) when (malformed is FormatException or InvalidDataException)
        {
            return ([], Mlflow.Invalid($"Invalid OpenTelemetry protobuf format: {malformed.Message}"));
        }
    }

    private static async Task<Trace?> Find(string id, Caller caller, IQuerySession session, CancellationToken cancellation) =>
        await session.LoadAsync<Trace>(Trace.IdOf(caller.ProjectId, id), cancellation) is { Active: true } trace ? trace : null;
}
