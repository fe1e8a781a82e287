using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Runs;

/// <summary>Reads runs whole, any number of them in one round trip.</summary>
internal sealed class RunReader(NpgsqlDataSource source)
{
    private const string Head = """
        SELECT r.run, r.id, e.number, e.name, e.artifact_location, r.name, r.user_id, r.status, r.started_ms, r.ended_ms, r.deleted, r.revision, e.deleted
        FROM tracking.runs r JOIN tracking.experiments e ON e.experiment = r.experiment
        """;

    /// <summary>One run of a project; null when it has none of that id.</summary>
    public async Task<RunRecord?> One(Guid project, Guid id, CancellationToken cancellation)
    {
        const string Its = "WHERE t.run = (SELECT run FROM tracking.runs WHERE id = $1)";
        var runs = await Read($"{Head} WHERE r.id = $1 AND e.project = $2", Its, [new() { Value = id }], [new() { Value = project }], cancellation);
        return runs.Values.SingleOrDefault();
    }

    /// <summary>Runs by their keys in the tables, in that order.</summary>
    /// <remarks>A record is at least as new as its stamp: its values are read after its head.</remarks>
    public async Task<IReadOnlyList<RunRecord>> Many(IReadOnlyCollection<long> keys, CancellationToken cancellation)
    {
        if (keys.Count == 0)
            return [];
        var runs = await Read($"{Head} WHERE r.run = ANY($1)", "WHERE t.run = ANY($1)", [new() { Value = keys.ToArray() }], [], cancellation);
        return [.. keys.Select(key => runs.GetValueOrDefault(key)).OfType<RunRecord>()];
    }

    private async Task<Dictionary<long, RunRecord>> Read(
        string head, string its, NpgsqlParameter[] parameters, NpgsqlParameter[] more, CancellationToken cancellation)
    {
        await using var batch = source.CreateBatch();
        Add(head, [.. parameters, .. more]);
        Add($"SELECT t.run, t.key, t.value FROM tracking.params t {its} ORDER BY t.run, t.key", parameters);
        Add($"SELECT t.run, t.key, t.value FROM tracking.tags t {its} ORDER BY t.run, t.key", parameters);
        Add($"SELECT t.run, t.key, t.value, t.timestamp_ms, t.step FROM tracking.metrics t {its} ORDER BY t.run, t.key", parameters);
        Add($"SELECT t.run, t.name, t.digest, t.source_type, t.source, t.schema, t.profile, t.tags FROM tracking.inputs t {its} ORDER BY t.run, t.position", parameters);
        Add($"SELECT t.run, t.model_id, t.output, t.step FROM tracking.run_models t {its} ORDER BY t.run, t.position", parameters);

        var runs = new Dictionary<long, RunRecord>();
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            runs.Add(reader.GetInt64(0), new()
            {
                Key = reader.GetInt64(0),
                Id = reader.GetGuid(1),
                Experiment = reader.GetInt64(2),
                ExperimentName = reader.GetString(3),
                ArtifactLocation = reader.GetString(4),
                Name = reader.GetString(5),
                User = reader.GetString(6),
                Status = reader.GetString(7),
                StartTime = reader.GetInt64(8),
                EndTime = reader.IsDBNull(9) ? null : reader.GetInt64(9),
                Deleted = reader.GetBoolean(10) || reader.GetBoolean(12),
                Stamp = new(reader.GetInt64(11), reader.GetBoolean(12)),
            });
        }

        await Each((run, row) => run.Params.Add(new(row.GetString(1), row.GetString(2))));
        await Each((run, row) => run.Tags.Add(new(row.GetString(1), row.GetString(2))));
        await Each((run, row) => run.Metrics.Add(new(row.GetString(1), row.GetDouble(2), row.GetInt64(3), row.GetInt64(4))));
        await Each((run, row) => run.Inputs.Add(RunLoad.InputOf(row, 1)));
        await Each((run, row) => run.Models.Add(new(row.GetString(1), row.GetBoolean(2), row.GetInt64(3))));
        return runs;

        void Add(string sql, IEnumerable<NpgsqlParameter> values)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var value in values)
                command.Parameters.Add(value.Clone());
            batch.BatchCommands.Add(command);
        }

        async Task Each(Action<RunRecord, NpgsqlDataReader> take)
        {
            await reader.NextResultAsync(cancellation);
            RunRecord? run = null;
            for (var last = long.MinValue; await reader.ReadAsync(cancellation);)
            {
                var key = reader.GetInt64(0);
                if (key != last)
                    run = runs.GetValueOrDefault(last = key);
                if (run is not null)
                    take(run, reader);
            }
        }
    }
}

/// <summary>MLflow's runs/get.</summary>
internal static class GetRunSlice
{
    public static async Task<IResult> Handle(Sent<RunMessage> sent, Caller caller, RunReader reader, CancellationToken cancellation)
    {
        if (Rules.Named(sent.Message.RunId, sent.Message.RunUuid, out var run) is { } bad)
            return new Refused(bad);
        return await reader.One(caller.ProjectId, run, cancellation) is { } record
            ? Answer.Of(new { Run = record })
            : new Refused(Mlflow.UnknownRun(Run.IdOf(run)));
    }
}
