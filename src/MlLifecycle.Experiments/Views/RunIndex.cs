using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Views;

/// <summary>The ids of all runs a search finds, in its order: what a table needs to scroll anywhere in it and read only the rows in sight.</summary>
/// <param name="Ids">Each run's id.</param>
/// <param name="More">Whether there are more than are told.</param>
public sealed record RunIndexView(IReadOnlyList<string> Ids, bool More);

/// <summary>The names under which the runs of an experiment report.</summary>
public sealed record RunKeysView(IReadOnlyList<string> Metrics, IReadOnlyList<string> Params, IReadOnlyList<string> Tags);

internal static class RunIndex
{
    /// <summary>More nobody scrolls through: a filter is asked for.</summary>
    private const int Most = 50_000;

    private const int MostKeys = 1000;

    public static async Task<IResult> Handle(
        string? experiment, string? filter, string[]? order, int? limit, At at, Caller caller, ExperimentRows experiments, RunSearch search, NpgsqlDataSource source, CancellationToken cancellation)
    {
        var (ids, unknown) = await Named(experiment, caller, experiments, cancellation);
        if (unknown is not null)
            return new Refused(unknown);
        // The order is judged on its own first, so that the field to be corrected is named.
        if (SearchWords.Read(null, order ?? [], Vocabulary.Runs, out _, out _) is { } badOrder)
            return new Refused(Decision.InvalidInput("order", "is not understood. " + badOrder.Detail));
        var view = at.Time is null ? ViewType.ActiveOnly : ViewType.All;
        var (refusal, page) = await search.Find(caller.ProjectId, ids, filter, view, order ?? [], Cursor.Limit(limit, Most, Most), null, cancellation);
        if (refusal is not null)
            return new Refused(Decision.InvalidInput("filter", "is not understood. " + refusal.Detail));
        await using var command = source.CreateCommand(
            """
            SELECT r.id FROM unnest($1) WITH ORDINALITY found (run, place) JOIN tracking.runs r ON r.run = found.run
            WHERE $2::timestamptz IS NULL OR r.recorded <= $2 ORDER BY place
            """);
        command.Parameters.Add(new() { Value = page.Runs.Select(run => run.Key).ToArray() });
        command.Parameters.Add(new() { Value = at.Time is { } time ? time.UtcDateTime : DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz });
        var found = new List<string>(page.Runs.Count);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            found.Add(Run.IdOf(reader.GetGuid(0)));
        return TypedResults.Ok(new RunIndexView(found, page.Next is not null));
    }

    public static async Task<IResult> Keys(string? experiment, Caller caller, ExperimentRows experiments, NpgsqlDataSource source, CancellationToken cancellation)
    {
        var (ids, unknown) = await Named(experiment, caller, experiments, cancellation);
        if (unknown is not null)
            return new Refused(unknown);
        var scope = (await experiments.FindAll(caller.ProjectId, ids, cancellation)).Where(e => !e.Deleted).Select(e => e.Key).ToArray();
        return TypedResults.Ok(new RunKeysView(
            await Keys(source, "tracking.metrics", scope, cancellation), await Keys(source, "tracking.params", scope, cancellation), await Keys(source, "tracking.tags", scope, cancellation)));
    }

    // From one name to the next along the index over values: as many steps as there are names, however many runs have them.
    private static async Task<IReadOnlyList<string>> Keys(NpgsqlDataSource source, string table, int[] experiments, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            $"""
             WITH RECURSIVE names AS (
                 SELECT e.experiment, (SELECT min(t.key) FROM {table} t WHERE t.experiment = e.experiment) AS key FROM unnest($1) e (experiment)
                 UNION ALL
                 SELECT n.experiment, (SELECT min(t.key) FROM {table} t WHERE t.experiment = n.experiment AND t.key > n.key) FROM names n WHERE n.key IS NOT NULL
             )
             SELECT DISTINCT key FROM names WHERE key IS NOT NULL ORDER BY key LIMIT {MostKeys}
             """);
        command.Parameters.Add(new() { Value = experiments });
        var keys = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            keys.Add(reader.GetString(0));
        return keys;
    }

    private static async Task<(IReadOnlyList<string> Ids, Refusal? Unknown)> Named(string? experiment, Caller caller, ExperimentRows experiments, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(experiment))
            return (await experiments.AllIds(caller.ProjectId, cancellation), null);
        var named = await experiments.FindByName(caller.ProjectId, experiment, cancellation) ?? await experiments.Find(caller.ProjectId, experiment, cancellation);
        return named is null ? ([], ReadRuns.UnknownExperiment(experiment)) : ([named.Id], null);
    }
}
