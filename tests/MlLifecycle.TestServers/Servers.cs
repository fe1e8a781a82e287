using System.Globalization;
using MlLifecycle.AppHost.Local;

namespace MlLifecycle.TestServers;

/// <summary>
/// The real PostgreSQL and RabbitMQ that the tests of an assembly share, started when first asked for, on free ports, in a temporary directory. Disposing it, or the end of the test
/// process in whatever way, ends the servers and removes the directory. As an xunit assembly fixture: <c>[assembly: AssemblyFixture(typeof(Servers))]</c>.
/// </summary>
public sealed class Servers : IAsyncDisposable
{
    // Nothing of a test outlives the machine's next power failure: no need to wait for the disk.
    private static readonly Dictionary<string, string> _volatile = new()
    {
        ["fsync"] = "off",
        ["synchronous_commit"] = "off",
        ["full_page_writes"] = "off",
        ["shared_buffers"] = "128MB",
        ["max_wal_size"] = "2GB",
    };

    private readonly SemaphoreSlim _one = new(1);
    private readonly Lazy<TemporaryDirectory> _directory = new(() => new TemporaryDirectory());
    private int _databases;
    private bool _brokerStopped;

    /// <summary>The database server, once started.</summary>
    public PostgreSql? Postgres { get; private set; }

    /// <summary>The broker, once started.</summary>
    public RabbitMq? RabbitMq { get; private set; }

    /// <summary>Where clients reach the broker (amqp, with user and password). Starts it when it never was; the address stays when it is stopped and started.</summary>
    public Uri Bus
    {
        get
        {
            StartRabbitMqAsync().GetAwaiter().GetResult();
            return RabbitMq!.Uri;
        }
    }

    /// <summary>Makes sure that PostgreSQL runs.</summary>
    public async Task StartPostgresAsync()
    {
        await _one.WaitAsync();
        try
        {
            if (Postgres is not null)
                return;
            var postgres = new PostgreSql(Path.Combine(_directory.Value.Path, "postgres"), "for-tests-only", _volatile);
            await postgres.StartAsync();
            _directory.Value.Await(postgres.Pid);
            Postgres = postgres;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Makes sure that RabbitMQ runs, unless a test has stopped it.</summary>
    public async Task StartRabbitMqAsync()
    {
        await _one.WaitAsync();
        try
        {
            if (RabbitMq is not null)
                return;
            var rabbitMq = new RabbitMq(Path.Combine(_directory.Value.Path, "rabbitmq"), "for-tests-only");
            await rabbitMq.StartAsync();
            AwaitBroker(rabbitMq);
            RabbitMq = rabbitMq;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>A new empty database; the name is made unique. Starts PostgreSQL when it does not run.</summary>
    public async Task<string> NewDatabaseAsync(string name)
    {
        await StartPostgresAsync();
        var unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{Interlocked.Increment(ref _databases)}");
        await Postgres!.CreateDatabaseAsync(unique);
        return Postgres.ConnectionString(unique) + ";Maximum Pool Size=20";
    }

    /// <inheritdoc cref="NewDatabaseAsync"/>
    public string NewDatabase(string name) => NewDatabaseAsync(name).GetAwaiter().GetResult();

    /// <summary>Stops the broker; <paramref name="hard"/> as a power failure would. Its messages are there again after <see cref="StartBroker"/>.</summary>
    public async Task StopBroker(bool hard = false)
    {
        await StartRabbitMqAsync();
        await (hard ? RabbitMq!.KillAsync() : RabbitMq!.StopAsync());
        _brokerStopped = true;
    }

    /// <summary>Starts the broker again, at the same address, and returns when it takes connections.</summary>
    public async Task StartBroker()
    {
        await StartRabbitMqAsync();
        if (!_brokerStopped)
            return;
        await RabbitMq!.StartAsync();
        AwaitBroker(RabbitMq);
        _brokerStopped = false;
    }

    /// <summary>Stops PostgreSQL. Its data are there again after <see cref="StartPostgresAgain"/>.</summary>
    public async Task StopPostgres()
    {
        await StartPostgresAsync();
        await Postgres!.StopAsync();
    }

    /// <summary>Starts PostgreSQL again, at the same address, and returns when it answers.</summary>
    public async Task StartPostgresAgain()
    {
        if (Postgres is not { Pid: null } stopped)
            return;
        await stopped.StartAsync();
        _directory.Value.Await(stopped.Pid);
    }

    /// <summary>Stops the servers and removes their directory.</summary>
    public async ValueTask DisposeAsync()
    {
        // Nobody will read their data again, so they need no time to put it in order.
        if (RabbitMq is not null)
        {
            await RabbitMq.KillAsync();
            await RabbitMq.StopAsync();
        }

        if (Postgres is not null)
            await Postgres.KillAsync();
        if (_directory.IsValueCreated)
            await _directory.Value.DisposeAsync();
        _one.Dispose();
    }

    private void AwaitBroker(RabbitMq rabbitMq)
    {
        _directory.Value.Await(rabbitMq.Pid);
        _directory.Value.Await(rabbitMq.NamesPid);
    }
}
