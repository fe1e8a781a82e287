using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace MlLifecycle.Monitoring.Predictions;

/// <summary>What became of an upload's good rows.</summary>
/// <param name="Stored">Predictions that are new.</param>
/// <param name="Late">Of these, those whose window was closed before they came; they count in performance, not in a window.</param>
/// <param name="WindowsClosed">Windows that they completed.</param>
public sealed record Intake(long Stored, long Late, int WindowsClosed);

/// <summary>
/// The predictions: a table written with binary COPY, not events; an event per prediction would cost a hundred times as much and say no more.
/// All rows of an upload get their place in a window, in the order of the upload, in one transaction.
/// </summary>
public sealed class PredictionStore(NpgsqlDataSource source, TimeProvider clock)
{
    private const int Patience = 600; // seconds, for the largest uploads

    // Under the lock of the deployment's row in prediction_intake: duplicates are left out, every other row gets the next place of its span.
    private const string Place = """
        WITH fresh AS (
            SELECT i.*, CASE WHEN $2::int IS NULL THEN 0 ELSE floor(extract(epoch FROM i.at) / $2)::bigint END AS span
            FROM (SELECT DISTINCT ON (id) * FROM incoming ORDER BY id, n) AS i
            WHERE NOT EXISTS (SELECT 1 FROM prediction AS p WHERE p.deployment_id = $1 AND p.id = i.id)
        ), stored AS (
            INSERT INTO prediction (deployment_id, id, at, latency_ms, prediction, score, features, span, part)
            SELECT $1, f.id, f.at, f.latency_ms, f.prediction, f.score, f.features, f.span,
                CASE WHEN f.span >= $4 THEN (coalesce(s.rows, 0) + row_number() OVER (PARTITION BY f.span ORDER BY f.n) - 1) / $3 END
            FROM fresh AS f LEFT JOIN prediction_span AS s ON s.deployment_id = $1 AND s.span = f.span
            RETURNING span, part, at
        ), spans AS (
            INSERT INTO prediction_span AS known (deployment_id, span, rows)
            SELECT $1, span, count(*) FROM stored WHERE part IS NOT NULL GROUP BY span
            ON CONFLICT (deployment_id, span) DO UPDATE SET rows = known.rows + excluded.rows
        ), windows AS (
            INSERT INTO prediction_window AS known (deployment_id, span, part, rows)
            SELECT $1, span, part, count(*) FROM stored WHERE part IS NOT NULL GROUP BY span, part
            ON CONFLICT (deployment_id, span, part) DO UPDATE SET rows = known.rows + excluded.rows
        )
        SELECT count(*), count(*) FILTER (WHERE part IS NULL), max(at) FROM stored
        """;

    private const string Close = """
        UPDATE prediction_window SET closed_by = CASE WHEN rows >= $2 THEN 'rows' ELSE 'time' END, correlation = $4
        WHERE deployment_id = $1 AND closed_by IS NULL AND number IS NULL AND (rows >= $2 OR span < $3)
        """;

