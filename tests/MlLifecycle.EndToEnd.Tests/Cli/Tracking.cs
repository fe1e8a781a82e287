using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;

namespace MlLifecycle.Cli;

/// <summary>A project of the suite as an MLflow server, written to and read as any client does.</summary>
internal sealed class Tracking(HttpClient client, string project)
{
    public string Address => $"{client.BaseAddress}mlflow/{project}";

    public static async Task<Tracking> New(HttpClient client, string project)
    {
        using var made = await client.PostAsJsonAsync("/api/projects", new { slug = project, name = project });
        made.StatusCode.ShouldBe(HttpStatusCode.Created);
        // Every service has heard of the project before anything is asked of it.
        return new Tracking(client, project);
    }

    public async Task<JsonNode> Get(string path) => await Read(await client.GetAsync($"/mlflow/{project}/api/2.0/mlflow/{path}"), path);

    public async Task<JsonNode> Post(string path, object message) => await Read(await client.PostAsJsonAsync($"/mlflow/{project}/api/2.0/mlflow/{path}", message), path);

    public async Task<JsonNode> Delete(string path, object message)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/mlflow/{project}/api/2.0/mlflow/{path}") { Content = JsonContent.Create(message) };
        return await Read(await client.SendAsync(request), path);
    }

    public async Task<string> Experiment(string name, params (string Key, string Value)[] tags) =>
        Text(await Post("experiments/create", new { name, tags = tags.Select(t => new { key = t.Key, value = t.Value }) }), "experiment_id");

    public async Task<string> Run(string experiment, string name, long start, params (string Key, string Value)[] tags) => Text(
        (await Post(
            "runs/create",
            new { experiment_id = experiment, run_name = name, user_id = "ada", start_time = start, tags = tags.Select(t => new { key = t.Key, value = t.Value }) }))["run"]!["info"]!,
        "run_id");

    public Task End(string run, string status, long end) => Post("runs/update", new { run_id = run, status, end_time = end });

    public async Task Points(string run, string key, int count, Func<int, double> value)
    {
        foreach (var steps in Enumerable.Range(0, count).Chunk(1000))
            await Post("runs/log-batch", new { run_id = run, metrics = steps.Select(step => new { key, value = value(step), timestamp = 1_700_000_000_000 + step, step }) });
    }

    public async Task Upload(string run, string path, byte[] content)
    {
        using var answer = await client.PutAsync(await Place(run, path), new ByteArrayContent(content));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, path);
    }

    public async Task<byte[]> Download(string run, string path) => await client.GetByteArrayAsync(await Place(run, path));

    public async Task<List<JsonNode>> Experiments() => [.. (await Post("experiments/search", new { max_results = 1000, view_type = "ALL" }))["experiments"]!.AsArray().Select(e => e!)];

    public async Task<List<JsonNode>> Runs(string experiment) => [.. ((await Post(
        "runs/search", new { experiment_ids = new[] { experiment }, run_view_type = "ALL", max_results = 1000 }))["runs"]?.AsArray() ?? []).Select(run => run!)];

    public async Task<string> History(string run, string key) =>
        ((await Get($"metrics/get-history?run_id={run}&metric_key={Uri.EscapeDataString(key)}&max_results=25000"))["metrics"] ?? new JsonArray()).ToJsonString();

    /// <summary>Every file of a run, with its content.</summary>
    public async Task<SortedDictionary<string, string>> Files(string run)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var directories = new Queue<string>([""]);
        while (directories.TryDequeue(out var directory))
        {
            foreach (var entry in (await Get($"artifacts/list?run_id={run}&path={Uri.EscapeDataString(directory)}"))["files"]?.AsArray() ?? [])
            {
                var path = Text(entry!, "path");
                if (entry!["is_dir"]!.GetValue<bool>())
                    directories.Enqueue(path);
                else
                    files[path] = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await Download(run, path)));
            }
        }

        return files;
    }

    public async Task<JsonNode> Patch(string path, object message) => await Read(await client.PatchAsJsonAsync($"/mlflow/{project}/api/2.0/mlflow/{path}", message), path);

    /// <summary>Spans as OpenTelemetry's exporters send them.</summary>
    public async Task Otlp(string experiment, byte[] request)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, $"/mlflow/{project}/v1/traces") { Content = new ByteArrayContent(request) { Headers = { ContentType = new("application/x-protobuf") } } };
        message.Headers.Add("x-mlflow-experiment-id", experiment);
        using var answer = await client.SendAsync(message);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>A trace's spans, wherever they are; nothing when it has none.</summary>
    public async Task<string> Spans(string trace)
    {
        using var answer = await client.GetAsync($"/mlflow/{project}/ajax-api/2.0/mlflow/get-trace-artifact?request_id={trace}");
        return answer.StatusCode == HttpStatusCode.NotFound ? "" : await answer.Content.ReadAsStringAsync();
    }

    public async Task Put(string path, byte[] content)
    {
        using var answer = await client.PutAsync($"/mlflow/{project}/api/2.0/mlflow-artifacts/artifacts/{path}", new ByteArrayContent(content));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, path);
    }

    public async Task<byte[]> Read(string path) => await client.GetByteArrayAsync($"/mlflow/{project}/api/2.0/mlflow-artifacts/artifacts/{path}");

    public static string Text(JsonNode node, string name) => node[name]!.ToString().ToString(CultureInfo.InvariantCulture);

    private async Task<string> Place(string run, string path)
    {
        var root = Text((await Get($"runs/get?run_id={run}"))["run"]!["info"]!, "artifact_uri")["mlflow-artifacts:/".Length..];
        return $"/mlflow/{project}/api/2.0/mlflow-artifacts/artifacts/{root}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}";
    }

    private static async Task<JsonNode> Read(HttpResponseMessage answer, string path)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync();
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, $"{path}: {text}");
            return JsonNode.Parse(text)!;
        }
    }
}
