using Npgsql;
using NpgsqlTypes;

namespace MlLifecycle.Monitoring.Labels;

/// <summary>What became of an upload of labels.</summary>
/// <param name="Rows">Rows it has.</param>
/// <param name="Stored">Labels that are new or differ from the one known.</param>
/// <param name="Unmatched">Labels whose prediction has not come (yet); they count once it does.</param>
/// <param name="RefusedRows">Rows that were left out.</param>
/// <param name="Refused">The first 100 of them, and why.</param>
public sealed record LabelsReceived(long Rows, long Stored, long Unmatched, long RefusedRows, IReadOnlyList<ServiceDefaults.Tables.RefusedRow> Refused);

/// <summary>How a window did, as far as its labels are known.</summary>
/// <param name="Labelled">Predictions of the window with a label.</param>
/// <param name="Accuracy">Of these, the share that was right; null without labels.</param>
/// <param name="MeanAbsoluteError">Of these, how far off they are, when predictions and labels are all numbers.</param>
public sealed record WindowPerformance(int Window, long Rows, long Labelled, double? Accuracy, double? MeanAbsoluteError);

/// <summary>True labels, which come when they come: a table by the id of the prediction.</summary>
public sealed class LabelStore(NpgsqlDataSource source, TimeProvider clock)
{
    private const int Patience = 600;
    private const string Numeric = @"'^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?$'";

    /// <summary>Stores labels, all or nothing; a later label of the same prediction replaces the earlier one.</summary>
    public async Task<(long Stored, long Unmatched)> Add(Guid deployment, Func<Func<long, string, string, Task>, Task> rows, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var table = new NpgsqlCommand("""CREATE TEMP TABLE incoming (n bigint NOT NULL, id text COLLATE "C" NOT NULL, label text NOT NULL) ON COMMIT DROP""", connection))
            await table.ExecuteNonQueryAsync(ct);
        await using (var copy = await connection.BeginBinaryImportAsync("COPY incoming FROM STDIN (FORMAT BINARY)", ct))
        {
            copy.Timeout = TimeSpan.FromSeconds(Patience);
            await rows(async (n, id, label) =>
            {
                await copy.StartRowAsync(ct);
                await copy.WriteAsync(n, NpgsqlDbType.Bigint, ct);
                await copy.WriteAsync(id, NpgsqlDbType.Text, ct);
                await copy.WriteAsync(label, NpgsqlDbType.Text, ct);
            });
            await copy.CompleteAsync(ct);
        }

        // In the order of ids, so that two uploads of the same labels never wait for each other in a circle.
        await using var merge = new NpgsqlCommand("""
            WITH last AS (SELECT DISTINCT ON (id) id, label FROM incoming ORDER BY id, n DESC), stored AS (
                INSERT INTO label AS known (deployment_id, id, label, at) SELECT $1, id, label, $2 FROM last ORDER BY id
                ON CONFLICT (deployment_id, id) DO UPDATE SET label = excluded.label, at = excluded.at WHERE known.label <> excluded.label
                RETURNING 1
            )
            SELECT (SELECT count(*) FROM stored),
                (SELECT count(*) FROM last WHERE NOT EXISTS (SELECT 1 FROM prediction AS p WHERE p.deployment_id = $1 AND p.id = last.id))
            """, connection) { CommandTimeout = Patience };
        merge.Parameters.Add(new() { Value = deployment });
        merge.Parameters.Add(new() { Value = clock.GetUtcNow() });
        (long, long) counts;
        await using (var reader = await merge.ExecuteReaderAsync(ct))
        {
            await reader.ReadAsync(ct);
            counts = (reader.GetInt64(0), reader.GetInt64(1));
        }

        await transaction.CommitAsync(ct);
        return counts;
    }

    /// <summary>The performance of evaluated windows, in their order.</summary>
    public async Task<IReadOnlyList<WindowPerformance>> Performance(Guid deployment, int after, int take, DateTimeOffset? at, CancellationToken ct)
    {
        await using var command = source.CreateCommand($"""
            WITH page AS (
                SELECT span, part, number, rows FROM prediction_window WHERE deployment_id = $1 AND number > $2 ORDER BY number LIMIT $3
            ), labelled AS (
                SELECT w.number, p.prediction, l.label, p.prediction ~ {Numeric} AND l.label ~ {Numeric} AS numeric
                FROM page AS w
                JOIN prediction AS p ON p.deployment_id = $1 AND p.span = w.span AND p.part = w.part
                JOIN label AS l ON l.deployment_id = $1 AND l.id = p.id AND ($4::timestamptz IS NULL OR l.at <= $4)
            )
            SELECT w.number, w.rows, count(l.label), count(*) FILTER (WHERE l.prediction = l.label),
                CASE WHEN bool_and(l.numeric) THEN avg(CASE WHEN l.numeric THEN abs(l.prediction::float8 - l.label::float8) END) END
            FROM page AS w LEFT JOIN labelled AS l USING (number) GROUP BY w.number, w.rows ORDER BY w.number
            """);
        command.CommandTimeout = Patience;
        command.Parameters.Add(new() { Value = deployment });
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = take });
        command.Parameters.Add(new() { Value = (object?)at ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var windows = new List<WindowPerformance>();
        while (await reader.ReadAsync(ct))
        {
            var labelled = reader.GetInt64(2);
            windows.Add(new(
                reader.GetInt32(0), reader.GetInt32(1), labelled, labelled == 0 ? null : (double)reader.GetInt64(3) / labelled, reader.IsDBNull(4) ? null : reader.GetDouble(4)));
        }

        return windows;
    }
}
