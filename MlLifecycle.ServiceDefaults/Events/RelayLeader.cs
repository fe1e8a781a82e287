using JasperFx;
using JasperFx.Events.Daemon;
using Marten;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MlLifecycle.ServiceDefaults.Bus;
using Npgsql;

namespace MlLifecycle.ServiceDefaults.Events;

/// <summary>
/// Lets exactly one instance of the service relay. A dedicated connection holds an advisory lock for as long as it lives; another instance
/// asks for the lock every half second and takes over when the holder, or its connection, dies.
/// </summary>
internal sealed class RelayLeader(IConfiguration configuration, IDocumentStore store, RelayState state, TimeProvider clock, ILoggerFactory logs)
    : BackgroundService
{
    /// <summary>The category under which the store's daemon reports every batch it has read.</summary>
    internal const string DaemonLog = "MlLifecycle.RelayDaemon";

    private const long LockKey = 0x4D4C4C5F52454C59; // "MLL_RELY"
    private static readonly TimeSpan Ask = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Sweep = TimeSpan.FromHours(1);

    // The daemon itself ends or pauses a subscription that cannot go on, above all when another daemon, for the moment that two run, was faster.
    private const int PingsBeforeRestart = 3;

    private readonly ILogger _log = logs.CreateLogger<RelayLeader>();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(configuration.GetConnectionString(EventStore.ConnectionName))
        {
            Pooling = false,
            KeepAlive = 5,
            CommandTimeout = 5,
            ApplicationName = "relay",
        };
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = new NpgsqlConnection(settings.ConnectionString);
                await connection.OpenAsync(stoppingToken);
                while (!await TryLock(connection, stoppingToken))
                    await Task.Delay(Ask, clock, stoppingToken);
                await Lead(connection, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception lost) when (lost is NpgsqlException or IOException or TimeoutException or InvalidOperationException)
            {
                _log.LogWarning("The relay's lock is lost ({Problem}); asking for it again", lost.Message);
                await Task.Delay(Ask, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task Lead(NpgsqlConnection connection, CancellationToken stoppingToken)
    {
        using var daemon = await store.BuildProjectionDaemonAsync(logger: logs.CreateLogger(DaemonLog));
        await daemon.StartAllAsync();
        state.Leads = true;
        _log.LogInformation("This instance relays");
        try
        {
            var swept = DateTimeOffset.MinValue;
            var idle = 0;
            while (!stoppingToken.IsCancellationRequested)
            {
                await using (var ping = new NpgsqlCommand("SELECT 1", connection))
                    await ping.ExecuteScalarAsync(stoppingToken);
                idle = daemon.CurrentAgents() is [{ Status: AgentStatus.Running }] ? 0 : idle + 1;
                if (idle == PingsBeforeRestart)
                {
                    _log.LogWarning("The relay has stopped; it goes on from where it was");
                    await daemon.StopAllAsync();
                    await daemon.StartAllAsync();
                    idle = 0;
                }

                if (clock.GetUtcNow() - swept > Sweep)
                {
                    await Inbox.ForgetOld(store, clock, stoppingToken);
                    swept = clock.GetUtcNow();
                }

                await Task.Delay(Ping, clock, stoppingToken);
            }
        }
        finally
        {
            state.Leads = false;
            await daemon.StopAllAsync();
        }
    }

    private static async Task<bool> TryLock(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_lock($1)", connection) { Parameters = { new() { Value = LockKey } } };
        return await command.ExecuteScalarAsync(cancellation) is true;
    }
}
