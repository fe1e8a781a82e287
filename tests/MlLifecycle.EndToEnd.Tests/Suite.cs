using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(MlLifecycle.Suite))]
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace MlLifecycle;

/// <summary>
/// The whole suite, started as a user starts it: the AppHost as a process of its own, in a temporary directory on free ports. Started by the
/// first test that asks for it.
/// </summary>
public sealed class Suite : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("mll-suite-").FullName;
    private readonly StringBuilder _output = new();
    private readonly SemaphoreSlim _starting = new(1, 1);
    private Process? _host;
    private string _token = "";

    /// <summary>The Portal's address.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>The first admin token.</summary>
    public string Token => _token;

    /// <summary>The suite's data directory.</summary>
    public string Data => _data;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Starts the suite unless it runs, and answers when every service is healthy.</summary>
    public async Task<Suite> Started()
    {
        await _starting.WaitAsync();
        try
        {
            if (_host is { HasExited: false })
                return this;
            if (OperatingSystem.IsLinux())
                File.SetUnixFileMode(_data, (UnixFileMode)0b111_101_101); // PostgreSQL runs as another user when the tests run as root
            var port = FreePort();
            Address = new Uri($"http://127.0.0.1:{port}");
            var tokenFile = Path.Combine(_data, "admin-token");
            _host = Start(AppHost(), "--data", Path.Combine(_data, "data"), "--port", $"{port}", "--token-file", tokenFile);
            await Healthy(TimeSpan.FromMinutes(3));
            _token = (await File.ReadAllTextAsync(tokenFile)).Trim();
            return this;
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>A client with the admin's token, or another one.</summary>
    public HttpClient Client(string? token = null)
    {
        var client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token ?? Token);
        return client;
    }

    /// <summary>Waits until the Portal says that every service is healthy.</summary>
    public async Task Healthy(TimeSpan within)
    {
        using var client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(5) };
        var deadline = Stopwatch.StartNew();
        var last = "no answer";
        while (deadline.Elapsed < within)
        {
            if (_host is { HasExited: true } dead)
                throw new InvalidOperationException($"The suite ended with exit code {dead.ExitCode}:\n{_output}");
            try
            {
                using var answer = await client.GetAsync("/health");
                if (answer.StatusCode == HttpStatusCode.OK)
                    return;
                last = await answer.Content.ReadAsStringAsync();
            }
            catch (Exception early) when (early is HttpRequestException or TaskCanceledException)
            {
                last = early.Message;
            }

            await Task.Delay(200);
        }

        throw new TimeoutException($"The suite is not healthy after {within}: {last}\n{_output}");
    }

    /// <summary>Kills a process of the suite the hard way, found by a part of its command line among the host's descendants.</summary>
    /// <param name="commandLine">As in <c>MlLifecycle.Scoping</c>, or <c>beam.smp</c> for the broker.</param>
    public void Kill(string commandLine)
    {
        var victims = Descendants(_host!.Id).Where(pid => CommandLine(pid).Contains(commandLine, StringComparison.Ordinal)).ToList();
        if (victims.Count == 0)
            throw new InvalidOperationException($"No process of the suite has '{commandLine}' in its command line.");
        foreach (var pid in victims)
            Process.GetProcessById(pid).Kill();
    }

    /// <summary>Every process below the host, by id.</summary>
    public IReadOnlyList<int> Processes() => [.. Descendants(_host!.Id)];

    /// <summary>Stops the suite as Ctrl-C does, and answers with the host's exit code.</summary>
    public async Task<int> Stop()
    {
        const int SIGINT = 2, SIGTERM = 15;
        // What a shell without job control starts in the background, and all below it, is deaf to SIGINT.
        var deaf = Convert.ToUInt64(File.ReadLines($"/proc/{_host!.Id}/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[7..].Trim(), 16) >> (SIGINT - 1) & 1;
        if (Signal(_host.Id, deaf == 1 ? SIGTERM : SIGINT) != 0)
            throw new InvalidOperationException($"The suite could not be told to stop: error {Marshal.GetLastPInvokeError()}");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await _host.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            lock (_output)
                throw new TimeoutException($"The suite did not stop:\n{_output}");
        }

        return _host.ExitCode;
    }

    /// <summary>A port that nothing listens on.</summary>
    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The built AppHost.</summary>
    internal static string AppHost() => typeof(Suite).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "AppHost").Value!;

    public async ValueTask DisposeAsync()
    {
        if (_host is { HasExited: false })
            await Stop();
        _host?.Dispose();
        _starting.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private static IEnumerable<int> Descendants(int pid)
    {
        foreach (var task in Directory.GetDirectories($"/proc/{pid}/task"))
        {
            foreach (var child in File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse))
            {
                yield return child;
                foreach (var grandchild in Descendants(child))
                    yield return grandchild;
            }
        }
    }

    private static string CommandLine(int pid) => File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int pid, int signal);

    private Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        var process = Process.Start(start) ?? throw new InvalidOperationException("The AppHost did not start.");
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Keep(string? line)
    {
        lock (_output)
            _output.AppendLine(line);
    }
}
