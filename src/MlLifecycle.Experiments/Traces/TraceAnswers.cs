using System.Globalization;
using System.Text.Json.Nodes;
using MlLifecycle.Experiments.Protocol;

namespace MlLifecycle.Experiments.Traces;

/// <summary>Traces as MLflow writes them.</summary>
internal static class TraceAnswers
{
    public static object Info(Trace trace) => new
    {
        trace_id = trace.TraceId,
        client_request_id = trace.ClientRequestId,
        trace_location = new { Type = "MLFLOW_EXPERIMENT", mlflow_experiment = new { experiment_id = trace.Experiment.ToString(CultureInfo.InvariantCulture) } },
        request_preview = trace.RequestPreview,
        response_preview = trace.ResponsePreview,
        request_time = Time(trace.RequestTime),
        execution_duration = trace.DurationMs is { } duration ? string.Create(CultureInfo.InvariantCulture, $"{duration / 1000}.{duration % 1000:D3}s") : null,
        State = ProtoJson.NameOf(trace.State),
        trace_metadata = Sorted(trace.Metadata),
        Tags = Sorted(trace.Tags),
        Assessments = Assessments(trace),
    };

    /// <summary>The form of MLflow 2.</summary>
    public static object ElderInfo(Trace trace) => new
    {
        request_id = trace.TraceId,
        experiment_id = trace.Experiment.ToString(CultureInfo.InvariantCulture),
        timestamp_ms = trace.RequestTime,
        execution_time_ms = trace.DurationMs,
        Status = trace.State == TraceState.StateUnspecified ? "TRACE_STATUS_UNSPECIFIED" : ProtoJson.NameOf(trace.State),
        request_metadata = Entry.ListOf(trace.Metadata),
        Tags = Entry.ListOf(trace.Tags),
    };

    public static string Time(long milliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(milliseconds, -62_135_596_800_000, 253_402_300_799_999)).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static IReadOnlyList<JsonNode>? Assessments(Trace trace) =>
        Answer.OrNone([.. trace.Assessments.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => JsonNode.Parse(a.Value)!)]);

    private static SortedDictionary<string, string> Sorted(IReadOnlyDictionary<string, string> entries) => new(entries.ToDictionary(), StringComparer.Ordinal);
}