    /// <summary>Stores predictions and closes the windows they complete, all or nothing.</summary>
    /// <param name="rows">Called once; streams the predictions, numbered in order.</param>
    public async Task<Intake> Add(
        Deployment deployment, string correlation, Func<Func<long, Prediction, Task>, Task> rows, CancellationToken ct)
    {
        var plan = deployment.Plan!;
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await Run(connection, """
            CREATE TEMP TABLE incoming (
                n bigint NOT NULL, id text COLLATE "C" NOT NULL, at timestamptz NOT NULL, latency_ms float8, prediction text, score float8, features json NOT NULL
            ) ON COMMIT DROP
            """, [], ct);
        await using (var copy = await connection.BeginBinaryImportAsync("COPY incoming FROM STDIN (FORMAT BINARY)", ct))
        {
            copy.Timeout = TimeSpan.FromSeconds(Patience);
            await rows((n, prediction) => Write(copy, n, prediction, ct));
            await copy.CompleteAsync(ct);
        }

        await Run(connection, "ANALYZE incoming", [], ct);
        await Run(
            connection,
            "INSERT INTO prediction_intake (deployment_id, seconds, grace_seconds, last_received) VALUES ($1, $2, $3, $4) ON CONFLICT (deployment_id) DO NOTHING",
            [deployment.Id, Nullable(plan.WindowSeconds), plan.GraceSeconds, clock.GetUtcNow()],
            ct);
        var closedBefore = Convert.ToInt64(
            await Scalar(connection, "SELECT closed_before FROM prediction_intake WHERE deployment_id = $1 FOR UPDATE", [deployment.Id], ct), CultureInfo.InvariantCulture);
        long stored, late;
        DateTime? latest;
        await using (var place = Command(connection, Place, [deployment.Id, Nullable(plan.WindowSeconds), plan.WindowRows, closedBefore]))
        await using (var counts = await place.ExecuteReaderAsync(ct))
        {
            await counts.ReadAsync(ct);
            (stored, late, latest) = (counts.GetInt64(0), counts.GetInt64(1), counts.IsDBNull(2) ? null : counts.GetDateTime(2));
        }

        closedBefore = Convert.ToInt64(await Scalar(connection, """
            UPDATE prediction_intake SET
                last_received = $3,
                latest_at = greatest(latest_at, $2),
                closed_before = CASE WHEN seconds IS NULL OR $2 IS NULL THEN closed_before
                    ELSE greatest(closed_before, floor((extract(epoch FROM greatest(latest_at, $2)) - grace_seconds) / seconds)::bigint) END
            WHERE deployment_id = $1 RETURNING closed_before
            """, [deployment.Id, new NpgsqlParameter { Value = (object?)latest ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz }, clock.GetUtcNow()], ct), CultureInfo.InvariantCulture);
        var closed = await Run(connection, Close, [deployment.Id, plan.WindowRows, closedBefore, correlation], ct);
        await transaction.CommitAsync(ct);
        return new(stored, late, closed);
    }

    /// <summary>Closes spans of time that are over, where nothing has come for as long as their grace: a stream that ended does not leave its last window open.</summary>
    public async Task<int> CloseQuietSpans(string correlation, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var closed = await Run(connection, """
            WITH quiet AS (
                SELECT deployment_id FROM prediction_intake AS i
                WHERE seconds IS NOT NULL AND last_received < $1 - make_interval(secs => grace_seconds)
                    AND EXISTS (
                        SELECT 1 FROM prediction_window AS w WHERE w.deployment_id = i.deployment_id AND w.number IS NULL AND w.closed_by IS NULL
                            AND w.span < floor((extract(epoch FROM $1) - i.grace_seconds) / i.seconds))
                FOR UPDATE SKIP LOCKED
            ), ended AS (
                UPDATE prediction_intake AS i SET closed_before = greatest(closed_before, floor((extract(epoch FROM $1) - grace_seconds) / seconds)::bigint)
                FROM quiet WHERE i.deployment_id = quiet.deployment_id RETURNING i.deployment_id, i.closed_before
            )
            UPDATE prediction_window AS w SET closed_by = 'time', correlation = $2
            FROM ended WHERE w.deployment_id = ended.deployment_id AND w.closed_by IS NULL AND w.number IS NULL AND w.span < ended.closed_before
            """, [clock.GetUtcNow(), correlation], ct);
        await transaction.CommitAsync(ct);
        return closed;
    }

    private static async Task Write(NpgsqlBinaryImporter copy, long n, Prediction p, CancellationToken ct)
    {
        await copy.StartRowAsync(ct);
        await copy.WriteAsync(n, NpgsqlDbType.Bigint, ct);
        await copy.WriteAsync(p.Id, NpgsqlDbType.Text, ct);
        await copy.WriteAsync(p.At.ToUniversalTime(), NpgsqlDbType.TimestampTz, ct);
        await (p.LatencyMs is { } latency ? copy.WriteAsync(latency, NpgsqlDbType.Double, ct) : copy.WriteNullAsync(ct));
        await (p.Output is { } output ? copy.WriteAsync(output, NpgsqlDbType.Text, ct) : copy.WriteNullAsync(ct));
        await (p.Score is { } score ? copy.WriteAsync(score, NpgsqlDbType.Double, ct) : copy.WriteNullAsync(ct));
        await copy.WriteAsync(p.Features, NpgsqlDbType.Json, ct);
    }

    private static NpgsqlParameter Nullable(int? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer };

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Patience };
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter as NpgsqlParameter ?? new() { Value = parameter });
        return command;
    }

    private static async Task<int> Run(NpgsqlConnection connection, string sql, object[] parameters, CancellationToken ct)
    {
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<object?> Scalar(NpgsqlConnection connection, string sql, object[] parameters, CancellationToken ct)
    {
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteScalarAsync(ct);
    }
}
