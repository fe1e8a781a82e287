using System.Text.Json;
using MlLifecycle.Experiments.Metrics;
using Npgsql;
using NpgsqlTypes;

namespace MlLifecycle.Experiments.Runs;

/// <summary>Brings the tables up to what was decided: a few statements for any number of runs, in one round trip.</summary>
internal static class RunTables
{
    public static async Task Write(NpgsqlConnection connection, IReadOnlyList<RunInWork> runs)
    {
        await using var batch = new NpgsqlBatch(connection);
        Runs(batch, runs);
        Params(batch, runs);
        Tags(batch, runs);
        Inputs(batch, runs);
        Models(batch, runs);
        Metrics(batch, runs);
        if (runs.Any(run => run.Points.Any(point => point.Model is not null)))
            ModelMetrics(batch, runs);
        if (batch.BatchCommands.Count > 0)
            await batch.ExecuteNonQueryAsync();
    }

    private static void Runs(NpgsqlBatch batch, IReadOnlyList<RunInWork> runs)
    {
        var created = runs.Where(r => r.New && r.State.Exists).ToList();
        if (created.Count > 0)
        {
            Add(
                batch,
                """
                INSERT INTO tracking.runs (run, id, experiment, name, user_id, status, started_ms, ended_ms, deleted, param_marks, recorded)
                SELECT *, now() FROM unnest($1::bigint[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::boolean[], $10::bigint[])
                """,
                Array(created, r => r.Key),
                Array(created, r => r.Id),
                Array(created, r => r.Experiment),
                Array(created, r => r.State.Name),
                Array(created, r => r.State.User),
                Array(created, r => Protocol.ProtoJson.NameOf(r.State.Status)),
                Array(created, r => r.State.StartTime),
                Array(created, r => r.State.EndTime),
                Array(created, r => r.State.Deleted),
                Array(created, r => r.Marks));
        }

        var changed = runs.Where(r => !r.New && Head(r.Before) != Head(r.State)).ToList();
        if (changed.Count > 0)
        {
            Add(
                batch,
                """
                UPDATE tracking.runs r SET name = c.name, status = c.status, ended_ms = c.ended_ms, deleted = c.deleted, revision = r.revision + 1, param_marks = c.param_marks,
                    deleted_at = CASE WHEN NOT c.deleted THEN NULL WHEN r.deleted THEN r.deleted_at ELSE now() END
                FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::bigint[]) AS c(run, name, status, ended_ms, deleted, param_marks) WHERE r.run = c.run
                """,
                Array(changed, r => r.Key),
                Array(changed, r => r.State.Name),
                Array(changed, r => Protocol.ProtoJson.NameOf(r.State.Status)),
                Array(changed, r => r.State.EndTime),
                Array(changed, r => r.State.Deleted),
                Array(changed, r => r.Marks));
        }

        var touched = runs.Where(r => !r.New && Head(r.Before) == Head(r.State)).ToList();
        if (touched.Count > 0)
        {
            Add(
                batch,
                "UPDATE tracking.runs r SET revision = r.revision + 1, param_marks = t.param_marks FROM unnest($1::bigint[], $2::bigint[]) AS t(run, param_marks) WHERE r.run = t.run",
                Array(touched, r => r.Key),
                Array(touched, r => r.Marks));
        }

        static (string, RunStatus, long?, bool) Head(Run run) => (run.Name, run.Status, run.EndTime, run.Deleted);
    }

    private static void Params(NpgsqlBatch batch, IReadOnlyList<RunInWork> runs)
    {
        var rows = runs.SelectMany(r => r.Events.Select(e => e.Event).OfType<ParamsLogged>().SelectMany(e => e.Params).Select(p => (Run: r, p.Key, p.Value))).ToList();
        if (rows.Count == 0)
            return;
        Add(
            batch,
            "INSERT INTO tracking.params (run, experiment, key, value) SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[])",
            Array(rows, r => r.Run.Key),
            Array(rows, r => r.Run.Experiment),
            Array(rows, r => r.Key),
            Array(rows, r => r.Value));
        var marked = rows.Select(r => r.Run).Where(r => !r.New).Distinct().ToList();
        if (marked.Count > 0)
        {
            Add(
                batch,
                "UPDATE tracking.metrics t SET param_marks = m.param_marks FROM unnest($1::bigint[], $2::bigint[]) AS m(run, param_marks) WHERE t.run = m.run",
                Array(marked, r => r.Key),
                Array(marked, r => r.Marks));
        }
    }

