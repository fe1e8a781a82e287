using System.CommandLine;
using System.Globalization;

namespace MlLifecycle.AppHost.Local;

/// <summary>What the person at the terminal chose.</summary>
/// <param name="Data">Where everything is kept.</param>
/// <param name="Port">The Portal's port.</param>
/// <param name="TokenFile">Where the first admin token is written too.</param>
/// <param name="Demo">Whether the sample runs once everything is healthy.</param>
/// <param name="Verbose">Whether every line of the services is shown, not only what an operator must know.</param>
internal sealed record Options(string Data, int Port, string? TokenFile, bool Demo, bool Verbose)
{
    /// <summary>The command line: its options, their help, and what to do with them.</summary>
    public static RootCommand Command(Func<Options, Task<int>> run)
    {
        var data = new Option<string>("--data") { Description = "Where everything is kept, found again by the next start", HelpName = "DIR", DefaultValueFactory = _ => DefaultData() };
        var port = new Option<int>("--port")
        {
            Description = "The Portal's port; all others are free ones", HelpName = "N", DefaultValueFactory = _ => 8080,
            CustomParser = given =>
            {
                if (int.TryParse(given.Tokens.Single().Value, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 65535)
                    return number;
                given.AddError($"--port takes a number from 1 to 65535, not '{given.Tokens.Single().Value}'.");
                return 0;
            },
        };
        var tokenFile = new Option<string?>("--token-file") { Description = "Also write the first admin token there, readable by you alone", HelpName = "F" };
        var demo = new Option<bool>("--demo") { Description = "Also run the Fashion-MNIST sample" };
        var verbose = new Option<bool>("--verbose") { Description = "Show every log line of the services, not only warnings and errors" };
        var command = new RootCommand("Starts the whole suite: PostgreSQL, RabbitMQ and every service. Ctrl-C stops what it started.") 
        {
            data, port, tokenFile, demo, verbose,
        };
        command.SetAction(parsed => run(new(
            Path.GetFullPath(parsed.GetValue(data)!),
            parsed.GetValue(port),
            parsed.GetValue(tokenFile) is { } file ? Path.GetFullPath(file) : null,
            parsed.GetValue(demo),
            parsed.GetValue(verbose))));
        return command;
    }

    // Root's own state directory is closed to the account that PostgreSQL runs as.
    private static string DefaultData() =>
        Environment.IsPrivilegedProcess ? "/var/lib/mllifecycle"
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state ? state : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state"),
            "mllifecycle");
}
