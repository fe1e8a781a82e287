namespace MlLifecycle.AppHost.Local;

/// <summary>How to start one child process.</summary>
internal sealed record Launch(string Program, params IReadOnlyList<string> Arguments)
{
    /// <summary>Variables on top of the few that every child inherits.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public string? Directory { get; init; }

    /// <summary>The account to run as, when the caller may choose (root); null keeps the caller's own.</summary>
    public string? Account { get; init; }

    /// <summary>What the kernel sends the child when this process ends in whatever way, so that nothing is left behind.</summary>
    public Signal WhenParentDies { get; init; } = Signal.Kill;

    // What a child may inherit. Everything else (ASPNETCORE_URLS, RABBITMQ_NODENAME, PGDATA of the caller's shell) would change what runs.
    private static readonly string[] _inherited =
        ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "DOTNET_ROOT", "DOTNET_GCHeapHardLimit", "NO_PROXY", "no_proxy"];

    private static readonly string[] _inheritedPrefixes = ["OTEL_", "Logging__", "Portal__", "SSL_CERT_"];

    /// <summary>The whole environment of the child.</summary>
    public Dictionary<string, string> FullEnvironment()
    {
        var full = new Dictionary<string, string>();
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            if (_inherited.Contains(name) || _inheritedPrefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal)))
                full[name] = (string)variable.Value!;
        }

        foreach (var (name, value) in Environment)
            full[name] = value;
        return full;
    }

    /// <summary>The command line: out of the terminal's reach (its Ctrl-C is for this process, which then stops its children in order), tied to this process's life, as the right account.</summary>
    public IReadOnlyList<string> CommandLine()
    {
        List<string> line = ["setsid", "setpriv", "--pdeathsig", WhenParentDies.ToString().ToUpperInvariant()];
        if (Account is not null)
            line.AddRange(["--reuid", Account, "--regid", Account, "--init-groups"]);
        line.AddRange(["--", Program, .. Arguments]);
        return line;
    }
}
