using Marten;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.LoggedModels;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.ServiceDefaults.Events;
using Npgsql;

namespace MlLifecycle.Experiments.Retention;

/// <summary>What a purge takes away, or would.</summary>
/// <param name="DryRun">Nothing was taken away yet.</param>
/// <param name="DeletedBefore">Only what was deleted before this moment.</param>
/// <param name="Runs">Ids of runs.</param>
/// <param name="Experiments">Ids of experiments.</param>
/// <param name="LoggedModels">Ids of logged models that were deleted by themselves; those of an experiment go with it.</param>
/// <param name="KeptArtifacts">Ids of runs and logged models among them whose artifacts stay, because a version of a model is made of them.</param>
/// <param name="OrphanedArtifacts">Directories of artifacts that belong to nothing.</param>
/// <param name="Bytes">How much room their artifacts take.</param>
public sealed record PurgeReport(
    bool DryRun,
    DateTimeOffset DeletedBefore,
    IReadOnlyList<string> Runs,
    IReadOnlyList<string> Experiments,
    IReadOnlyList<string> LoggedModels,
    IReadOnlyList<string> KeptArtifacts,
    IReadOnlyList<string> OrphanedArtifacts,
    long Bytes);

/// <summary>The run's data were purged: parameters, tags, points and artifacts are gone. Its log stays.</summary>
public sealed record RunPurged;

/// <summary>The logged model was purged: what it was and its artifacts are gone. Its log stays.</summary>
public sealed record LoggedModelPurged;

/// <summary>The experiment was purged, and its name is free again. Its log stays.</summary>
public sealed record ExperimentPurged(long Time);

/// <summary>
/// Takes away for good what was deleted long enough ago, and artifacts that nothing refers to. Each run goes in one transaction with the note of it, and its
/// files after that: a purge that dies in the middle goes on where it stopped, and files that it left are orphans to the next.
/// </summary>
internal sealed class Purge(NpgsqlDataSource source, IDocumentStore store, ArtifactStore artifacts, TimeProvider clock)
{
    private static readonly string[] Tables = ["params", "tags", "inputs", "run_models", "metrics"];

    public async Task<PurgeReport> Carry(Guid project, Origin origin, TimeSpan age, bool dryRun, CancellationToken cancellation)
    {
        var before = clock.GetUtcNow() - age;
        var gone = await Experiments(project, before, cancellation);
        var runs = await Runs(project, before, [.. gone.Select(e => e.Key)], cancellation);
        var models = await LoggedModels(project, before, cancellation);
        var orphans = await Orphans(project, before, cancellation);
        var kept = new List<string>();
        var bytes = orphans.Sum(path => artifacts.Size(project, path));
        foreach (var run in runs)
        {
            var path = ArtifactStore.PathOf(run.Location) is { } root ? $"{root}/{Run.IdOf(run.Id)}" : null;
            if (run.Referenced)
                kept.Add(Run.IdOf(run.Id));
            else if (path is not null)
                bytes += artifacts.Size(project, path);
            if (dryRun)
                continue;
            await Take(run, origin, cancellation);
            if (!run.Referenced && path is not null)
                artifacts.Delete(project, path);
        }

        foreach (var model in models)
        {
            var path = ArtifactStore.PathOf(model.Location) is { } files ? Parent(files) : null;
            if (model.Referenced)
                kept.Add(LoggedModel.IdOf(model.Id));
            else if (path is not null)
                bytes += artifacts.Size(project, path);
            if (dryRun)
                continue;
            await Take(project, model, origin, cancellation);
            if (!model.Referenced && path is not null)
                artifacts.Delete(project, path);
        }

        if (!dryRun)
        {
            foreach (var experiment in gone)
                await Take(project, experiment, origin, cancellation);
            foreach (var orphan in orphans)
                artifacts.Delete(project, orphan);
        }

        return new(dryRun, before, [.. runs.Select(r => Run.IdOf(r.Id))], [.. gone.Select(e => e.Id)], [.. models.Select(m => LoggedModel.IdOf(m.Id))], kept, orphans, bytes);
    }

