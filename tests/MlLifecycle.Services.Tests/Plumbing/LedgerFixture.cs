using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MlLifecycle.Contracts;
using MlLifecycle.ServiceDefaults.Trust;
using MlLifecycle.TestServers;
using Npgsql;
using Shouldly;
using Xunit;

namespace MlLifecycle.Plumbing;

/// <summary>These tests stop servers that the others share, so they run by themselves.</summary>
[CollectionDefinition(nameof(Plumbing), DisableParallelization = true)]
public sealed class PlumbingCollection : ICollectionFixture<LedgerFixture>;

/// <summary>Instances of the ledger on one database, each behind a real server.</summary>
public sealed class LedgerFixture(Servers servers) : IAsyncLifetime
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public Servers Servers => servers;

    public string Database { get; private set; } = "";

    /// <summary>The instance that is always there.</summary>
    public LedgerHost One { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(servers.StartPostgresAsync(), servers.StartRabbitMqAsync());
        Database = await servers.NewDatabaseAsync("ledger");
        One = await Start();
    }

    public Task<LedgerHost> Start() => LedgerHost.Start(this, _key);

    public async Task Restart()
    {
        await One.DisposeAsync();
        One = await Start();
    }

    /// <summary>Ends the connection on which an instance holds the right to relay.</summary>
    public async Task TerminateTheLock()
    {
        await using var source = NpgsqlDataSource.Create(Database);
        await using var command = source.CreateCommand("""
            SELECT count(pg_terminate_backend(pid)) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE locktype = 'advisory' AND granted AND application_name = 'relay' AND datname = current_database()
            """);
        (await command.ExecuteScalarAsync()).ShouldBe(1L);
    }

    /// <summary>Sets the relay's noted progress back, as if another relay, for the moment that two run, had noted its own.</summary>
    public async Task SetProgressBack(int events)
    {
        await using var source = NpgsqlDataSource.Create(Database);
        await using var command = source.CreateCommand("UPDATE mt_event_progression SET last_seq_id = last_seq_id - $1 WHERE name = 'Relay:All'");
        command.Parameters.Add(new() { Value = (long)events });
        (await command.ExecuteNonQueryAsync()).ShouldBe(1);
    }

    public async ValueTask DisposeAsync()
    {
        await One.DisposeAsync();
        _key.Dispose();
    }
}

public sealed class LedgerHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ECDsa _key;

    private LedgerHost(WebApplication app, ECDsa key) => (_app, _key) = (app, key);

    public IServiceProvider Services => _app.Services;

    public IBus Bus => Services.GetRequiredService<IBus>();

    public static async Task<LedgerHost> Start(LedgerFixture fixture, ECDsa key)
    {
        string[] settings =
        [
            $"--ConnectionStrings:events={fixture.Database}",
            $"--ConnectionStrings:bus={fixture.Servers.Bus}",
            $"--{ServiceDefaults.Trust.Authorization.PublicKey}={Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())}",
        ];
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = settings, ApplicationName = typeof(LedgerHost).Assembly.GetName().Name });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Critical); // outages and dead letters are what these tests make
        LogContext.ConfigureCurrentLogContext(NullLoggerFactory.Instance); // MassTransit would go on with the logs of an instance that is gone
        builder.AddLedger();
        var app = builder.Build();
        app.MapLedger();
        await app.StartAsync();
        var host = new LedgerHost(app, key);
        await Answers.Until(host.Health, h => h.Status == 200, TimeSpan.FromMinutes(1)); // its queues are there
        return host;
    }

    /// <summary>A client with a pass; with another key, time or project when told so.</summary>
    public HttpClient As(Role role = Role.Contributor, string project = "books", Guid? projectId = null, ECDsa? key = null, DateTimeOffset? at = null)
    {
        var client = Anonymous();
        var pass = new Pass("ada", role, projectId ?? Guid.Empty, project);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", pass.Sign(key ?? _key, at ?? DateTimeOffset.UtcNow));
        return client;
    }

    public HttpClient Anonymous() => new() { BaseAddress = new Uri(_app.Urls.First()) };

    public async Task<JsonNode> Write(Guid ledger, int number, string text = "line") =>
        await As().Post($"/api/projects/books/ledgers/{ledger}/lines", new { number, text }).Json(HttpStatusCode.Created);

    public async Task<int[]> Lines(Guid ledger)
    {
        using var answer = await As(Role.Viewer).GetAsync($"/api/projects/books/ledgers/{ledger}");
        return answer.StatusCode == HttpStatusCode.OK
            ? [.. JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["lines"]!.AsArray().Select(n => n!.GetValue<int>())]
            : [];
    }

    public async Task<(int Status, JsonNode Report)> Health()
    {
        using var answer = await Anonymous().GetAsync("/health");
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    public async Task<bool> Relays() => (await Health()).Report["checks"]!["relay"]!["description"]!.ToString() == "this instance relays";

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}

/// <summary>Another service on the bus, with a queue that outlives the broker's death; it keeps what it hears in the order of arrival.</summary>
public sealed class Listener : IAsyncDisposable
{
    private readonly ConcurrentQueue<IntegrationEvent> _heard = [];
    private readonly IBusControl _bus;

    private Listener(Uri broker) => _bus = MassTransit.Bus.Factory.CreateUsingRabbitMq(rabbit =>
    {
        rabbit.Host(broker);
        rabbit.ReceiveEndpoint($"listener-{Guid.NewGuid():N}", queue =>
        {
            queue.ConcurrentMessageLimit = 1;
            queue.Handler<LineAnnounced>(context => Hear(context.Message));
            queue.Handler<CopyAnnounced>(context => Hear(context.Message));
        });
    });

    public static async Task<Listener> Start(Servers servers)
    {
        var listener = new Listener(servers.Bus);
        await listener._bus.StartAsync();
        return listener;
    }

    /// <summary>What was heard of a ledger, each fact where it was first heard.</summary>
    public IReadOnlyList<LineAnnounced> Of(Guid ledger) => [.. _heard.OfType<LineAnnounced>().Where(l => l.Ledger == ledger).DistinctBy(l => l.EventId)];

    public IReadOnlyList<CopyAnnounced> CopiesOf(Guid ledger) => [.. _heard.OfType<CopyAnnounced>().Where(l => l.Ledger == ledger).DistinctBy(l => l.EventId)];

    /// <summary>Waits until so many lines of a ledger were heard, and answers with their numbers.</summary>
    public async Task<int[]> Hears(Guid ledger, int count) => [.. (await Answers.Until(
        () => Task.FromResult(Of(ledger)), lines => lines.Count >= count, TimeSpan.FromMinutes(2))).Select(l => l.Number)];

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await _bus.StopAsync(patience.Token);
    }

    private Task Hear(IntegrationEvent fact)
    {
        _heard.Enqueue(fact);
        return Task.CompletedTask;
    }
}
