using Marten;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Metrics;
using MlLifecycle.Experiments.Runs;
using Npgsql;

namespace MlLifecycle.Experiments.Views;

/// <summary>Runs as they were known at a moment: from their streams, and the points recorded by then.</summary>
internal sealed class PastRuns(IDocumentStore store, NpgsqlDataSource source)
{
    /// <summary>Takes runs back to a moment; those that did not exist then, or were deleted, are left out.</summary>
    /// <param name="runs">The runs as they are.</param>
    /// <param name="time">The moment.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public async Task<IReadOnlyList<RunRecord>> Of(IReadOnlyList<RunRecord> runs, DateTimeOffset time, CancellationToken cancellation)
    {
        await using var session = store.QuerySession();
        var then = new List<RunRecord>();
        var metrics = await Metrics([.. runs.Select(run => run.Id)], time, cancellation);
        var experiments = new Dictionary<(Guid, long), Experiment?>();
        foreach (var run in runs)
        {
            if (await session.Events.AggregateStreamAsync<Run>(run.Id, timestamp: time, token: cancellation) is not { Exists: true, Deleted: false } state)
                continue;
            var key = (state.ProjectId, state.Experiment);
            if (!experiments.TryGetValue(key, out var experiment))
                experiments[key] = experiment = await session.Events.AggregateStreamAsync<Experiment>(Experiment.IdOf(state.ProjectId, state.Experiment), timestamp: time, token: cancellation);
            if (experiment is not { Deleted: true })
                then.Add(RunRecord.Of((state with { ExperimentName = experiment?.Name ?? state.ExperimentName }).With(metrics.GetValueOrDefault(run.Id, [])), run.ArtifactLocation));
        }

        return then;
    }

    private async Task<Dictionary<Guid, List<MetricPoint>>> Metrics(Guid[] runs, DateTimeOffset time, CancellationToken cancellation)
    {
        var sql = new Search.Sql();
        var rows = new ChunkRows(sql, "c", time);
        await using var command = sql.On(
            source,
            $"""
             SELECT r.id, m.key, {rows.Columns} FROM tracking.runs r JOIN tracking.metrics m ON m.run = r.run JOIN tracking.chunks c ON c.series = m.series
             WHERE r.id = ANY({sql.Add(runs)}) AND {rows.Condition}
             """);
        var latest = new Dictionary<(Guid Run, string Key), MetricPoint>();
        var chunk = new List<Point>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var (run, key) = (reader.GetGuid(0), reader.GetString(1));
            rows.Read(reader, 2, chunk);
            foreach (var point in chunk.Select(p => new MetricPoint(key, p.Value, p.Timestamp, p.Step)))
            {
                if (!latest.TryGetValue((run, key), out var known) || point.IsAfter(known))
                    latest[(run, key)] = point;
            }
        }

        return latest.GroupBy(metric => metric.Key.Run, metric => metric.Value).ToDictionary(run => run.Key, run => run.ToList());
    }
}
