using Npgsql;

namespace MlLifecycle.Monitoring;

/// <summary>Lays out the tables of this service beside the event store, once, whichever instance comes first.</summary>
internal sealed class Layout(NpgsqlDataSource source) : IHostedService
{
    private const long LockKey = 0x4D4C4C5F4D4F4E49; // "MLL_MONI"

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var wait = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", connection) { Parameters = { new() { Value = LockKey } } })
            await wait.ExecuteNonQueryAsync(cancellationToken);
        await using (var layout = new NpgsqlCommand(Sql(), connection))
            await layout.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static string Sql()
    {
        using var stream = typeof(Layout).Assembly.GetManifestResourceStream("tables.sql")
            ?? throw new InvalidOperationException("The assembly lacks its tables.sql.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
