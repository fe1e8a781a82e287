using System.Text.Json;
using System.Text.Json.Nodes;
using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Evaluation;

/// <summary>
/// Adds records to an evaluation dataset, all of them or none. The same inputs are the same record: what comes later is added to what is known of them,
/// but for where they come from, which is said once.
/// </summary>
internal static class UpsertRecordsSlice
{
    private const int LongestRecord = 1_000_000;
    private static readonly string[] SourceTypes = ["UNSPECIFIED", "TRACE", "HUMAN", "DOCUMENT", "CODE"];

    /// <param name="known">The records of the same inputs that are there, by the inputs' digest.</param>
    /// <param name="sent">The records, checked.</param>
    /// <param name="by">Who sends them.</param>
    /// <param name="now">Milliseconds since 1970.</param>
    public static Decision Decide(IReadOnlyDictionary<string, KnownRecord> known, IReadOnlyList<JsonObject> sent, string by, long now)
    {
        var (inserted, updated) = (0, 0);
        var changes = new OrderedDictionary<string, RecordChange>(StringComparer.Ordinal);
        foreach (var record in sent)
        {
            var inputs = (JsonObject)record["inputs"]!;
            var key = EvaluationRecords.KeyOf(inputs);
            var (expectations, tags) = (Part(record, "expectations"), Part(record, "tags"));
            // Outputs that are null are said to be none; those that are not there are not spoken of.
            var answered = record.TryGetPropertyValue("outputs", out var outputs);
            var present = known.GetValueOrDefault(key);
            if (changes.TryGetValue(key, out var change))
            {
                if (!Adds(expectations, present?.Expectations, change.Expectations) && !Adds(tags, present?.Tags, change.Tags)
                    && (!answered || JsonNode.DeepEquals(outputs, change.Unanswered ? null : change.Outputs ?? present?.Outputs)))
                    continue;
                updated++;
                changes[key] = change with
                {
                    Expectations = Over(change.Expectations, expectations),
                    Tags = Over(change.Tags, tags),
                    Outputs = answered ? outputs : change.Outputs,
                    Unanswered = answered ? outputs is null : change.Unanswered,
                };
            }
            else if (present is null)
            {
                inserted++;
                changes[key] = new(Guid.CreateVersion7(), key, inputs, expectations, tags, record["source"] as JsonObject, outputs);
            }
            else if (Adds(expectations, present.Expectations) || Adds(tags, present.Tags) || (answered && !JsonNode.DeepEquals(outputs, present.Outputs)))
            {
                updated++;
                changes[key] = new(present.Id, key, null, expectations, tags, null, outputs) { Unanswered = answered && outputs is null };
            }
        }

        return changes.Count == 0 ? Nothing : Accept(new EvaluationRecordsChanged(inserted, updated, by, now, [.. changes.Values]));
    }

    public static Task<IResult> Handle(
        string id, Sent<EvaluationMessage> sent, Caller caller, IDocumentSession session, EvaluationRecords records, TimeProvider clock, CancellationToken cancellation) => EvaluationDatasets.With(
        id,
        caller,
        session,
        async dataset =>
        {
            if (Read(sent.Message.Records, out var list) is { } bad)
                return new Refused(bad);
            var users = list.Select(record => EvaluationDatasets.UserOf(record["tags"])).Where(user => user is not null);
            var by = users.LastOrDefault() ?? (sent.Message.UpdatedBy is { Length: > 0 } named ? named : caller.Actor);
            var keys = list.Select(record => EvaluationRecords.KeyOf((JsonObject)record["inputs"]!)).Distinct().ToArray();
            var inserted = 0;
            var outcome = await session.Decide<EvaluationDataset>(
                dataset.Id,
                caller.Origin,
                async (present, cancel) =>
                {
                    if (!present.Active)
                        return EvaluationDatasets.NotFound(id);
                    var decision = Decide(await records.Known(dataset.Id, keys, cancel), list, by, clock.GetUtcNow().ToUnixTimeMilliseconds());
                    inserted = decision.Events is [EvaluationRecordsChanged changed] ? changed.Inserted : 0;
                    return decision;
                },
                cancellation,
                alongside: (work, _, events) => EvaluationRecords.Write(work, dataset.Id, (EvaluationRecordsChanged)events[0]));
            // A record that says nothing new counts as an update to clients, and is none to the log.
            return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Of(new { inserted_count = inserted, updated_count = list.Count - inserted });
        },
        cancellation);

