using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace MlLifecycle.ServiceDefaults.Events;

/// <summary>Creates the service's database when it is missing, before the event store lays out its schema: a published PostgreSQL brings none.</summary>
internal sealed class DatabaseCreator(IConfiguration configuration, NpgsqlDataSource source, ILogger<DatabaseCreator> log) : IHostedLifecycleService
{
    // Before any hosted service starts: the event store puts its own in front of all others.
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var target = new NpgsqlConnectionStringBuilder(configuration.GetConnectionString(EventStore.ConnectionName));
        var database = target.Database ?? throw new InvalidOperationException("The connection string 'events' names no database.");
        try
        {
            await using var present = await source.OpenConnectionAsync(cancellationToken);
            return;
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            log.LogInformation("Creating the database {Database}", database);
        }

        await using var maintenance = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(target.ConnectionString) { Database = "postgres", Pooling = false }.ConnectionString);
        await maintenance.OpenAsync(cancellationToken);
        await using var create = maintenance.CreateCommand();
        create.CommandText = $"CREATE DATABASE \"{database.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        try
        {
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException race) when (race.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            log.LogInformation("Another instance created the database {Database}", database);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
