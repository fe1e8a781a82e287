using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Spectre.Console;

namespace MlLifecycle.AppHost.Local;

/// <summary>From the command line to a running suite, and back to nothing.</summary>
internal static class Engine
{
    /// <summary>Runs the suite until it is told to stop. Exit code 0 after a stop, 1 when it cannot run here.</summary>
    public static async Task<int> RunAsync(Options options)
    {
        using var told = new CancellationTokenSource();
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true; // we end by ourselves, after our children
            told.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        try
        {
            if (!Ports.IsFree(options.Port))
                throw new StartException($"Port {options.Port} is in use: stop what listens there, or choose another with --port.");
            foreach (var part in Topology.Services)
                Programs.Of(part.Project);
            using var data = await DataDirectory.OpenAsync(options.Data, told.Token);
            await RunAsync(options, data, told.Token);
            return 0;
        }
        catch (StartException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
        catch (OperationCanceledException) when (told.IsCancellationRequested)
        {
            return 0;
        }
    }

    private static async Task RunAsync(Options options, DataDirectory data, CancellationToken told)
    {
        var screen = Screen.Of(AnsiConsole.Console);
        var suite = new Suite(options, data, screen);
        using var dark = new CancellationTokenSource();
        var showing = screen.RunAsync(suite.Parts, dark.Token);
        Demo? demo = null;
        try
        {
            var clock = Stopwatch.StartNew();
            await suite.StartAsync(told);
            screen.Notice(string.Create(CultureInfo.InvariantCulture, $"MlLifecycle is up, {clock.Elapsed.TotalSeconds:0.0} s after the start"), Welcome(options, suite));
            if (options.Demo)
                demo = Demo.Start(options, suite, screen);
            await Task.Delay(Timeout.Infinite, told).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            screen.Notice("Stopping", [("", "everything that this start began")]);
        }
        finally
        {
            await (demo?.StopAsync() ?? Task.CompletedTask);
            await suite.DisposeAsync();
            await dark.CancelAsync();
            await showing;
        }
    }

    private static List<(string, string)> Welcome(Options options, Suite suite)
    {
        var portal = suite.FrontDoor.Address;
        List<(string, string)> lines =
        [
            ("Console", portal),
            ("API", $"{portal}/api (described at {portal}/scalar)"),
            ("MLflow", $"MLFLOW_TRACKING_URI={portal}/mlflow/<project>"),
            ("RabbitMQ", $"{suite.Bus.Management} as {suite.Bus.Credentials.User}, password in {Path.Combine(options.Data, "secrets", "rabbitmq")}"),
            ("Logs", Path.Combine(options.Data, "logs")),
        ];
        if (suite.FrontDoor.AdminToken is { } token)
        {
            lines.Add(("Sign in", $"with the admin token {token}"));
            lines.Add(("", options.TokenFile is { } file ? $"It is also in {file}." : "Keep it: it is shown this once, and only its hash is kept."));
        }
        else
        {
            lines.Add(("Sign in", "with the admin token that the first start showed, or another API token"));
        }

        lines.Add(("Stop", "Ctrl-C"));
        return lines;
    }
}
