using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.ServiceDefaults;
using MlLifecycle.ServiceDefaults.Trust;
using MlLifecycle.TestServers;
using Shouldly;

namespace MlLifecycle.Experiments;

public sealed class ExperimentsFixture(Servers servers) : Service<Experiment>(servers)
{
    // Webhooks of the tests end in this very process.
    protected override IEnumerable<KeyValuePair<string, string>> Settings => [new("Webhooks:AllowPrivate", "true")];

    /// <summary>A tracking server with nothing in it yet.</summary>
    public Tracking Empty(Role role = Role.Contributor)
    {
        var (project, id) = ("p-" + Guid.NewGuid().ToString("N")[..12], Guid.CreateVersion7());
        return new Tracking(As(role, project, id), project, id);
    }

    /// <summary>The same tracking server as another caller, or another instance, sees it.</summary>
    public Tracking Again(Tracking tracking, Role role = Role.Contributor, string actor = "ada") => new(As(role, tracking.Project, tracking.ProjectId, actor), tracking.Project, tracking.ProjectId);

    /// <summary>One more instance, reached over TCP: what a connection that breaks does shows only there.</summary>
    public async Task<WebApplication> OnAPort()
    {
        var settings = Host.Services.GetRequiredService<IConfiguration>();
        string[] keys = ["ConnectionStrings:events", "ConnectionStrings:bus", ServiceDefaults.Trust.Authorization.PublicKey, "Storage:Path"];
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = [.. keys.Select(key => $"--{key}={settings[key]}")], ApplicationName = typeof(ExperimentsFixture).Assembly.GetName().Name });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.AddServiceDefaults("experiments").AddExperiments();
        var app = builder.Build();
        app.UseServiceDefaults().MapExperiments();
        await app.StartAsync();
        return app;
    }

    /// <summary>How many uploads are on their way.</summary>
    public int Incoming() =>
        Directory.GetFiles(Path.Combine(Host.Services.GetRequiredService<IConfiguration>()["Storage:Path"]!, "incoming")).Length;
}

/// <summary>A project's tracking server as MLflow's client speaks to it.</summary>
public sealed class Tracking(HttpClient http, string project, Guid projectId)
{
    public HttpClient Http => http;

    public string Project => project;

    public Guid ProjectId => projectId;

    public string At(string path, string version = "2.0") => path.StartsWith('/') ? $"/mlflow/{project}{path}" : $"/mlflow/{project}/api/{version}/mlflow/{path}";

    public async Task<JsonNode> Get(string path) => await http.GetAsync(At(path)).Json();

    public async Task<JsonNode> Post(string path, object body) => await http.PostAsJsonAsync(At(path), body).Json();

    public async Task<JsonNode> Send(HttpMethod method, string path, object? body = null) =>
        await http.SendAsync(new HttpRequestMessage(method, At(path)) { Content = body is null ? null : JsonContent.Create(body) }).Json();

    public Task<HttpResponseMessage> Raw(string path, string json, string type = "application/json") =>
        http.PostAsync(At(path), new StringContent(json, Encoding.UTF8, type));

    /// <summary>The request is refused in MLflow's shape; the message is the answer.</summary>
    public async Task<string> Refused(HttpMethod method, string path, object? body, int status, string code) =>
        await Refused(http.SendAsync(new HttpRequestMessage(method, At(path)) { Content = body is null ? null : JsonContent.Create(body) }), status, code);

    public Task<string> RefusedPost(string path, object body, string code = "INVALID_PARAMETER_VALUE", int status = 400) => Refused(HttpMethod.Post, path, body, status, code);

    public Task<string> RefusedGet(string path, string code = "INVALID_PARAMETER_VALUE", int status = 400) => Refused(HttpMethod.Get, path, null, status, code);

    public static async Task<string> Refused(Task<HttpResponseMessage> answering, int status, string code)
    {
        using var answer = await answering;
        var body = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBe(status, body);
        var error = JsonNode.Parse(body)!;
        error["error_code"]!.GetValue<string>().ShouldBe(code, body);
        return error["message"]!.GetValue<string>();
    }

    public async Task<string> NewExperiment(string? name = null) =>
        (await Post("experiments/create", new { name = name ?? "e-" + Guid.NewGuid().ToString("N") }))["experiment_id"]!.GetValue<string>();

    public async Task<string> NewRun(string experiment = "0", params (string Key, string Value)[] tags) => (await Post(
        "runs/create",
        new { experiment_id = experiment, user_id = "ada", start_time = 1_700_000_000_000, tags = tags.Select(t => new { key = t.Key, value = t.Value }) }))["run"]!["info"]!["run_id"]!.GetValue<string>();

    public async Task<JsonNode> Run(string id) => (await Get($"runs/get?run_id={id}"))["run"]!;

    public Task<JsonNode> Finish(string run, string status = "FINISHED") => Post("runs/update", new { run_id = run, status, end_time = 1_700_000_001_000 });

    public Task<JsonNode> Metric(string run, string key, double value, long step = 0, long timestamp = 1) => Post("runs/log-metric", new { run_id = run, key, value, step, timestamp });

    public Task<JsonNode> Param(string run, string key, string value) => Post("runs/log-parameter", new { run_id = run, key, value });

    /// <summary>The names of the runs that a search finds, page by page.</summary>
    public async Task<string[]> Search(string? filter = null, string[]? order_by = null, int max_results = 1000, string[]? experiments = null, string view = "ACTIVE_ONLY")
    {
        var found = new List<string>();
        string? page_token = null;
        do
        {
            var page = await Post("runs/search", new { experiment_ids = experiments ?? ["0"], filter, order_by, max_results, page_token, run_view_type = view });
            found.AddRange(page["runs"]?.AsArray().Select(r => r!["info"]!["run_name"]!.GetValue<string>()) ?? []);
            page_token = page["next_page_token"]?.GetValue<string>();
        }
        while (page_token is not null);
        return [.. found];
    }

    public async Task<HttpResponseMessage> Upload(string path, byte[] content)
    {
        var answer = await http.PutAsync(At($"/api/2.0/mlflow-artifacts/artifacts/{path}"), new ByteArrayContent(content));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return answer;
    }

    public Task<HttpResponseMessage> Download(string path) => http.GetAsync(At($"/api/2.0/mlflow-artifacts/artifacts/{path}"));
}
