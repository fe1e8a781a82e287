using System.Collections.Immutable;
using System.Globalization;
using Marten;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Traces;

internal sealed class RecordTraceMessage
{
    public TraceMessage? Trace { get; init; }

    // The elder form, whose server gives the id.
    public string? ExperimentId { get; init; }

    public long? TimestampMs { get; init; }

    public string? Status { get; init; }

    public IReadOnlyList<Entry>? RequestMetadata { get; init; }

    public IReadOnlyList<Entry>? Tags { get; init; }
}

internal sealed class TraceMessage
{
    public TraceInfoMessage? TraceInfo { get; init; }
}

internal sealed class TraceInfoMessage
{
    public string? TraceId { get; init; }

    public string? ClientRequestId { get; init; }

    public LocationMessage? TraceLocation { get; init; }

    public string? RequestPreview { get; init; }

    public string? ResponsePreview { get; init; }

    public string? RequestTime { get; init; }

    public string? ExecutionDuration { get; init; }

    public TraceState? State { get; init; }

    public Dictionary<string, string?>? TraceMetadata { get; init; }

    public Dictionary<string, string?>? Tags { get; init; }

    public IReadOnlyList<AssessmentMessage>? Assessments { get; init; }
}

internal sealed class LocationMessage
{
    public ExperimentLocation? MlflowExperiment { get; init; }
}

internal sealed class ExperimentLocation
{
    public string? ExperimentId { get; init; }
}

/// <summary>Takes the outline of a trace in: all at once (3.0), or its beginning and its end (2.0).</summary>
internal static class RecordTraceSlice
{
    public const string ArtifactTag = "mlflow.artifactLocation";
    public const int IdLength = 50;
    private const int Preview = 1000;

    public static Decision Decide(Trace trace, TraceRecorded recorded) => trace.Active && trace.Evolve(recorded) is var after && Same(trace, after) ? Nothing : Accept(recorded);

    public static Decision End(Trace trace, TraceState state, long time, IReadOnlyDictionary<string, string> metadata, IReadOnlyDictionary<string, string> tags) => trace.Active
        ? Decide(
            trace, new(trace.ProjectId, trace.TraceId, trace.Experiment, null, trace.RequestTime, Math.Max(0, time - trace.RequestTime), state, null, null, metadata, tags))
        : Unknown(trace.TraceId);

    public static Refusal Unknown(string? id) => Mlflow.Unknown($"Trace with ID '{Names.Cut(id ?? "", 200)}' not found.");

    public static async Task<IResult> Handle(
        Sent<RecordTraceMessage> sent, Caller caller, ExperimentRows experiments, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        if (sent.Message.Trace?.TraceInfo is not { } info)
            return new Refused(Mlflow.Missing("trace.trace_info"));
        if (string.IsNullOrEmpty(info.TraceId))
            return new Refused(Mlflow.Missing("trace.trace_info.trace_id"));
        if ((Names.TooLong("trace_id", info.TraceId, IdLength) ?? Names.TooLong("client_request_id", info.ClientRequestId, IdLength)
            ?? Entries("trace_metadata", info.TraceMetadata) ?? Entries("tags", info.Tags)) is { } bad)
            return new Refused(bad);
        var time = clock.GetUtcNow();
        if (!string.IsNullOrEmpty(info.RequestTime) && !DateTimeOffset.TryParse(info.RequestTime, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time))
            return new Refused(Mlflow.InvalidValue("request_time", info.RequestTime, "It must be a time as in 2026-03-03T12:00:00Z."));
        if (!Duration(info.ExecutionDuration, out var duration))
            return new Refused(Mlflow.InvalidValue("execution_duration", info.ExecutionDuration, "It must be a number of seconds as in 1.5s."));
        var (experiment, refusal) = await Experiment(experiments, caller, info.TraceLocation?.MlflowExperiment?.ExperimentId, cancellation);
        if (experiment is null)
            return new Refused(refusal!);
        var assessments = new List<TraceAssessed>();
        foreach (var sentAssessment in info.Assessments ?? [])
        {
            if (AssessSlice.Check(sentAssessment, info.TraceId, caller, clock, out var assessment) is { } badAssessment)
                return new Refused(badAssessment);
            assessments.Add(assessment);
        }

        var recorded = new TraceRecorded(
            caller.ProjectId, info.TraceId, experiment.Number, info.ClientRequestId, time.ToUnixTimeMilliseconds(), duration, info.State ?? TraceState.StateUnspecified,
            Cut(info.RequestPreview), Cut(info.ResponsePreview), Stored(info.TraceMetadata), Tags(Stored(info.Tags), experiment, info.TraceId));
        var outcome = await session.Decide<Trace>(
            Trace.IdOf(caller.ProjectId, info.TraceId),
            caller.Origin,
            trace => (object[])[.. Decide(trace, recorded).Events, .. assessments.Where(a => !trace.Assessments.ContainsKey(a.AssessmentId))] is { Length: > 0 } events ? Accept(events) : Nothing,
            cancellation,
            alongside: TraceRows.Write);
        return outcome.Refusal is { } lost ? new Refused(lost) : Answer.Of(new { Trace = new { trace_info = TraceAnswers.Info(outcome.State) } });
    }