    // While it is deleted an experiment does not change: its last change is its deletion. The default experiment is always there.
    private async Task<IReadOnlyList<ExperimentRow>> Experiments(Guid project, DateTimeOffset before, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            $"SELECT {ExperimentRows.Columns} FROM tracking.experiments e WHERE e.project = $1 AND e.deleted AND e.updated_ms < $2 AND e.number <> $3 ORDER BY e.number");
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = before.ToUnixTimeMilliseconds() });
        command.Parameters.Add(new() { Value = Protocol.Mlflow.DefaultExperiment });
        return await ExperimentRows.All(command, cancellation);
    }

    private async Task<List<Doomed>> Runs(Guid project, DateTimeOffset before, int[] gone, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            SELECT r.run, r.id, e.artifact_location, EXISTS (
                SELECT FROM tracking.model_versions v JOIN tracking.models m ON m.stream = v.stream
                WHERE m.project = $1 AND (v.run_id = replace(r.id::text, '-', '') OR strpos(coalesce(v.location, v.source), replace(r.id::text, '-', '')) > 0))
            FROM tracking.runs r JOIN tracking.experiments e ON e.experiment = r.experiment
            WHERE e.project = $1 AND ((r.deleted AND r.deleted_at < $2) OR e.experiment = ANY($3)) ORDER BY r.run
            """);
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = before.UtcDateTime });
        command.Parameters.Add(new() { Value = gone });
        var runs = new List<Doomed>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            runs.Add(new(reader.GetInt64(0), reader.GetGuid(1), reader.GetString(2), reader.GetBoolean(3)));
        return runs;
    }

    // While it is deleted a logged model does not change: its last change is its deletion.
    private async Task<List<Doomed>> LoggedModels(Guid project, DateTimeOffset before, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            SELECT m.id, m.artifact_uri, EXISTS (
                SELECT FROM tracking.model_versions v JOIN tracking.models r ON r.stream = v.stream
                WHERE r.project = $1 AND (v.model_id = n.id OR strpos(coalesce(v.location, v.source), n.id) > 0))
            FROM tracking.logged_models m CROSS JOIN LATERAL (SELECT 'm-' || replace(m.id::text, '-', '')) AS n (id)
            WHERE m.project = $1 AND m.deleted AND m.updated_ms < $2 ORDER BY m.created_ms, m.id
            """);
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = before.ToUnixTimeMilliseconds() });
        var models = new List<Doomed>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            models.Add(new(0, reader.GetGuid(0), reader.GetString(1), reader.GetBoolean(2)));
        return models;
    }

    private async Task Take(Guid project, Doomed model, Origin origin, CancellationToken cancellation)
    {
        await using var session = store.LightweightSession();
        origin.Stamp(session);
        session.QueueSqlCommand("DELETE FROM tracking.model_metrics WHERE model IN (SELECT id FROM tracking.logged_models WHERE project = ? AND id = ?)", project, model.Id);
        session.QueueSqlCommand("DELETE FROM tracking.logged_models WHERE project = ? AND id = ?", project, model.Id);
        session.Events.Append(model.Id, new LoggedModelPurged());
        await session.SaveChangesAsync(cancellation);
    }

    private async Task Take(Doomed run, Origin origin, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection);
        // Locked first: a run that is restored at this moment is either restored before, or gone.
        Add("SELECT FROM tracking.runs WHERE run = $1 FOR UPDATE");
        Add("DELETE FROM tracking.chunks c USING tracking.metrics m WHERE m.run = $1 AND c.series = m.series");
        foreach (var table in Tables)
            Add($"DELETE FROM tracking.{table} WHERE run = $1");
        Add("DELETE FROM tracking.runs r WHERE r.run = $1 AND (r.deleted OR EXISTS (SELECT FROM tracking.experiments e WHERE e.experiment = r.experiment AND e.deleted)) RETURNING 1");
        await using (var reader = await batch.ExecuteReaderAsync(cancellation))
        {
            do
            {
                if (reader.FieldCount == 1 && !await reader.ReadAsync(cancellation))
                    return; // restored meanwhile: rolled back with all of it
            }
            while (await reader.NextResultAsync(cancellation));
        }

        await using var session = store.LightweightSession(Marten.Services.SessionOptions.ForTransaction(transaction));
        origin.Stamp(session);
        session.Events.Append(run.Id, new RunPurged());
        await session.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);

        void Add(string sql) => batch.BatchCommands.Add(new(sql) { Parameters = { new() { Value = run.Key } } });
    }

    private async Task Take(Guid project, ExperimentRow experiment, Origin origin, CancellationToken cancellation)
    {
        await using var session = store.LightweightSession();
        origin.Stamp(session);
        foreach (var sql in (string[])
            [
                "DELETE FROM tracking.spans WHERE trace IN (SELECT stream FROM tracking.traces WHERE project = ? AND experiment = ?)",
                "DELETE FROM tracking.traces WHERE project = ? AND experiment = ?",
                "DELETE FROM tracking.model_metrics WHERE model IN (SELECT id FROM tracking.logged_models WHERE project = ? AND experiment = ?)",
                "DELETE FROM tracking.logged_models WHERE project = ? AND experiment = ?",
                "INSERT INTO tracking.purged_experiments (project, number) VALUES (?, ?) ON CONFLICT DO NOTHING",
                "DELETE FROM tracking.experiments WHERE project = ? AND number = ? AND deleted",
            ])
            session.QueueSqlCommand(sql, project, experiment.Number);
        session.Events.Append(experiment.Stream, new ExperimentPurged(clock.GetUtcNow().ToUnixTimeMilliseconds()));
        await session.SaveChangesAsync(cancellation);
    }

    /// <summary>Directories named as runs', logged models' and traces' are, of experiments by number, that belong to none that is there.</summary>
    private async Task<IReadOnlyList<string>> Orphans(Guid project, DateTimeOffset before, CancellationToken cancellation)
    {
        var candidates = new List<(string Path, string Kind, string Id)>();
        foreach (var experiment in artifacts.Directories(project, "", before).Where(name => name.All(char.IsAsciiDigit)))
        {
            candidates.AddRange(artifacts.Directories(project, experiment, before).Where(name => Guid.TryParseExact(name, "N", out _)).Select(id => ($"{experiment}/{id}", "run", id)));
            candidates.AddRange(artifacts.Directories(project, $"{experiment}/models", before).Select(id => ($"{experiment}/models/{id}", "model", id)));
            candidates.AddRange(artifacts.Directories(project, $"{experiment}/traces", before).Select(id => ($"{experiment}/traces/{id}", "trace", id)));
        }

        if (candidates.Count == 0)
            return [];
        await using var command = source.CreateCommand(
            """
            SELECT c.path FROM unnest($2::text[], $3::text[], $4::text[]) AS c(path, kind, id) WHERE NOT CASE c.kind
                WHEN 'run' THEN EXISTS (SELECT FROM tracking.runs r JOIN tracking.experiments e ON e.experiment = r.experiment WHERE e.project = $1 AND r.id = c.id::uuid)
                WHEN 'model' THEN EXISTS (SELECT FROM tracking.logged_models m WHERE m.project = $1 AND 'm-' || replace(m.id::text, '-', '') = c.id)
                ELSE EXISTS (SELECT FROM tracking.traces t WHERE t.project = $1 AND t.id = c.id) END
            AND NOT EXISTS (SELECT FROM tracking.model_versions v JOIN tracking.models m ON m.stream = v.stream
                WHERE m.project = $1 AND (v.run_id = c.id OR v.model_id = c.id OR strpos(coalesce(v.location, v.source), c.id) > 0))
            ORDER BY 1
            """);
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = candidates.Select(c => c.Path).ToArray() });
        command.Parameters.Add(new() { Value = candidates.Select(c => c.Kind).ToArray() });
        command.Parameters.Add(new() { Value = candidates.Select(c => c.Id).ToArray() });
        var orphans = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            orphans.Add(reader.GetString(0));
        return orphans;
    }

    // A logged model's files are in a directory "artifacts" of its own directory.
    private static string Parent(string files) => files[..files.LastIndexOf('/')];

    private sealed record Doomed(long Key, Guid Id, string Location, bool Referenced);
}
