using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Marten;
using Npgsql;

namespace MlLifecycle.Experiments.Evaluation;

/// <summary>What is known of a record before more is said of it.</summary>
internal sealed record KnownRecord(Guid Id, JsonObject Expectations, JsonObject Tags, JsonNode? Outputs);

/// <summary>The records of evaluation datasets as they are now: what the log's <see cref="EvaluationRecordsChanged"/> add up to, written in the commits of those.</summary>
internal sealed class EvaluationRecords(NpgsqlDataSource source)
{
    /// <summary>The records of these inputs that are there, by the inputs' digest.</summary>
    public async Task<IReadOnlyDictionary<string, KnownRecord>> Known(Guid dataset, string[] keys, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand("SELECT key, id, expectations, tags, outputs FROM tracking.evaluation_records WHERE dataset = $1 AND key = ANY($2)");
        command.Parameters.Add(new() { Value = dataset });
        command.Parameters.Add(new() { Value = keys });
        var known = new Dictionary<string, KnownRecord>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            known[reader.GetString(0)] = new(reader.GetGuid(1), (JsonObject)JsonNode.Parse(reader.GetString(2))!, (JsonObject)JsonNode.Parse(reader.GetString(3))!, Optional(reader, 4));
        return known;
    }

    /// <summary>Writes what records gained, in the commit of the event that says so. Their tag <c>mlflow.user</c>, which clients set, says who wrote them.</summary>
    public static void Write(IDocumentSession session, Guid dataset, EvaluationRecordsChanged changed) => session.QueueSqlCommand(
        """
        INSERT INTO tracking.evaluation_records AS r (dataset, key, id, inputs, expectations, tags, source, outputs, created_ms, updated_ms, created_by, updated_by)
        SELECT ?, c.key, c.id, coalesce(c.inputs, '{}'), c.expectations, c.tags, nullif(c.source, 'null'), CASE WHEN c.unanswered THEN 'null' ELSE nullif(c.outputs, 'null') END, t.now, t.now, coalesce(c.tags ->> 'mlflow.user', t.by), coalesce(c.tags ->> 'mlflow.user', t.by)
        FROM ROWS FROM (jsonb_to_recordset(?::jsonb) AS (id uuid, key text, inputs jsonb, expectations jsonb, tags jsonb, source jsonb, outputs jsonb, unanswered boolean)) WITH ORDINALITY
            AS c (id, key, inputs, expectations, tags, source, outputs, unanswered, place), (SELECT ?::bigint AS now, ?::text AS by) AS t
        ORDER BY c.place
        ON CONFLICT (dataset, key) DO UPDATE SET expectations = r.expectations || excluded.expectations, tags = r.tags || excluded.tags,
            source = coalesce(excluded.source, r.source), outputs = coalesce(excluded.outputs, r.outputs), updated_ms = excluded.updated_ms, updated_by = excluded.updated_by
        """,
        dataset,
        JsonSerializer.Serialize(changed.Records, JsonSerializerOptions.Web),
        changed.Time,
        changed.By);

    /// <summary>Records in the order they came.</summary>
    public async Task<IReadOnlyList<(long Position, JsonObject Record)>> Read(Guid dataset, long after, long limit, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            SELECT position, id, inputs, expectations, tags, source, created_ms, updated_ms, created_by, updated_by, outputs FROM tracking.evaluation_records
            WHERE dataset = $1 AND position > $2 ORDER BY position LIMIT $3
            """);
        command.Parameters.Add(new() { Value = dataset });
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = limit });
        var records = new List<(long, JsonObject)>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            records.Add((reader.GetInt64(0), new JsonObject
            {
                ["dataset_record_id"] = "dr-" + reader.GetGuid(1).ToString("N"),
                ["dataset_id"] = EvaluationDataset.IdOf(dataset),
                ["inputs"] = JsonNode.Parse(reader.GetString(2)),
                ["expectations"] = JsonNode.Parse(reader.GetString(3)),
                ["tags"] = JsonNode.Parse(reader.GetString(4)),
                ["source"] = Optional(reader, 5),
                ["outputs"] = Optional(reader, 10),
                ["created_time"] = reader.GetInt64(6),
                ["last_update_time"] = reader.GetInt64(7),
                ["created_by"] = reader.GetString(8),
                ["last_updated_by"] = reader.GetString(9),
            }));
        }

        return records;
    }

    private static JsonNode? Optional(NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : JsonNode.Parse(row.GetString(at));

    // By content, whatever the order in which an object's fields are written.
    internal static string KeyOf(JsonObject inputs) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sorted(inputs)!.ToJsonString())).AsSpan(0, 16));

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => KeyValuePair.Create(f.Key, Sorted(f.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
