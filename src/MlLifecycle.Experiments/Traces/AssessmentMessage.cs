using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Traces;

/// <summary>
/// An assessment as clients send it and read it back. It is kept as this message writes it and not as it came: clients read a page of traces as one
/// message, and one field of another type would take the whole page from them.
/// </summary>
internal sealed record AssessmentMessage
{
    private const int Length = 1_000_000;

    private static readonly string[] Sources = ["SOURCE_TYPE_UNSPECIFIED", "HUMAN", "LLM_JUDGE", "AI_JUDGE", "CODE"];

    public string? AssessmentId { get; init; }

    public string? AssessmentName { get; init; }

    public string? TraceId { get; init; }

    public string? SpanId { get; init; }

    public SourceMessage? Source { get; init; }

    public string? CreateTime { get; init; }

    public string? LastUpdateTime { get; init; }

    public FeedbackMessage? Feedback { get; init; }

    public ExpectationMessage? Expectation { get; init; }

    public string? Rationale { get; init; }

    public AssessmentError? Error { get; init; }

    public Dictionary<string, string?>? Metadata { get; init; }

    public string? Overrides { get; init; }

    public bool? Valid { get; init; }

    /// <summary>The message as it is kept.</summary>
    /// <param name="content">What was given of it.</param>
    public Refusal? Write(out JsonObject content)
    {
        content = [];
        if (Source is { SourceType: { } type } && !Sources.Contains(type))
            return Mlflow.Invalid($"Invalid value for parameter 'assessment.source.source_type' supplied: one of {string.Join(", ", Sources)} is expected.");
        if (Metadata?.FirstOrDefault(entry => entry.Value is null) is { Key: { } key })
            return Mlflow.Missing($"assessment.metadata.{Names.Cut(key, 40)}");
        if (Time("create_time", CreateTime, out var created) is { } badTime)
            return badTime;
        if (Time("last_update_time", LastUpdateTime, out var updated) is { } badUpdate)
            return badUpdate;
        if ((Storable.Check("assessment.feedback.value", Feedback?.Value) ?? Storable.Check("assessment.expectation.value", Expectation?.Value)) is { } unstorable)
            return unstorable;
        if ((Feedback is { Value: null, Error: null } ? Mlflow.Invalid("Invalid value for parameter 'assessment.feedback' supplied: Either `value` or `error` must be provided.") : Expectation?.Check()) is { } nothing)
            return nothing;
        content = JsonSerializer.SerializeToNode(this with { CreateTime = created, LastUpdateTime = updated }, ProtoJson.Options)!.AsObject();
        return Names.TooLong("assessment", content.ToJsonString(), Length);
    }

    private static Refusal? Time(string parameter, string? sent, out string? time)
    {
        time = null;
        if (string.IsNullOrEmpty(sent))
            return null;
        if (!DateTimeOffset.TryParse(sent, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            return Mlflow.InvalidValue($"assessment.{parameter}", sent, "It must be a time as in 2026-03-03T12:00:00Z.");
        time = TraceAnswers.Time(at.ToUnixTimeMilliseconds());
        return null;
    }
}

internal sealed class SourceMessage
{
    public string? SourceType { get; init; }

    public string? SourceId { get; init; }
}

internal sealed class FeedbackMessage
{
    public JsonNode? Value { get; init; }

    public AssessmentError? Error { get; init; }
}

internal sealed class ExpectationMessage
{
    public JsonNode? Value { get; init; }

    public SerializedMessage? SerializedValue { get; init; }

    /// <summary>What clients could not read, and with it the page of traces that it stands on.</summary>
    public Refusal? Check()
    {
        const string Parameter = "assessment.expectation.serialized_value";
        if (SerializedValue is not { } serialized)
            return Value is null ? Mlflow.Invalid("Invalid value for parameter 'assessment.expectation' supplied: The `value` field must be specified.") : null;
        if (serialized.SerializationFormat != "JSON_FORMAT")
            return Mlflow.InvalidValue($"{Parameter}.serialization_format", serialized.SerializationFormat, "It must be JSON_FORMAT.");
        try
        {
            return JsonNode.Parse(serialized.Value ?? "") is { } value
                ? Storable.Check($"{Parameter}.value", value)
                : Mlflow.Invalid($"Invalid value for parameter '{Parameter}.value' supplied: it may not be null.");
        }
        catch (JsonException malformed)
        {
            return Mlflow.InvalidValue($"{Parameter}.value", serialized.Value, malformed.Message);
        }
    }
}

internal sealed class SerializedMessage
{
    public string? SerializationFormat { get; init; }

    public string? Value { get; init; }
}

/// <summary>Why there is no value.</summary>
internal sealed class AssessmentError
{
    public string? ErrorCode { get; init; }

    public string? ErrorMessage { get; init; }

    public string? StackTrace { get; init; }
}