    private static void Tags(NpgsqlBatch batch, IReadOnlyList<RunInWork> runs)
    {
        var touched = runs.SelectMany(r => r.Events.SelectMany(e => Keys(e.Event)).Distinct().Select(key => (Run: r, Key: key, Value: r.State.Tags.GetValueOrDefault(key)))).ToList();
        var set = touched.Where(t => t.Value is not null).ToList();
        if (set.Count > 0)
        {
            Add(
                batch,
                """
                INSERT INTO tracking.tags (run, experiment, key, value) SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[])
                ON CONFLICT (run, key) DO UPDATE SET value = excluded.value
                """,
                Array(set, t => t.Run.Key),
                Array(set, t => t.Run.Experiment),
                Array(set, t => t.Key),
                Array(set, t => t.Value!));
        }

        var removed = touched.Where(t => t.Value is null).ToList();
        if (removed.Count > 0)
        {
            Add(
                batch,
                "DELETE FROM tracking.tags t USING unnest($1::bigint[], $2::text[]) AS g(run, key) WHERE t.run = g.run AND t.key = g.key",
                Array(removed, t => t.Run.Key),
                Array(removed, t => t.Key));
        }

        static IEnumerable<string> Keys(object @event) => @event switch
        {
            RunCreated e => e.Tags.Keys,
            TagsSet e => e.Tags.Keys,
            TagRemoved e => [e.Key],
            RunRenamed => [Protocol.Mlflow.RunNameTag],
            _ => [],
        };
    }

    private static void Inputs(NpgsqlBatch batch, IReadOnlyList<RunInWork> runs)
    {
        var rows = runs
            .Where(r => r.State.Inputs.Count > r.Before.Inputs.Count)
            .SelectMany(r => r.State.Inputs.Select((input, position) => (Run: r, Input: input, Position: position)).Skip(r.Before.Inputs.Count))
            .ToList();
        if (rows.Count == 0)
            return;
        Add(
            batch,
            """
            INSERT INTO tracking.inputs (run, experiment, name, digest, position, source_type, source, schema, profile, context, tags)
            SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::jsonb[])
            """,
            Array(rows, r => r.Run.Key),
            Array(rows, r => r.Run.Experiment),
            Array(rows, r => r.Input.Name),
            Array(rows, r => r.Input.Digest),
            Array(rows, r => r.Position),
            Array(rows, r => r.Input.SourceType),
            Array(rows, r => r.Input.Source),
            Array(rows, r => r.Input.Schema),
            Array(rows, r => r.Input.Profile),
            Array(rows, r => r.Input.Context),
            new NpgsqlParameter { Value = Array(rows, r => JsonSerializer.Serialize(r.Input.Tags)), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb });
    }

    private static void Models(NpgsqlBatch batch, IReadOnlyList<RunInWork> runs)
    {
        var rows = runs
            .Where(r => r.State.Models.Count > r.Before.Models.Count)
            .SelectMany(r => r.State.Models.Select((model, position) => (Run: r, Model: model, Position: position)).Skip(r.Before.Models.Count))
            .ToList();
        if (rows.Count == 0)
            return;
        Add(
            batch,
            "INSERT INTO tracking.run_models (run, model_id, output, step, position) SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bigint[], $5::int[])",
            Array(rows, r => r.Run.Key),
            Array(rows, r => r.Model.ModelId),
            Array(rows, r => r.Model.Output),
            Array(rows, r => r.Model.Step),
            Array(rows, r => r.Position));
    }

    // How points are compared, as MetricPoint.IsAfter does. To PostgreSQL not-a-number would be the largest value.
    private const string Sent = "(excluded.step, excluded.timestamp_ms, CASE WHEN excluded.value = 'NaN' THEN 0 ELSE excluded.value END)";
    private const string Known = "(m.step, m.timestamp_ms, CASE WHEN m.value = 'NaN' THEN 0 ELSE m.value END)";

