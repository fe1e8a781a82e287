using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using MlLifecycle.Datasets;
using MlLifecycle.ServiceDefaults;
using MlLifecycle.ServiceDefaults.Trust;
using MlLifecycle.TestServers;
using Shouldly;

namespace MlLifecycle.Monitoring;

/// <summary>Monitoring, with the real Datasets service where it looks for it.</summary>
public sealed class MonitoringFixture(Servers servers) : Service<Deployment>(servers)
{
    private readonly string _files = Directory.CreateTempSubdirectory("mll-datasets-").FullName;
    private readonly int _port = FreePort();
    private WebApplication _datasets = null!;

    protected override IEnumerable<KeyValuePair<string, string>> Settings =>
        [new("services:datasets:http:0", $"http://127.0.0.1:{_port}"), new("Uploads:MaxBytes", "64000000")];

    public HttpClient Datasets(HttpClient like)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}") };
        client.DefaultRequestHeaders.Authorization = like.DefaultRequestHeaders.Authorization;
        return client;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _datasets.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }

    protected override async Task Prepare()
    {
        string[] settings =
        [
            $"--ConnectionStrings:events={await Servers.NewDatabaseAsync("monitored_datasets")}",
            $"--ConnectionStrings:bus={Servers.Bus}",
            $"--{ServiceDefaults.Trust.Authorization.PublicKey}={PublicKey}",
            $"--Storage:Path={_files}",
        ];
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = settings, ApplicationName = typeof(MonitoringFixture).Assembly.GetName().Name });
        builder.WebHost.UseUrls($"http://127.0.0.1:{_port}");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.AddServiceDefaults("datasets").AddDatasets();
        _datasets = builder.Build();
        _datasets.UseServiceDefaults().MapDatasets();
        await _datasets.StartAsync();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>A team with a project of its own and a deployment in it.</summary>
public sealed class Production(MonitoringFixture service)
{
    public const string Csv = "text/csv";
    public const string Ndjson = "application/x-ndjson";

    public string Slug { get; } = "p-" + Guid.NewGuid().ToString("N")[..12];

    public Guid ProjectId { get; } = Guid.CreateVersion7();

    public string Project => $"/api/projects/{Slug}";

    public HttpClient Team => As(Role.Maintainer);

    public HttpClient As(Role role) => service.As(role, Slug, ProjectId);

    public string At(string name, string rest = "") => $"{Project}/deployments/{name}{rest}";

    public Task<JsonNode> Start(string name, object? window = null) => Team.Post($"{Project}/deployments", new
    {
        name, model = "shirts", modelVersion = 2, runId = "r1", rollout = "canary", rollbackTarget = "shirts 1", window = window ?? new { rows = 100 },
    }).Json(HttpStatusCode.Created);

    public Task<HttpResponseMessage> Send(string path, string table, string media = Csv) =>
        Team.PostAsync(path, new StringContent(table, Encoding.UTF8, new MediaTypeHeaderValue(media)));

    public Task<HttpResponseMessage> PutTable(string path, string table, string media = Csv) =>
        Team.PutAsync(path, new StringContent(table, Encoding.UTF8, new MediaTypeHeaderValue(media)));

    /// <summary>Predictions with a brightness around a mean, numbered on from <paramref name="from"/>.</summary>
    public static string Predictions(int from, int count, double brightness, double latency = 20)
    {
        var text = new StringBuilder("id,latencyMs,prediction,score,brightness,lens\n");
        for (var i = from; i < from + count; i++)
        {
            var around = brightness + (0.1 * (((i * 37 % 100) / 100.0) - 0.5));
            text.Append(CultureInfo.InvariantCulture, $"p{i},{latency + (i % 10)},{(i % 3 == 0 ? "Coat" : "Shirt")},0.{5 + (i % 5)},{around:0.####},{(i % 2 == 0 ? "wide" : "long")}\n");
        }

        return text.ToString();
    }

    public static string Reference(int rows, double brightness)
    {
        var text = new StringBuilder("brightness,lens\n");
        for (var i = 0; i < rows; i++)
        {
            var around = brightness + (0.1 * (((i * 37 % 100) / 100.0) - 0.5));
            text.Append(CultureInfo.InvariantCulture, $"{around:0.####},{(i % 2 == 0 ? "wide" : "long")}\n");
        }

        return text.ToString();
    }

    /// <summary>The windows of a deployment, once there are so many.</summary>
    public async Task<List<JsonNode>> Windows(string name, int count, string what = "windows")
    {
        var page = await Answers.Until(
            async () => await Team.GetAsync(At(name, $"/{what}?limit=1000")).Json(),
            answer => answer["items"]!.AsArray().Count >= count, TimeSpan.FromSeconds(60));
        var items = page["items"]!.AsArray().Select(w => w!).ToList();
        items.Count.ShouldBe(count);
        return items;
    }

    public async Task<List<JsonNode>> Alerts(string query = "") =>
        [.. (await Team.GetAsync($"{Project}/alerts{query}").Json())["items"]!.AsArray().Select(a => a!)];
}
