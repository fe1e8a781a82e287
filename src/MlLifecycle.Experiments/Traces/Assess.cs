using System.Text.Json.Nodes;
using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Traces;

internal sealed class AssessMessage
{
    public AssessmentMessage? Assessment { get; init; }

    public string? UpdateMask { get; init; }
}

/// <summary>Says how good a trace is (feedback), or what would have been right (expectation): people, code and judging models do.</summary>
internal static class AssessSlice
{
    private static readonly string[] Changeable = ["assessment_name", "feedback", "expectation", "rationale", "metadata", "valid", "source"];

    public static Decision Give(Trace trace, TraceAssessed assessment)
    {
        if (trace.Assessments.ContainsKey(assessment.AssessmentId))
            return Nothing;
        var content = JsonNode.Parse(assessment.Content)!.AsObject();
        if (Overridden(content) is not { } earlier)
            return Accept(assessment);
        if (!trace.Assessments.TryGetValue(earlier, out var overridden))
            return Unknown(trace, earlier);
        // What is overridden stays readable, and no longer counts.
        var invalid = JsonNode.Parse(overridden)!.AsObject();
        invalid["valid"] = false;
        return Accept(assessment, new TraceAssessed(earlier, invalid.ToJsonString()));
    }

    public static Decision Change(Trace trace, string id, JsonObject changes, IReadOnlyCollection<string> fields, string now)
    {
        if (!trace.Assessments.TryGetValue(id, out var present))
            return Unknown(trace, id);
        var content = JsonNode.Parse(present)!.AsObject();
        if (content["feedback"] is not null && fields.Contains("expectation") && changes["expectation"] is not null)
            return Mlflow.Invalid("Cannot update expectation value on a Feedback assessment.");
        if (content["expectation"] is not null && fields.Contains("feedback") && changes["feedback"] is not null)
            return Mlflow.Invalid("Cannot update feedback value on an Expectation assessment.");
        var before = content.DeepClone();
        foreach (var field in fields)
        {
            content[field] = field switch
            {
                "expectation" => Expected(changes[field]),
                "metadata" => Merged(content[field], changes[field]),
                _ => changes[field]?.DeepClone(),
            };
        }

        if (JsonNode.DeepEquals(before, content))
            return Nothing;
        content["last_update_time"] = now;
        return content["feedback"] is not null == content["expectation"] is not null
            ? Mlflow.Invalid("An assessment is either feedback or an expectation.")
            : Accept(new TraceAssessed(id, content.ToJsonString()));
    }

    public static Decision Withdraw(Trace trace, string id)
    {
        if (!trace.Assessments.TryGetValue(id, out var present))
            return Nothing; // a retry, as clients may
        var withdrawn = new AssessmentWithdrawn(id);
        var earlier = Overridden(JsonNode.Parse(present)!.AsObject());
        // What it overrode counts again, unless another one overrides that too.
        if (earlier is null || !trace.Assessments.TryGetValue(earlier, out var overridden)
            || trace.Assessments.Any(other => other.Key != id && Overridden(JsonNode.Parse(other.Value)!.AsObject()) == earlier))
            return Accept(withdrawn);
        var valid = JsonNode.Parse(overridden)!.AsObject();
        valid["valid"] = true;
        return Accept(withdrawn, new TraceAssessed(earlier, valid.ToJsonString()));
    }

    // Metadata are added to, and never taken away.
    private static JsonObject? Merged(JsonNode? present, JsonNode? added)
    {
        if (present is not JsonObject kept)
            return added?.DeepClone() as JsonObject;
        var merged = kept.DeepClone().AsObject();
        foreach (var (key, value) in added as JsonObject ?? [])
            merged[key] = value?.DeepClone();
        return merged;
    }

    private static string? Overridden(JsonObject content) => Text(content["overrides"]) is { Length: > 0 } earlier ? earlier : null;

    // The protocol has plain values as they are, and what is made of several as its JSON in a string.
    private static JsonNode? Expected(JsonNode? expectation) => expectation is JsonObject sent && sent["value"] is JsonObject or JsonArray
        ? new JsonObject { ["serialized_value"] = new JsonObject { ["serialization_format"] = "JSON_FORMAT", ["value"] = expectation["value"]!.ToJsonString() } }
        : expectation?.DeepClone();