    // The latest values first, which also gives each metric its series; then its points as one chunk. All in one statement.
    private static void Metrics(NpgsqlBatch batch, IReadOnlyList<RunInWork> runs)
    {
        var rows = new List<(RunInWork Run, MetricPoint Latest, List<MetricPoint> Points)>();
        foreach (var run in runs.Where(run => run.Points.Count > 0))
        {
            var known = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var point in run.Points)
            {
                if (!known.TryGetValue(point.Key, out var at))
                {
                    known.Add(point.Key, at = rows.Count);
                    rows.Add((run, point, []));
                }
                else if (point.IsAfter(rows[at].Latest))
                    rows[at] = rows[at] with { Latest = point };

                rows[at].Points.Add(point);
            }
        }

        if (rows.Count == 0)
            return;
        Add(
            batch,
            $"""
            WITH latest AS (
                SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::double precision[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[])
                    AS l(run, experiment, key, timestamp_ms, step, value, param_marks, first_ms, last_ms, points)
            ), written AS (
                INSERT INTO tracking.metrics AS m (run, experiment, key, timestamp_ms, step, value, param_marks)
                SELECT run, experiment, key, timestamp_ms, step, value, param_marks FROM latest ORDER BY run, key
                ON CONFLICT (run, key) DO UPDATE SET
                    timestamp_ms = CASE WHEN {Sent} > {Known} THEN excluded.timestamp_ms ELSE m.timestamp_ms END,
                    step = greatest(excluded.step, m.step),
                    value = CASE WHEN {Sent} > {Known} THEN excluded.value ELSE m.value END
                RETURNING series, run, key
            )
            INSERT INTO tracking.chunks (series, first_ms, last_ms, recorded, points)
            SELECT w.series, l.first_ms, l.last_ms, now(), l.points FROM latest l JOIN written w ON w.run = l.run AND w.key = l.key
            """,
            Array(rows, r => r.Run.Key),
            Array(rows, r => r.Run.Experiment),
            Array(rows, r => r.Latest.Key),
            Array(rows, r => r.Latest.Timestamp),
            Array(rows, r => r.Latest.Step),
            Array(rows, r => r.Latest.Value),
            Array(rows, r => r.Run.Marks),
            Array(rows, r => r.Points.Min(p => p.Timestamp)),
            Array(rows, r => r.Points.Max(p => p.Timestamp)),
            Array(rows, r => Chunk.Encode(r.Points)));
    }

    // The points of a logged model's metrics; a model of another project, or none, gets nothing.
    private static void ModelMetrics(NpgsqlBatch batch, IReadOnlyList<RunInWork> runs)
    {
        var points = runs.SelectMany(run => run.Points.Where(p => p.Model is not null).Select(p => (Run: run, Point: p, Model: p.Model!)))
            .GroupBy(p => (p.Model, p.Point.Key, p.Point.Timestamp, p.Point.Step, p.Run.Id))
            .Select(same => same.Last())
            .ToList();
        if (points.Count == 0)
            return;
        Add(
            batch,
            """
            INSERT INTO tracking.model_metrics (model, key, dataset_name, dataset_digest, run, timestamp_ms, step, value)
            SELECT l.id, p.key, p.dataset_name, p.dataset_digest, p.run, p.timestamp_ms, p.step, p.value
            FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::bigint[], $8::double precision[], $9::uuid[])
                AS p(model, key, dataset_name, dataset_digest, run, timestamp_ms, step, value, project)
            JOIN tracking.logged_models l ON l.id = p.model AND l.project = p.project
            ON CONFLICT (model, key, timestamp_ms, step, run, md5(dataset_name), dataset_digest) DO UPDATE SET value = excluded.value
            """,
            Array(points, p => p.Model.ModelId),
            Array(points, p => p.Point.Key),
            Array(points, p => p.Model.DatasetName),
            Array(points, p => p.Model.DatasetDigest),
            Array(points, p => p.Run.Id),
            Array(points, p => p.Point.Timestamp),
            Array(points, p => p.Point.Step),
            Array(points, p => p.Point.Value),
            Array(points, p => p.Run.State.ProjectId));
    }

    private static void Add(NpgsqlBatch batch, string sql, params object[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter as NpgsqlParameter ?? new NpgsqlParameter { Value = parameter });
        batch.BatchCommands.Add(command);
    }

    private static TValue[] Array<TRow, TValue>(IReadOnlyList<TRow> rows, Func<TRow, TValue> value)
    {
        var array = new TValue[rows.Count];
        for (var i = 0; i < array.Length; i++)
            array[i] = value(rows[i]);
        return array;
    }
}
