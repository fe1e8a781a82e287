using System.Text.Json;
using System.Text.Json.Nodes;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Runs;

internal sealed class LogModelMessage
{
    public string? RunId { get; init; }

    public string? ModelJson { get; init; }
}

/// <summary>Notes a model's description among the run's tags, in the list that MLflow keeps there.</summary>
internal static class LogModelSlice
{
    public const string HistoryTag = "mlflow.log-model.history";

    private static readonly string[] Mandatory = ["artifact_path", "flavors", "utc_time_created", "run_id"];

    // What the list tells of a model. The bulk of its description stands in its own file.
    private static readonly string[] Told = [.. Mandatory, "model_uuid"];

    public static Decision Decide(Run run, JsonObject model)
    {
        if (Rules.Active(run) is { } deleted)
            return deleted;
        var list = List(run.Tags.GetValueOrDefault(HistoryTag));
        if (list.Any(present => JsonNode.DeepEquals(present, model)))
            return Nothing;
        list.Add(model.DeepClone());
        // The newest that fit: a list cut off in the middle would be none.
        while (list.Count > 1 && list.ToJsonString().Length > Names.TagValue)
            list.RemoveAt(0);
        return list.ToJsonString() is { Length: <= Names.TagValue } text
            ? Accept(new TagsSet(new Dictionary<string, string>(StringComparer.Ordinal) { [HistoryTag] = text }))
            : Mlflow.Invalid($"'model_json' is longer than the {Names.TagValue} characters that a tag holds.");
    }

    public static Refusal? Check(string? json, out JsonObject model)
    {
        model = [];
        if (string.IsNullOrEmpty(json))
            return Mlflow.Missing("model_json");
        try
        {
            model = JsonNode.Parse(json) as JsonObject ?? throw new JsonException("it is no object");
        }
        catch (JsonException malformed)
        {
            return Mlflow.Invalid($"Malformed model info. 'model_json' is not valid JSON: {malformed.Message}");
        }

        var present = model;
        if (Mandatory.Where(field => !present.ContainsKey(field)).ToList() is { Count: > 0 } missing)
            return Mlflow.Invalid($"Model json is missing mandatory fields: {string.Join(", ", missing)}.");
        foreach (var field in present.Select(entry => entry.Key).Except(Told, StringComparer.Ordinal).ToList())
            model.Remove(field);
        foreach (var (_, flavor) in model["flavors"] as JsonObject ?? [])
            (flavor as JsonObject)?.Remove("config");
        return null;
    }

    public static async Task<IResult> Handle(Sent<LogModelMessage> sent, Caller caller, RunJournal journal, CancellationToken cancellation)
    {
        if (Rules.Named(sent.Message.RunId, null, out var run) is { } badRun)
            return new Refused(badRun);
        if (Check(sent.Message.ModelJson, out var model) is { } bad)
            return new Refused(bad);
        var outcome = await journal.Commit(new(run, caller.Origin, state => Decide(state, model)) { Tags = [HistoryTag] }, cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }

    // Somebody may have put other text under that tag; then the list begins anew.
    private static JsonArray List(string? tag)
    {
        try
        {
            return tag is null ? [] : JsonNode.Parse(tag) as JsonArray ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
