using System.Globalization;

namespace MlLifecycle.AppHost.Local;

/// <summary>
/// A private RabbitMQ broker as a child process: its data in one directory, on loopback ports of its own, ended with this process. The machine's own broker is neither used nor touched.
/// As root it runs as the account "rabbitmq".
/// </summary>
/// <param name="directory">Where it keeps everything; made when missing, found again later.</param>
/// <param name="password">Password of its one user, set when the directory is first made.</param>
/// <param name="log">Takes each line it prints.</param>
public sealed class RabbitMq(string directory, string password, Action<string>? log = null) : IAsyncDisposable
{
    private const string User = "mllifecycle";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(90);

    private readonly string? _account = Account.For("rabbitmq");
    private readonly int _namePort = Ports.Free();
    private readonly int _nodePort = Ports.Free();
    private readonly int _managementPort = Ports.Free();
    private Child? _names;
    private Child? _broker;

    /// <summary>Its AMQP port on 127.0.0.1; the same for as long as this object lives.</summary>
    public int Port { get; } = Ports.Free();

    /// <summary>Process id of the broker while it runs, else null.</summary>
    public int? Pid => _broker is { Running: true } broker ? broker.Id : null;

    /// <summary>Process id of its name server (epmd) while it runs, else null.</summary>
    public int? NamesPid => _names is { Running: true } names ? names.Id : null;

    internal Child? Process => _broker;

    /// <summary>Where clients connect, with user and password.</summary>
    public Uri Uri => new($"amqp://{User}:{password}@127.0.0.1:{Port}");

    /// <summary>The management console and its HTTP API.</summary>
    public Uri Management => new($"http://127.0.0.1:{_managementPort}/");

    /// <summary>Who may sign in to the management console.</summary>
    public (string User, string Password) Credentials => (User, password);

    /// <summary>The broker's start script, or null when RabbitMQ is not installed.</summary>
    public static string? Programs() => File.Exists(StartScript) && File.Exists("/usr/bin/epmd") ? StartScript : null;

    // The wrapper in /usr/sbin changes user and directories; this is what it calls.
    private static string StartScript => "/usr/lib/rabbitmq/bin/rabbitmq-server";

    /// <summary>Starts it, making its data directory the first time, and returns when it takes connections.</summary>
    /// <param name="progress">Told what happens, in a few words.</param>
    /// <exception cref="StartException">It cannot run here; the message says why.</exception>
    public async Task StartAsync(IProgress<string>? progress = null, CancellationToken ct = default)
    {
        var script = Programs() ?? throw new StartException("RabbitMQ is not installed: apt-get install rabbitmq-server.");
        await Account.OwnDirectoryAsync(_account, directory, ct);
        await PidFile.EndLeftOverAsync(At("broker.pid"), Signal.Term, TimeSpan.FromSeconds(30), ct);
        await PidFile.EndLeftOverAsync(At("names.pid"), Signal.Term, TimeSpan.FromSeconds(5), ct);
        await WriteConfigurationAsync(ct);

        progress?.Report("starting");
        if (_names is not { Running: true })
        {
            // The broker would start a name server of its own, which stays behind when the broker is gone.
            _names = Child.Start(new Launch("/usr/bin/epmd", "-address", "127.0.0.1", "-port", Text(_namePort)) { Account = _account, Directory = directory, WhenParentDies = Signal.Kill });
            PidFile.Write(At("names.pid"), _names.Id);
            await ListeningAsync(_names, _namePort, "RabbitMQ's name server (epmd)", ct);
        }

        _broker = Child.Start(new Launch(script) { Account = _account, Directory = directory, Environment = Variables(), WhenParentDies = Signal.Term }, log);
        PidFile.Write(At("broker.pid"), _broker.Id);
        await ListeningAsync(_broker, Port, "RabbitMQ", ct);
    }

    /// <summary>Stops it cleanly, the name server too.</summary>
    public async Task StopAsync()
    {
        await EndBrokerAsync(Signal.Term);
        if (_names is { } names)
            await names.StopAsync(Signal.Kill, TimeSpan.Zero);
        _names?.Dispose();
        _names = null;
        File.Delete(At("names.pid"));
    }

    /// <summary>Ends the broker at once, as a power failure would; the name server goes on, so that <see cref="StartAsync"/> brings the broker back under its name.</summary>
    public Task KillAsync() => EndBrokerAsync(Signal.Kill);

    /// <summary>Stops it.</summary>
    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task EndBrokerAsync(Signal signal)
    {
        if (_broker is { } broker)
            await broker.StopAsync(signal, TimeSpan.FromSeconds(30));
        _broker?.Dispose();
        _broker = null;
        File.Delete(At("broker.pid"));
    }

    private string At(string file) => Path.Combine(directory, file);

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

    private async Task WriteConfigurationAsync(CancellationToken ct)
    {
        await Account.OwnFileAsync(_account, At("rabbitmq.conf"), $"""
            listeners.tcp.1 = 127.0.0.1:{Port}
            management.tcp.ip = 127.0.0.1
            management.tcp.port = {_managementPort}
            default_user = {User}
            default_pass = {password}
            default_user_tags.administrator = true
            log.file = false
            log.console = true
            log.console.level = warning

            """, ct);
        await Account.OwnFileAsync(_account, At("enabled_plugins"), "[rabbitmq_management].\n", ct);
    }

    private Dictionary<string, string> Variables() => new()
    {
        ["HOME"] = directory,
        ["RABBITMQ_CONF_ENV_FILE"] = At("none"),
        ["RABBITMQ_NODENAME"] = "mllifecycle@localhost", // names the directory of its data, so it stays when ports change
        ["RABBITMQ_MNESIA_BASE"] = At("data"),
        ["RABBITMQ_LOG_BASE"] = At("log"),
        ["RABBITMQ_PID_FILE"] = At("rabbitmq.pid"),
        ["RABBITMQ_GENERATED_CONFIG_DIR"] = At("generated"),
        ["RABBITMQ_SCHEMA_DIR"] = At("schema"),
        ["RABBITMQ_CONFIG_FILE"] = At("rabbitmq.conf"),
        ["RABBITMQ_ADVANCED_CONFIG_FILE"] = At("advanced.config"),
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = At("enabled_plugins"),
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        ["ERL_EPMD_PORT"] = Text(_namePort),
        ["RABBITMQ_DIST_PORT"] = Text(_nodePort),
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
        ["NOTIFY_SOCKET"] = At("none"), // makes the script become the broker instead of standing in front of it
    };

    private static async Task ListeningAsync(Child child, int port, string what, CancellationToken ct)
    {
        var deadline = Environment.TickCount64 + (long)_patience.TotalMilliseconds;
        while (child.Running)
        {
            if (await Ports.AnswersAsync(port, ct))
                return;
            if (Environment.TickCount64 > deadline)
                throw new StartException($"{what} does not take connections on port {port} after {_patience.TotalSeconds:0} s.");
            await Task.Delay(50, ct);
        }

        throw new StartException($"{what} ended with exit code {await child.Exit} while starting: {string.Join(' ', child.LastLines.TakeLast(3)).Trim()}");
    }
}