    /// <summary>Checks an assessment and fills in what the client left out.</summary>
    public static Refusal? Check(AssessmentMessage sent, string traceId, Caller caller, TimeProvider clock, out TraceAssessed assessment)
    {
        assessment = null!;
        if (string.IsNullOrEmpty(sent.AssessmentName))
            return Mlflow.Missing("assessment.assessment_name");
        if (Names.TooLong("assessment.assessment_name", sent.AssessmentName, Names.Key) is { } tooLong)
            return tooLong;
        if (sent.Feedback is null == sent.Expectation is null)
            return Mlflow.Invalid("Exactly one of assessment.feedback and assessment.expectation must be given.");
        var (id, now) = (sent.AssessmentId is { Length: > 0 and <= 50 } given ? given : "a-" + caller.NewId("assessment").ToString("N"), TraceAnswers.Time(clock.GetUtcNow().ToUnixTimeMilliseconds()));
        var whole = sent with
        {
            AssessmentId = id,
            TraceId = traceId,
            Source = sent.Source ?? new() { SourceType = "HUMAN", SourceId = caller.Actor },
            CreateTime = string.IsNullOrEmpty(sent.CreateTime) ? now : sent.CreateTime,
            LastUpdateTime = string.IsNullOrEmpty(sent.LastUpdateTime) ? now : sent.LastUpdateTime,
            Valid = sent.Valid ?? true,
        };
        if (whole.Write(out var content) is { } bad)
            return bad;
        if (content["expectation"] is { } expectation)
            content["expectation"] = Expected(expectation);
        assessment = new(id, content.ToJsonString());
        return null;
    }

    public static async Task<IResult> Handle(string id, Sent<AssessMessage> sent, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        if (sent.Message.Assessment is not { } message)
            return new Refused(Mlflow.Missing("assessment"));
        return Check(message, id, caller, clock, out var assessment) is { } bad
            ? new Refused(bad)
            : await Commit(session, caller, id, assessment.AssessmentId, trace => Give(trace, assessment), cancellation);
    }

    public static async Task<IResult> HandleChange(
        string id, string assessment, Sent<AssessMessage> sent, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        if (sent.Message.Assessment is not { } message)
            return new Refused(Mlflow.Missing("assessment"));
        if (message.Write(out var changes) is { } bad)
            return new Refused(bad);
        string[] fields = sent.Message.UpdateMask is { Length: > 0 } mask
            ? [.. mask.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(f => f.StartsWith("assessment.", StringComparison.Ordinal) ? f["assessment.".Length..] : f).Select(Snake)]
            : [.. Changeable.Where(changes.ContainsKey)];
        if (fields.FirstOrDefault(f => !Changeable.Contains(f)) is { } other)
            return new Refused(Mlflow.Invalid($"Invalid value for parameter 'update_mask' supplied: '{other}' cannot be changed; {string.Join(", ", Changeable)} can."));
        var now = TraceAnswers.Time(clock.GetUtcNow().ToUnixTimeMilliseconds());
        return await Commit(session, caller, id, assessment, trace => Change(trace, assessment, changes, fields, now), cancellation);
    }

    public static async Task<IResult> HandleWithdraw(string id, string assessment, Caller caller, IDocumentSession session, CancellationToken cancellation)
    {
        var outcome = await session.Decide<Trace>(
            Trace.IdOf(caller.ProjectId, id), caller.Origin, trace => trace.Active ? Withdraw(trace, assessment) : Nothing, cancellation, alongside: TraceRows.Write);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }

    public static async Task<IResult> HandleGet(string id, string assessment, Caller caller, IQuerySession session, CancellationToken cancellation)
    {
        if (await session.LoadAsync<Trace>(Trace.IdOf(caller.ProjectId, id), cancellation) is not { Active: true } trace)
            return new Refused(RecordTraceSlice.Unknown(id));
        return trace.Assessments.TryGetValue(assessment, out var content) ? Answer.Of(new { Assessment = JsonNode.Parse(content) }) : new Refused(Unknown(trace, assessment));
    }

    private static Refusal Unknown(Trace trace, string id) => Mlflow.Unknown($"Assessment with ID '{Names.Cut(id, 200)}' not found for trace '{trace.TraceId}'");

    // Field masks may come in either spelling.
    private static string Snake(string field) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(field);

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static async Task<IResult> Commit(
        IDocumentSession session, Caller caller, string id, string assessment, Func<Trace, Decision> decide, CancellationToken cancellation)
    {
        var outcome = await session.Decide<Trace>(
            Trace.IdOf(caller.ProjectId, id), caller.Origin, trace => trace.Active ? decide(trace) : RecordTraceSlice.Unknown(id), cancellation, alongside: TraceRows.Write);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Of(new { Assessment = JsonNode.Parse(outcome.State.Assessments[assessment]) });
    }
}