    public static async Task<IResult> HandleStart(
        Sent<RecordTraceMessage> sent, Caller caller, ExperimentRows experiments, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var message = sent.Message;
        if ((Read(message.RequestMetadata, "request_metadata", out var metadata) ?? Read(message.Tags, "tags", out _)) is { } bad)
            return new Refused(bad);
        Read(message.Tags, "tags", out var tags);
        var (experiment, refusal) = await Experiment(experiments, caller, message.ExperimentId, cancellation);
        if (experiment is null)
            return new Refused(refusal!);
        var id = "tr-" + caller.NewId("trace").ToString("N");
        var recorded = new TraceRecorded(
            caller.ProjectId, id, experiment.Number, null, message.TimestampMs ?? clock.GetUtcNow().ToUnixTimeMilliseconds(), null, TraceState.InProgress, null, null, metadata, Tags(tags, experiment, id));
        return await Commit(session, caller, id, trace => trace.Active ? Nothing : Accept(recorded), cancellation);
    }

    public static async Task<IResult> HandleEnd(
        string id, Sent<RecordTraceMessage> sent, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (Read(message.RequestMetadata, "request_metadata", out var metadata) is { } bad)
            return new Refused(bad);
        if (Read(message.Tags, "tags", out var tags) is { } badTag)
            return new Refused(badTag);
        var state = message.Status switch { "OK" => TraceState.Ok, "ERROR" => TraceState.Error, "IN_PROGRESS" => TraceState.InProgress, _ => TraceState.StateUnspecified };
        var time = message.TimestampMs ?? clock.GetUtcNow().ToUnixTimeMilliseconds();
        return await Commit(session, caller, id, trace => trace.Active ? End(trace, state, time, metadata, tags) : Unknown(id), cancellation);
    }

    public static Dictionary<string, string> Tags(IReadOnlyDictionary<string, string> sent, ExperimentRow experiment, string id) =>
        new(sent, StringComparer.Ordinal) { [ArtifactTag] = ArtifactStore.Under(experiment.ArtifactLocation, $"traces/{id}/artifacts") };

    public static async Task<(ExperimentRow? Row, Refusal? Refusal)> Experiment(ExperimentRows experiments, Caller caller, string? id, CancellationToken cancellation)
    {
        if (await experiments.Find(caller.ProjectId, id, cancellation) is not { } experiment)
            return (null, Mlflow.UnknownExperiment(id));
        return experiment.Deleted ? (null, Mlflow.Invalid($"The experiment {experiment.Id} must be in the 'active' state. Current state is deleted.")) : (experiment, null);
    }

    public static string? Cut(string? text) => text is null ? null : Names.Cut(text, Preview);

    private static async Task<IResult> Commit(IDocumentSession session, Caller caller, string id, Func<Trace, Decision> decide, CancellationToken cancellation)
    {
        var outcome = await session.Decide(Trace.IdOf(caller.ProjectId, id), caller.Origin, decide, cancellation, alongside: TraceRows.Write);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Of(new { trace_info = TraceAnswers.ElderInfo(outcome.State) });
    }

    private static bool Same(Trace a, Trace b) =>
        (a.ClientRequestId, a.RequestTime, a.DurationMs, a.State, a.RequestPreview, a.ResponsePreview, a.Experiment) == (b.ClientRequestId, b.RequestTime, b.DurationMs, b.State, b.RequestPreview, b.ResponsePreview, b.Experiment)
        && SameText(a.Metadata, b.Metadata) && SameText(a.Tags, b.Tags);

    private static bool SameText(ImmutableDictionary<string, string> a, ImmutableDictionary<string, string> b) =>
        a.Count == b.Count && a.All(entry => b.TryGetValue(entry.Key, out var value) && value == entry.Value);

    private static bool Duration(string? text, out long? milliseconds)
    {
        milliseconds = null;
        if (string.IsNullOrEmpty(text))
            return true;
        if (!text.EndsWith('s') || !decimal.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) || seconds > 315_576_000_000)
            return false;
        milliseconds = (long)(seconds * 1000);
        return true;
    }

    private static Refusal? Entries(string parameter, Dictionary<string, string?>? sent) =>
        sent?.Keys.Select(key => Names.TooLong($"{parameter}.{Names.Cut(key, 40)}", key, Names.Key)).FirstOrDefault(refusal => refusal is not null);

    private static Dictionary<string, string> Stored(Dictionary<string, string?>? sent) =>
        (sent ?? []).ToDictionary(entry => entry.Key, entry => Names.Cut(entry.Value ?? "", Names.TagValue), StringComparer.Ordinal);

    private static Refusal? Read(IReadOnlyList<Entry>? sent, string parameter, out Dictionary<string, string> entries)
    {
        entries = new(StringComparer.Ordinal);
        for (var i = 0; i < sent?.Count; i++)
        {
            if (string.IsNullOrEmpty(sent[i].Key))
                return Mlflow.Missing($"{parameter}[{i}].key");
            if (Names.TooLong($"{parameter}[{i}].key", sent[i].Key, Names.Key) is { } tooLong)
                return tooLong;
            entries[sent[i].Key!] = Names.Cut(sent[i].Value ?? "", Names.TagValue);
        }

        return null;
    }
}
