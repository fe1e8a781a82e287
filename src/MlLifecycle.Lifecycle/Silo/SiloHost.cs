using System.Net;
using System.Net.Sockets;
using Npgsql;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace MlLifecycle.Lifecycle.Silo;

/// <summary>The Orleans silo in this process: member of a cluster that meets in the service's own database.</summary>
internal static class SiloHost
{
    public static WebApplicationBuilder AddSilo(this WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        Usually(configuration, "Orleans:ClusterId", "mllifecycle");
        Usually(configuration, "Orleans:ServiceId", "lifecycle");
        Usually(configuration, "Orleans:Clustering:ProviderType", "AdoNet");
        Usually(configuration, "Orleans:Clustering:Invariant", "Npgsql");
        Usually(configuration, "Orleans:Clustering:ConnectionName", ServiceDefaults.Events.EventStore.ConnectionName);
        // The silo warns of the workstation GC, which is meant; its watchdog, at start, of the time since the machine started.
        builder.Logging.AddFilter("Orleans", LogLevel.Warning).AddFilter("Orleans.Runtime.Silo", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.Services.AddHostedService<MembershipTables>();
        builder.UseOrleans(silo => silo
            .AddActivityPropagation()
            .Configure<ClusterMembershipOptions>(membership =>
            {
                // A killed silo's grains answer elsewhere after about a second instead of twelve, and one that is started again does not wait
                // minutes for its former self to answer.
                membership.ProbeTimeout = TimeSpan.FromSeconds(1);
                membership.NumMissedProbesLimit = 2;
                membership.NumVotesForDeathDeclaration = 1;
                membership.TableRefreshTimeout = TimeSpan.FromSeconds(3);
                membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(3);
                membership.NumMissedTableIAmAliveLimit = 2;
            })
            .Configure<EndpointOptions>(endpoint => Meet(endpoint, configuration))
            .AddDashboard());
        builder.Services.AddSingleton<BusBehindSilo>();
        builder.Services.AddHostedService(services => services.GetRequiredService<BusBehindSilo>());
        return builder;
    }

    private static void Usually(ConfigurationManager configuration, string key, string value) => configuration[key] ??= value;

    // On one machine silos meet on loopback, at a port that is free; in containers each has an address of its own.
    private static void Meet(EndpointOptions endpoint, ConfigurationManager configuration)
    {
        var given = configuration.GetSection("Orleans:Endpoints");
        if (given["AdvertisedIPAddress"] is { } address)
            endpoint.AdvertisedIPAddress = IPAddress.Parse(address);
        else if (!configuration.GetValue<bool>("DOTNET_RUNNING_IN_CONTAINER"))
            endpoint.AdvertisedIPAddress = IPAddress.Loopback;
        endpoint.SiloPort = given.GetValue<int?>("SiloPort") ?? FreePort();
        endpoint.GatewayPort = given.GetValue<int?>("GatewayPort") ?? 0; // nobody is a client from outside the cluster
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Lays out the tables in which silos find each other. The Orleans package brings the code that reads them, not the tables.</summary>
    private sealed class MembershipTables(NpgsqlDataSource source) : IHostedService
    {
        private const long Layout = 0x4D4C4C5F53494C4F; // "MLL_SILO"

        public async Task StartAsync(CancellationToken cancellationToken)
        {
            await using var resource = typeof(MembershipTables).Assembly.GetManifestResourceStream("orleans-membership.sql")
                ?? throw new InvalidOperationException("The resource orleans-membership.sql is missing from the assembly.");
            using var reader = new StreamReader(resource);
            var sql = await reader.ReadToEndAsync(cancellationToken);
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            // CREATE TABLE IF NOT EXISTS of two silos that start together can collide all the same.
            await using (var wait = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", connection, transaction) { Parameters = { new() { Value = Layout } } })
                await wait.ExecuteNonQueryAsync(cancellationToken);
            await using (var create = new NpgsqlCommand(sql, connection, transaction))
                await create.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
