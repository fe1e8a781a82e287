using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace MlLifecycle.Datasets;

/// <summary>The service as a process of its own, on the database and files of the fixture: real connections, memory of its own, and it can be killed.</summary>
public sealed class DatasetsProcess(DatasetsFixture service) : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _log = [];
    private readonly int _port = FreePort();
    private Process? _process;

    /// <summary>A client like one of the fixture's, that talks to this process.</summary>
    public HttpClient Like(HttpClient client) => new()
    {
        BaseAddress = new Uri($"http://127.0.0.1:{_port}"),
        DefaultRequestHeaders = { Authorization = client.DefaultRequestHeaders.Authorization },
        Timeout = TimeSpan.FromMinutes(5),
    };

    /// <summary>A connection on which a request was sent as it stands here, byte by byte.</summary>
    public async Task<TcpClient> Send(HttpClient like, string head, byte[] body)
    {
        var connection = new TcpClient { NoDelay = true };
        await connection.ConnectAsync(IPAddress.Loopback, _port);
        var text = $"{head}\r\nHost: localhost\r\nAuthorization: {like.DefaultRequestHeaders.Authorization}\r\n\r\n";
        await connection.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text));
        await connection.GetStream().WriteAsync(body);
        return connection;
    }

    /// <summary>The status and the rest of the answer to such a request.</summary>
    public async Task<(int Status, string Answer)> Ask(HttpClient like, string head, string body = "")
    {
        using var connection = await Send(like, $"{head}\r\nConnection: close\r\nContent-Length: {body.Length}", Encoding.UTF8.GetBytes(body));
        using var reader = new StreamReader(connection.GetStream());
        var answer = await reader.ReadToEndAsync();
        return (int.Parse(answer.Split(' ')[1], CultureInfo.InvariantCulture), answer);
    }

    public async ValueTask InitializeAsync() => await Start();

    public async Task Start()
    {
        var configuration = service.Host.Services.GetRequiredService<IConfiguration>();
        var start = new ProcessStartInfo("dotnet", [Path.ChangeExtension(typeof(Dataset).Assembly.Location, ".dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{_port}",
                ["ConnectionStrings__events"] = configuration.GetConnectionString("events"),
                ["ConnectionStrings__bus"] = configuration.GetConnectionString("bus"),
                ["Auth__PublicKey"] = configuration[ServiceDefaults.Trust.Authorization.PublicKey],
                ["Storage__Path"] = service.Storage,
            },
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var client = Like(service.Above());
        await Answers.Until(
            async () =>
            {
                if (_process.HasExited)
                    throw new InvalidOperationException($"The service ended:\n{string.Join('\n', _log)}");
                try
                {
                    using var alive = await client.GetAsync("/health");
                    return alive.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            healthy => healthy, TimeSpan.FromMinutes(2));
    }

    /// <summary>Ends it as a power failure would.</summary>
    public async Task Kill()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>The memory it occupies now, and the most since the last time this was asked, in MiB.</summary>
    public (long Now, long Peak) Memory()
    {
        var status = File.ReadLines($"/proc/{_process!.Id}/status").Where(line => line.StartsWith("Vm", StringComparison.Ordinal)).ToDictionary(
            line => line.Split(':')[0], line => long.Parse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024);
        File.WriteAllText($"/proc/{_process.Id}/clear_refs", "5"); // proc(5): the peak starts anew
        return (status["VmRSS"], status["VmHWM"]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await Kill();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
