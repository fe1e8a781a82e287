using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Reflection;
using System.Security.Cryptography;
using MlLifecycle.AppHost.Local;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Bench;

/// <summary>The Experiments service as it runs for users: a process of its own, on a PostgreSQL that waits for the disk at every commit, with a broker.</summary>
internal sealed class Server : IAsyncDisposable
{
    public const string Project = "bench";

    private readonly string _directory = Directory.CreateTempSubdirectory("mllifecycle-bench-").FullName;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly Guid _project = Guid.CreateVersion7();
    private readonly int _port = 32_000 + Random.Shared.Next(500);
    private PostgreSql _postgres = null!;
    private RabbitMq _bus = null!;
    private Process _service = null!;
    private long _peak;

    public Guid ProjectId => _project;

    public string Database => _postgres.ConnectionString("experiments");

    /// <summary>Most resident memory seen of the service's process, MiB.</summary>
    public long PeakMemory => _peak >> 20;

    public string Files => Path.Combine(_directory, "files");

    public async Task StartAsync()
    {
        File.SetUnixFileMode(_directory, (UnixFileMode)0b111_001_001); // the servers' own accounts must reach their part of it
        _postgres = new(Path.Combine(_directory, "postgres"), "bench", PostgreSql.OnASharedMachine); // as AppHost starts it
        _bus = new(Path.Combine(_directory, "rabbitmq"), "bench");
        await Task.WhenAll(_postgres.StartAsync(), _bus.StartAsync());
        await _postgres.CreateDatabaseAsync("experiments");
        var program = typeof(Server).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Service").Value!;
        _service = Process.Start(new ProcessStartInfo("dotnet", [program])
        {
            Environment =
            {
                ["ConnectionStrings__events"] = Database + ";Maximum Pool Size=40",
                ["ConnectionStrings__bus"] = _bus.Uri.ToString(),
                ["Auth__PublicKey"] = Convert.ToBase64String(_key.ExportSubjectPublicKeyInfo()),
                ["Storage__Path"] = Files,
                ["ASPNETCORE_URLS"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}"),
                ["DOTNET_TieredPGO"] = "0", // as AppHost starts it
            },
            RedirectStandardOutput = true,
        })!;
        _service.OutputDataReceived += (_, line) => File.AppendAllText(Path.Combine(_directory, "service.log"), line.Data + "\n");
        _service.BeginOutputReadLine();
        using var client = new HttpClient();
        while (true)
        {
            if (_service.HasExited)
                throw new InvalidOperationException(File.ReadAllText(Path.Combine(_directory, "service.log")));
            try
            {
                using var health = await client.GetAsync(new Uri($"http://127.0.0.1:{_port}/health"));
                if (health.IsSuccessStatusCode)
                    break;
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }

            await Task.Delay(100);
        }

        _ = Task.Run(async () =>
        {
            while (!_service.HasExited)
            {
                _service.Refresh();
                _peak = Math.Max(_peak, _service.WorkingSet64);
                await Task.Delay(50);
            }
        });
    }

    /// <summary>A client with one connection of its own and a fresh pass.</summary>
    public HttpClient Client()
    {
        var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1 })
        {
            BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}/mlflow/{Project}/api/2.0/")),
            Timeout = TimeSpan.FromMinutes(5),
        };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", new Pass("bench", Role.Admin, _project, Project).Sign(_key, DateTimeOffset.UtcNow));
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is { HasExited: false })
        {
            _service.Kill();
            await _service.WaitForExitAsync();
        }

        _service?.Dispose();
        await _bus.DisposeAsync();
        await _postgres.KillAsync();
        _key.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