    // A client that reads a source of a type it does not know, or with a member it has no place for, can read none of the records.
    private static Refusal? Source(string parameter, JsonObject? source) => source switch
    {
        null => null,
        _ when source["source_type"] is not JsonValue type || !type.TryGetValue(out string? said) || !SourceTypes.Contains(said.ToUpperInvariant()) =>
            Mlflow.Invalid($"Invalid value for parameter '{parameter}.source_type' supplied: it must be one of {string.Join(", ", SourceTypes)}."),
        _ when source["source_data"] is not (null or JsonObject) => Mlflow.Invalid($"Invalid value for parameter '{parameter}.source_data' supplied: an object is expected."),
        _ => source.Select(member => member.Key).FirstOrDefault(name => name is not ("source_type" or "source_data")) is { } unknown
            ? Mlflow.Invalid($"Invalid value for parameter '{parameter}' supplied: it has no member {Mlflow.Quoted(unknown)}, only source_type and source_data.")
            : null,
    };

    private static JsonObject Part(JsonObject record, string name) => record[name] as JsonObject ?? [];

    // Whether something is said that the latest layer which has the field, or else an earlier one, does not say already.
    private static bool Adds(JsonObject said, params ReadOnlySpan<JsonObject?> layers)
    {
        foreach (var (name, value) in said)
        {
            var (has, present) = (false, (JsonNode?)null);
            foreach (var layer in layers)
            {
                if (layer is not null && layer.TryGetPropertyValue(name, out var there))
                    (has, present) = (true, there);
            }

            if (!has || !JsonNode.DeepEquals(present, value))
                return true;
        }

        return false;
    }

    private static JsonObject Over(JsonObject below, JsonObject above)
    {
        var result = (JsonObject)below.DeepClone();
        foreach (var (name, value) in above)
            result[name] = value?.DeepClone();
        return result;
    }

    private static Refusal? Read(string? text, out List<JsonObject> records)
    {
        records = [];
        if (string.IsNullOrEmpty(text))
            return Mlflow.Missing("records");
        try
        {
            if (JsonNode.Parse(text) is not JsonArray list)
                return Mlflow.Invalid("Invalid value for parameter 'records' supplied: a JSON list is expected.");
            if (list.Count > EvaluationDatasets.RecordsAtOnce)
                return Mlflow.Invalid($"At most {EvaluationDatasets.RecordsAtOnce} records can be sent in one request. Got {list.Count}.");
            for (var i = 0; i < list.Count; i++)
            {
                if (list[i] is not JsonObject record || record["inputs"] is not JsonObject)
                    return Mlflow.Invalid($"Invalid value for parameter 'records[{i}].inputs' supplied: an object is expected.");
                foreach (var part in (string[])["expectations", "tags", "source"])
                {
                    if (record[part] is not (null or JsonObject))
                        return Mlflow.Invalid($"Invalid value for parameter 'records[{i}].{part}' supplied: an object is expected.");
                }

                if ((Storable.Check($"records[{i}]", record) ?? Source($"records[{i}].source", record["source"] as JsonObject)) is { } bad)
                    return bad;
                if (record.ToJsonString().Length > LongestRecord)
                    return Mlflow.Invalid($"Invalid value for parameter 'records[{i}]' supplied: it is longer than {LongestRecord} characters.");
                records.Add(record);
            }

            return null;
        }
        catch (Exception malformed) when (malformed is JsonException or ArgumentException or InvalidOperationException)
        {
            return Mlflow.Invalid($"Invalid value for parameter 'records' supplied: it is not valid JSON: {malformed.Message}");
        }
    }
}
