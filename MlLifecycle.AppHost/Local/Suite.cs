using System.Globalization;

namespace MlLifecycle.AppHost.Local;

/// <summary>The topology as processes.</summary>
internal sealed class Suite : IAsyncDisposable
{
    private readonly Screen _screen;
    private readonly List<Task> _running = [];
    private readonly CancellationTokenSource _stop = new();

    public Suite(Options options, DataDirectory data, Screen screen)
    {
        _screen = screen;
        LogFile Log(string name) => new(Path.Combine(data.Logs, $"{name}.log"));
        Postgres = new(data.Postgres, data.Secrets.PostgresPassword, Log(Topology.Postgres), screen);
        Bus = new(data.RabbitMq, data.Secrets.BusPassword, Log(Topology.Bus), screen);
        var ports = Topology.Services.ToDictionary(part => part.Name, part => part.IsFrontDoor ? options.Port : Ports.Free());
        Services =
        [
            .. Topology.Services.Select(
                part => new ServiceProcess(part, ports[part.Name], SettingsOf(part, options, data, ports), options.Verbose, Bus, Log(part.Name), screen)),
        ];
    }

    public PostgresPart Postgres { get; }

    public BusPart Bus { get; }

    public IReadOnlyList<ServiceProcess> Services { get; }

    public ServiceProcess FrontDoor => Services[Topology.Services.ToList().FindIndex(part => part.IsFrontDoor)];

    public IReadOnlyList<Part> Parts => [Postgres, Bus, .. Services];

    /// <summary>Starts everything in the order of who needs whom, and returns when all of it is healthy.</summary>
    /// <exception cref="StartException">Something cannot run here.</exception>
    public async Task StartAsync(CancellationToken ct)
    {
        Run(Postgres);
        Run(Bus);
        await Reached(Postgres.Healthy, ct);
        foreach (var service in Services)
            Run(service);
        await Reached(Task.WhenAll(Parts.Select(part => part.Healthy)), ct);
    }

    /// <summary>Stops everything in the opposite order: first the services, so that none misses what it needs while it ends its work.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var part in _running)
            await part.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(Services.Select(service => service.DisposeAsync().AsTask()));
        await Task.WhenAll(Postgres.DisposeAsync().AsTask(), Bus.DisposeAsync().AsTask());
        _stop.Dispose();
    }

    private void Run(Part part) => _running.Add(part.RunAsync(_stop.Token));

    // Ends when the goal is reached, or with the first part that cannot run.
    private async Task Reached(Task goal, CancellationToken ct)
    {
        var waiting = new List<Task>(_running) { goal };
        while (!goal.IsCompleted)
        {
            var first = await Task.WhenAny(waiting).WaitAsync(ct);
            await first;
            waiting.Remove(first);
        }
    }

    private Dictionary<string, string> SettingsOf(ServicePart part, Options options, DataDirectory data, Dictionary<string, int> ports)
    {
        var settings = new Dictionary<string, string>
        {
            [Settings.Events] = Postgres.ConnectionString(part.Name),
            [Settings.Bus] = Bus.Uri.ToString(),
            [Settings.PublicKey] = data.Secrets.PublicKey,
        };
        if (part.KeepsFiles)
            settings[Settings.Storage] = data.FilesOf(part.Name);
        foreach (var called in part.Calls)
            settings[Settings.AddressOf(called)] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ports[called]}");
        if (part.IsFrontDoor)
        {
            settings[Settings.PrivateKey] = data.Secrets.PrivateKey;
            if (options.TokenFile is { } file)
                settings[Settings.AdminTokenFile] = file;
        }

        return settings;
    }
}
