using Marten;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Traces;

internal sealed class ChangeTraceMessage
{
    public string? Key { get; init; }

    public string? Value { get; init; }

    public string? RunId { get; init; }

    public IReadOnlyList<string>? TraceIds { get; init; }

    public IReadOnlyList<string>? RequestIds { get; init; }

    public string? ExperimentId { get; init; }

    public long? MaxTimestampMillis { get; init; }

    public long? MaxTraces { get; init; }
}

/// <summary>Tags traces, links them to runs, and deletes them.</summary>
internal static class ChangeTraceSlice
{
    private const int Linked = 100;

    public static Decision SetTag(Trace trace, string key, string value) =>
        !trace.Active ? RecordTraceSlice.Unknown(trace.TraceId) : trace.Tags.GetValueOrDefault(key) == value ? Nothing : Accept(new TraceTagSet(key, value));

    public static Decision RemoveTag(Trace trace, string key) =>
        !trace.Active ? RecordTraceSlice.Unknown(trace.TraceId)
        : trace.Tags.ContainsKey(key) ? Accept(new TraceTagRemoved(key))
        : Mlflow.Unknown($"No trace tag with key '{key}' for trace with ID '{trace.TraceId}'.");

    // Clients send traces and links side by side: the link may be here before the trace.
    public static Decision Link(Trace trace, string run) => trace.Runs.Contains(run) ? Nothing : Accept(new TraceLinked(run));

    public static Decision Delete(Trace trace) => trace.Active ? Accept(new TraceDeleted(trace.TraceId)) : Nothing;

    public static async Task<IResult> HandleSetTag(string id, Sent<ChangeTraceMessage> sent, Caller caller, IDocumentSession session, CancellationToken cancellation)
    {
        var (key, value) = (sent.Message.Key, Names.Cut(sent.Message.Value ?? "", Names.TagValue));
        if (Names.CheckKey("key", key) is { } bad)
            return new Refused(bad);
        return await Change(session, caller, id, trace => SetTag(trace, key!, value), cancellation);
    }

    public static async Task<IResult> HandleRemoveTag(
        string id, string? key, Sent<ChangeTraceMessage> sent, Caller caller, IDocumentSession session, CancellationToken cancellation) =>
        (string.IsNullOrEmpty(key) ? sent.Message.Key : key) is { Length: > 0 } tag
            ? await Change(session, caller, id, trace => RemoveTag(trace, tag), cancellation)
            : new Refused(Mlflow.Missing("key"));

    public static async Task<IResult> HandleLink(Sent<ChangeTraceMessage> sent, Caller caller, RunReader runs, IDocumentSession session, CancellationToken cancellation)
    {
        if (Rules.Named(sent.Message.RunId, null, out var run) is { } badRun)
            return new Refused(badRun);
        if (sent.Message.TraceIds is not { Count: > 0 } ids)
            return new Refused(Mlflow.Missing("trace_ids"));
        if (ids.Count > Linked)
            return new Refused(Mlflow.Invalid($"Cannot link more than {Linked} traces to a run in a single request. Provided {ids.Count} traces."));
        if (await runs.One(caller.ProjectId, run, cancellation) is null)
            return new Refused(Mlflow.UnknownRun(sent.Message.RunId));
        if (ids.Select(id => Names.TooLong("trace_ids", id, RecordTraceSlice.IdLength)).FirstOrDefault(refusal => refusal is not null) is { } tooLong)
            return new Refused(tooLong);
        foreach (var id in ids)
        {
            var outcome = await session.Decide<Trace>(Trace.IdOf(caller.ProjectId, id), caller.Origin, trace => Link(trace, sent.Message.RunId!), cancellation, alongside: TraceRows.Write);
            if (outcome.Refusal is { } refusal)
                return new Refused(refusal);
        }

        return Answer.Empty;
    }

    public static async Task<IResult> HandleDelete(
        Sent<ChangeTraceMessage> sent, Caller caller, ExperimentRows experiments, TraceRows rows, ArtifactStore artifacts, IDocumentSession session, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (string.IsNullOrEmpty(message.ExperimentId))
            return new Refused(Mlflow.Missing("experiment_id"));
        var named = message.RequestIds ?? message.TraceIds;
        if (named is { Count: > 0 } == (message.MaxTimestampMillis is not null))
            return new Refused(Mlflow.Invalid("Either `max_timestamp_millis` or `trace_ids` must be specified, but not both."));
        if (named is not null && message.MaxTraces is not null)
            return new Refused(Mlflow.Invalid("`max_traces` can't be specified if `trace_ids` is specified."));
        if (message.MaxTraces is <= 0)
            return new Refused(Mlflow.Invalid($"`max_traces` must be a positive integer, received {message.MaxTraces}."));
        if (await experiments.Find(caller.ProjectId, message.ExperimentId, cancellation) is not { } experiment)
            return new Refused(Mlflow.UnknownExperiment(message.ExperimentId));
        var deleted = 0;
        foreach (var id in await rows.ToDelete(caller.ProjectId, experiment.Number, named, message.MaxTimestampMillis, message.MaxTraces, cancellation))
        {
            var outcome = await session.Decide<Trace>(Trace.IdOf(caller.ProjectId, id), caller.Origin, Delete, cancellation, alongside: TraceRows.Write);
            if (outcome.Refusal is { } refusal)
                return new Refused(refusal);
            deleted += outcome.Appended.Count;
            if (ArtifactStore.PathOf($"{experiment.ArtifactLocation}/traces/{id}") is { } path && ArtifactStore.Check(path) is null)
                artifacts.Delete(caller.ProjectId, path);
        }

        return Answer.Of(new { traces_deleted = deleted });
    }

    public static async Task<IResult> Change(IDocumentSession session, Caller caller, string id, Func<Trace, Decision> decide, CancellationToken cancellation)
    {
        var outcome = await session.Decide<Trace>(
            Trace.IdOf(caller.ProjectId, id), caller.Origin, trace => trace.Active ? decide(trace) : RecordTraceSlice.Unknown(id), cancellation, alongside: TraceRows.Write);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }
}
