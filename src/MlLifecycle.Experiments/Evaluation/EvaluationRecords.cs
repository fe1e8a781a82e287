using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;

namespace MlLifecycle.Experiments.Evaluation;

/// <summary>The records of evaluation datasets. The same inputs are the same record: what comes later is added to what is known of them.</summary>
internal sealed class EvaluationRecords(NpgsqlDataSource source)
{
    private const int AtATime = 500;

    /// <summary>Adds records, all of them or none.</summary>
    /// <returns>How many are new, and how many were added to.</returns>
    public async Task<(int Inserted, int Updated)> Upsert(Guid dataset, IReadOnlyList<JsonObject> records, string by, long now, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // One request at a time on a dataset: records keep the order in which they were sent, and nobody waits in a circle.
        await using (var wait = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))", connection, transaction) { Parameters = { new() { Value = dataset } } })
            await wait.ExecuteNonQueryAsync(cancellation);
        var (inserted, updated) = (0, 0);
        foreach (var some in records.Chunk(AtATime))
        {
            await using var batch = new NpgsqlBatch(connection, transaction);
            foreach (var record in some)
                batch.BatchCommands.Add(Upsert(dataset, record, by, now));
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            do
            {
                if (!await reader.ReadAsync(cancellation))
                    continue; // nothing new was said of it
                if (reader.GetBoolean(0))
                    inserted++;
                else
                    updated++;
            }
            while (await reader.NextResultAsync(cancellation));
        }

        await transaction.CommitAsync(cancellation);
        return (inserted, updated);
    }

    /// <summary>Records in the order they came.</summary>
    public async Task<IReadOnlyList<(long Position, JsonObject Record)>> Read(Guid dataset, long after, long limit, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            SELECT position, id, inputs, expectations, tags, source, created_ms, updated_ms, created_by, updated_by FROM tracking.evaluation_records
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
                ["source"] = reader.IsDBNull(5) ? null : JsonNode.Parse(reader.GetString(5)),
                ["created_time"] = reader.GetInt64(6),
                ["last_update_time"] = reader.GetInt64(7),
                ["created_by"] = reader.GetString(8),
                ["last_updated_by"] = reader.GetString(9),
            }));
        }

        return records;
    }

    private static NpgsqlBatchCommand Upsert(Guid dataset, JsonObject record, string by, long now)
    {
        var command = new NpgsqlBatchCommand(
            """
            INSERT INTO tracking.evaluation_records AS r (dataset, key, id, inputs, expectations, tags, source, created_ms, updated_ms, created_by, updated_by)
            VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6::jsonb, $7::jsonb, $8, $8, $9, $9)
            ON CONFLICT (dataset, key) DO UPDATE SET expectations = r.expectations || excluded.expectations, tags = r.tags || excluded.tags,
                source = coalesce(excluded.source, r.source), updated_ms = excluded.updated_ms, updated_by = excluded.updated_by
            WHERE NOT (r.expectations @> excluded.expectations AND r.tags @> excluded.tags)
            RETURNING xmax = 0
            """);
        foreach (var value in (object[])
            [
                dataset, KeyOf((JsonObject)record["inputs"]!), Guid.CreateVersion7(), record["inputs"]!.ToJsonString(), record["expectations"]?.ToJsonString() ?? "{}",
                record["tags"]?.ToJsonString() ?? "{}", (object?)record["source"]?.ToJsonString() ?? DBNull.Value, now, by,
            ])
            command.Parameters.Add(value is DBNull ? new() { Value = value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text } : new() { Value = value });
        return command;
    }

    // By content, whatever the order in which an object's fields are written.
    internal static string KeyOf(JsonObject inputs) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sorted(inputs)!.ToJsonString())).AsSpan(0, 16));

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => KeyValuePair.Create(f.Key, Sorted(f.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
