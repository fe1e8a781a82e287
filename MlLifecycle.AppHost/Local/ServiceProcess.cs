using System.Globalization;

namespace MlLifecycle.AppHost.Local;

/// <summary>One service as a process on a loopback port of its own.</summary>
/// <param name="part">What the topology says of it.</param>
/// <param name="port">Its port.</param>
/// <param name="environment">Its settings.</param>
/// <param name="verbose">Whether all it prints is shown; else what is below a warning goes into its log file alone.</param>
/// <param name="bus">The bus, which it need not wait for: that it cannot connect yet is no news before the bus was up.</param>
/// <param name="log">Its log file.</param>
/// <param name="screen">Where people look.</param>
internal sealed class ServiceProcess(ServicePart part, int port, IReadOnlyDictionary<string, string> environment, bool verbose, Part bus, LogFile log, Screen screen)
    : Part(part.Name, log, screen)
{
    private const string TokenLine = "Admin token: ";
    private static readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly Uri _address = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

    private Child? _child;

    public override string Address => $"http://localhost:{port}";

    public override Child? Process => _child;

    /// <summary>The admin token, when this start of the Portal made one. It is shown to the person at the terminal, and goes into no log file.</summary>
    public string? AdminToken { get; private set; }

    protected override Task StartAsync(IProgress<string> progress, CancellationToken ct)
    {
        _child?.Dispose();
        _child = Child.Start(new Launch("dotnet", Programs.Of(part.Project)) { Environment = All(), WhenParentDies = Signal.Kill }, Printed);
        return Task.CompletedTask;
    }

    // Thirty seconds is what a host gives its requests and its bus to end; then it is cut off.
    protected override Task EndAsync() => _child!.StopAsync(Signal.Term, TimeSpan.FromSeconds(35));

    protected override async Task<string?> ProblemAsync(CancellationToken ct)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(_address, part.IsFrontDoor ? "/alive" : "/health"), ct);
            return answer.IsSuccessStatusCode ? null : $"answers {(int)answer.StatusCode} at /health";
        }
        catch (Exception early) when (early is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
        {
            return early is HttpRequestException ? "" : "does not answer";
        }
    }

    protected override void Printed(string line)
    {
        if (part.IsFrontDoor && line.StartsWith(TokenLine, StringComparison.Ordinal))
            AdminToken = line[TokenLine.Length..].Trim();
        else if (verbose || !IsOrdinary(line))
            Say(line);
        else
            base.Printed(line);
    }

    // A line begins with the time and the level; what has no level, such as the runtime's last words, is not ordinary.
    private bool IsOrdinary(string line) =>
        line.Split(' ', 3) is [_, "info:" or "dbug:" or "trce:", ..]
        || !bus.Healthy.IsCompleted && line.Contains("MassTransit[0] Connection Failed", StringComparison.Ordinal);

    private Dictionary<string, string> All() => new(environment)
    {
        ["ASPNETCORE_URLS"] = _address.ToString(),
        ["ASPNETCORE_ENVIRONMENT"] = "Production",
        // Seven services that start together spend 20% less processor time without the counters that a profile-guided compiler needs (bench/startup.sh).
        ["DOTNET_TieredPGO"] = "0",
        ["Logging__Console__FormatterName"] = "simple",
        ["Logging__Console__FormatterOptions__SingleLine"] = "true",
        ["Logging__Console__FormatterOptions__TimestampFormat"] = "HH:mm:ss.fff ",
        ["Logging__Console__FormatterOptions__ColorBehavior"] = "Disabled",
    };
}

/// <summary>Where the built programs of the repository are: beside the AppHost, of the same configuration.</summary>
internal static class Programs
{
    private static readonly DirectoryInfo _here = new(AppContext.BaseDirectory.TrimEnd('/')); // ROOT/MlLifecycle.AppHost/bin/CONFIGURATION/FRAMEWORK

    private static string Root => _here.Parent!.Parent!.Parent!.Parent!.FullName;

    public static string Of(string project, string room = "src")
    {
        var name = project.StartsWith("MlLifecycle.", StringComparison.Ordinal) ? project : Path.GetFileName(project);
        var program = Path.Combine(Root, room, project, "bin", _here.Parent!.Name, _here.Name, name + ".dll");
        return File.Exists(program) ? program : throw new StartException($"{program} is not built: dotnet build MlLifecycle.sln -c {_here.Parent!.Name}.");
    }
}
