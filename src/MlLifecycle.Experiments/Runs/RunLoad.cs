using System.Collections.Immutable;
using System.Text.Json;
using Npgsql;

namespace MlLifecycle.Experiments.Runs;

/// <summary>Loads from the tables what commands ask about, in one round trip.</summary>
internal static class RunLoad
{
    private const string Header = """
        SELECT r.id, r.run, r.experiment, e.project, e.number, e.name, e.deleted, r.name, r.user_id, r.status, r.started_ms, r.ended_ms, r.deleted, e.artifact_location, r.param_marks
        FROM tracking.runs r JOIN tracking.experiments e ON e.experiment = r.experiment
        WHERE r.id = ANY($1) ORDER BY r.run FOR NO KEY UPDATE OF r
        """;

    private const string Numbered = """
        SELECT c.nth, nextval('tracking.run_keys'), e.experiment, e.name, e.deleted, e.artifact_location
        FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS c(project, number, nth) JOIN tracking.experiments e ON e.project = c.project AND e.number = c.number
        """;

    public static async Task<Dictionary<Guid, RunInWork>> Read(NpgsqlConnection connection, IReadOnlyList<RunCommand> commands)
    {
        var created = commands.Where(c => c.NewIn is not null).ToList();
        var createdIds = created.Select(c => c.Run).ToHashSet();
        // A creation that asks after the whole run may be one that is sent again.
        var present = commands.Where(c => c.Whole || !createdIds.Contains(c.Run)).ToList();
        var known = present.Select(c => c.Run).Distinct().ToArray();
        var whole = present.Where(c => c.Whole).Select(c => c.Run).Distinct().ToArray();

        await using var batch = new NpgsqlBatch(connection);
        var readers = new List<Func<NpgsqlDataReader, Task>>();
        var runs = new Dictionary<Guid, RunInWork>();
        void Add(Func<NpgsqlDataReader, Task> read, string sql, params object[] parameters)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var parameter in parameters)
                command.Parameters.Add(new() { Value = parameter });
            batch.BatchCommands.Add(command);
            readers.Add(read);
        }

        // Rows are locked in the order of their keys, so that two commits never wait for each other.
        if (known.Length > 0)
            Add(Headers, Header, known);
        if (created.Count > 0)
            Add(New, Numbered, created.Select(c => c.Origin.ProjectId).ToArray(), created.Select(c => c.NewIn!.Value).ToArray());
        Wanted(present, c => c.Params, "params", (run, key, value) => run.State = run.State with { Params = run.State.Params.SetItem(key, value) });
        Wanted(present, c => c.Tags, "tags", (run, key, value) => run.State = run.State with { Tags = run.State.Tags.SetItem(key, value) });
        if (whole.Length > 0)
        {
            Add(reader => Each(reader, (run, row) => run.State = run.State with { Params = run.State.Params.SetItem(row.GetString(1), row.GetString(2)) }), Of("params", "t.key, t.value"), whole);
            Add(reader => Each(reader, (run, row) => run.State = run.State with { Tags = run.State.Tags.SetItem(row.GetString(1), row.GetString(2)) }), Of("tags", "t.key, t.value"), whole);
            Add(
                reader => Each(reader, (run, row) => run.State = run.State.With([new(row.GetString(1), row.GetDouble(2), row.GetInt64(3), row.GetInt64(4))])),
                Of("metrics", "t.key, t.value, t.timestamp_ms, t.step"),
                whole);
            Add(
                reader => Each(reader, (run, row) => run.State = run.State with { Inputs = run.State.Inputs.Add(InputOf(row, 1)) }),
                Of("inputs", "t.name, t.digest, t.source_type, t.source, t.schema, t.profile, t.tags") + " ORDER BY t.position",
                whole);
            Add(
                reader => Each(reader, (run, row) => run.State = run.State with { Models = run.State.Models.Add(new(row.GetString(1), row.GetBoolean(2), row.GetInt64(3))) }),
                Of("run_models", "t.model_id, t.output, t.step") + " ORDER BY t.position",
                whole);
        }

        await using var results = await batch.ExecuteReaderAsync();
        foreach (var read in readers)
        {
            await read(results);
            await results.NextResultAsync();
        }

        return runs.ToDictionary(run => run.Key, run => run.Value.Loaded());

        async Task Headers(NpgsqlDataReader reader)
        {
            while (await reader.ReadAsync())
            {
                var state = StateOf(reader);
                runs[state.Id] = new(state.Id, reader.GetInt64(1), reader.GetInt32(2), reader.GetString(13), reader.GetInt64(14), state);
            }
        }

        async Task New(NpgsqlDataReader reader)
        {
            while (await reader.ReadAsync())
            {
                var command = created[(int)reader.GetInt64(0) - 1];
                var state = Run.Initial(command.Run) with
                {
                    ProjectId = command.Origin.ProjectId,
                    Experiment = command.NewIn!.Value,
                    ExperimentName = reader.GetString(3),
                    ExperimentDeleted = reader.GetBoolean(4),
                };
                runs.TryAdd(command.Run, new(command.Run, reader.GetInt64(1), reader.GetInt32(2), reader.GetString(5), 0, state));
            }
        }

        async Task Each(NpgsqlDataReader reader, Action<RunInWork, NpgsqlDataReader> take)
        {
            while (await reader.ReadAsync())
            {
                if (runs.TryGetValue(reader.GetGuid(0), out var run))
                    take(run, reader);
            }
        }

        void Wanted(List<RunCommand> asking, Func<RunCommand, IReadOnlyCollection<string>> keys, string table, Action<RunInWork, string, string> take)
        {
            var wanted = asking.SelectMany(c => keys(c).Select(key => (c.Run, Key: key))).Distinct().ToList();
            if (wanted.Count == 0)
                return;
            Add(
                reader => Each(reader, (run, row) => take(run, row.GetString(1), row.GetString(2))),
                $"""
                 SELECT w.id, t.key, t.value FROM unnest($1::uuid[], $2::text[]) AS w(id, key)
                 JOIN tracking.runs r ON r.id = w.id JOIN tracking.{table} t ON t.run = r.run AND t.key = w.key
                 """,
                wanted.Select(w => w.Run).ToArray(),
                wanted.Select(w => w.Key).ToArray());
        }
    }

    private static Run StateOf(NpgsqlDataReader row) => new(row.GetGuid(0))
    {
        Exists = true,
        ProjectId = row.GetGuid(3),
        Experiment = row.GetInt64(4),
        ExperimentName = row.GetString(5),
        ExperimentDeleted = row.GetBoolean(6),
        Name = row.GetString(7),
        User = row.GetString(8),
        Status = Enum.Parse<RunStatus>(row.GetString(9), ignoreCase: true),
        StartTime = row.GetInt64(10),
        EndTime = row.IsDBNull(11) ? null : row.GetInt64(11),
        Deleted = row.GetBoolean(12),
    };

    public static Input InputOf(NpgsqlDataReader row, int at) => new(
        row.GetString(at),
        row.GetString(at + 1),
        row.GetString(at + 2),
        row.GetString(at + 3),
        row.IsDBNull(at + 4) ? null : row.GetString(at + 4),
        row.IsDBNull(at + 5) ? null : row.GetString(at + 5),
        JsonSerializer.Deserialize<ImmutableDictionary<string, string>>(row.GetString(at + 6))!);

    private static string Of(string table, string columns) =>
        $"SELECT r.id, {columns} FROM tracking.runs r JOIN tracking.{table} t ON t.run = r.run WHERE r.id = ANY($1)";
}
