namespace MlLifecycle.AppHost.Local;

/// <summary>PostgreSQL, as a part of the suite.</summary>
internal sealed class PostgresPart : Part
{
    private readonly PostgreSql _server;

    public PostgresPart(string directory, string password, LogFile log, Screen screen)
        : base(Topology.Postgres, log, screen) => _server = new(directory, password, PostgreSql.OnASharedMachine, Printed);

    public override string Address => $"127.0.0.1:{_server.Port}";

    public override Child? Process => _server.Process;

    public string ConnectionString(string database) => _server.ConnectionString(database) + ";Maximum Pool Size=40";

    protected override Task StartAsync(IProgress<string> progress, CancellationToken ct) => _server.StartAsync(progress, ct);

    protected override Task EndAsync() => _server.StopAsync();

    protected override async Task<string?> ProblemAsync(CancellationToken ct) => await _server.AnswersAsync(ct) ? null : "does not answer";
}

/// <summary>RabbitMQ, as a part of the suite.</summary>
internal sealed class BusPart : Part
{
    private readonly RabbitMq _server;

    public BusPart(string directory, string password, LogFile log, Screen screen)
        : base(Topology.Bus, log, screen) => _server = new(directory, password, Printed);

    public override string Address => $"127.0.0.1:{_server.Port}";

    public override Child? Process => _server.Process;

    public Uri Uri => _server.Uri;

    public Uri Management => _server.Management;

    public (string User, string Password) Credentials => _server.Credentials;

    protected override Task StartAsync(IProgress<string> progress, CancellationToken ct) => _server.StartAsync(progress, ct);

    protected override Task EndAsync() => _server.StopAsync();

    protected override async Task<string?> ProblemAsync(CancellationToken ct) => await Ports.AnswersAsync(_server.Port, ct) ? null : "does not answer";
}
