using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Retention;

/// <summary>Purges what was deleted at least so many days ago.</summary>
public sealed record PurgeDeleted(double OlderThanDays, bool DryRun = true);

internal static class PurgeRoute
{
    private const double Longest = 36_500;

    public static async Task<IResult> Handle(PurgeDeleted command, Caller caller, Purge purge, CancellationToken cancellation) =>
        command.OlderThanDays is >= 0 and <= Longest
            ? TypedResults.Ok(await purge.Carry(caller.ProjectId, caller.Origin, TimeSpan.FromDays(command.OlderThanDays), command.DryRun, cancellation))
            : new Refused(Decision.InvalidInput("olderThanDays", $"must be between 0 and {Longest}."));
}

/// <summary>The retention policy: with <c>Retention:DeletedDays</c> set, what was deleted that long ago is purged, once a day. Without it nothing is.</summary>
internal sealed class RetentionPolicy(Purge purge, NpgsqlDataSource source, IConfiguration configuration, TimeProvider clock, ILogger<RetentionPolicy> log) : BackgroundService
{
    private const long LockKey = 0x4D4C4C5F50555247; // "MLL_PURG"

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (configuration.GetValue<double?>("Retention:DeletedDays") is not { } days || days < 0)
            return;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Apply(TimeSpan.FromDays(days), stoppingToken);
            }
            catch (Exception problem) when (problem is NpgsqlException or IOException && !stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("The retention policy could not be applied, and will be tomorrow: {Problem}", problem.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromDays(1), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Apply(TimeSpan age, CancellationToken cancellation)
    {
        // One instance at a time; the lock goes with the connection.
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using (var ask = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", connection) { Parameters = { new() { Value = LockKey } } })
        {
            if (await ask.ExecuteScalarAsync(cancellation) is not true)
                return;
        }

        try
        {
            var projects = new List<Guid>();
            await using (var command = new NpgsqlCommand("SELECT DISTINCT project FROM tracking.experiments", connection))
            await using (var reader = await command.ExecuteReaderAsync(cancellation))
            {
                while (await reader.ReadAsync(cancellation))
                    projects.Add(reader.GetGuid(0));
            }

            foreach (var project in projects)
            {
                var report = await purge.Carry(project, new Origin(project, "", "experiments", Origin.NewCorrelation()), age, dryRun: false, cancellation);
                if (report.Runs.Count + report.Experiments.Count + report.LoggedModels.Count + report.OrphanedArtifacts.Count > 0)
                    log.LogInformation("Purged {Runs} runs, {Experiments} experiments, {Models} logged models and {Orphans} orphaned directories of project {Project}", report.Runs.Count, report.Experiments.Count, report.LoggedModels.Count, report.OrphanedArtifacts.Count, project);
            }
        }
        finally
        {
            await using var release = new NpgsqlCommand("SELECT pg_advisory_unlock($1)", connection) { Parameters = { new() { Value = LockKey } } };
            await release.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }
}
