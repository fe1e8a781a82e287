using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MlLifecycle.Bench;

/// <summary>What an MLflow client asks of the service.</summary>
internal static class Work
{
    public static async Task<string> CreateExperiment(HttpClient client, string name) =>
        (await Post(client, "mlflow/experiments/create", new { name }))["experiment_id"]!.GetValue<string>();

    public static async Task<string> CreateRun(HttpClient client, string experiment, int n) =>
        (await Post(client, "mlflow/runs/create", new { experiment_id = experiment, user_id = "bench", run_name = $"run-{n}", start_time = 1_700_000_000_000L + n }))["run"]!["info"]!["run_id"]!.GetValue<string>();

    public static Task LogMetric(HttpClient client, string run, string key, int n) =>
        Post(client, "mlflow/runs/log-metric", new { run_id = run, key, value = Noise(n), timestamp = 1_700_000_000_000L + n, step = n });

    /// <summary>The request that logs a batch of points, of one metric or of ten in turns. Made ahead: its making is the client's work, not the service's.</summary>
    public static byte[] Points(string run, int from, int count, int keys) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        run_id = run,
        metrics = Enumerable.Range(from, count).Select(n => new { key = $"metric{n % keys}", value = Noise(n), timestamp = 1_700_000_000_000L + n, step = n / keys }),
    });

    public static async Task LogPoints(HttpClient client, byte[] points)
    {
        using var content = new ByteArrayContent(points) { Headers = { { "Content-Type", "application/json" } } };
        using var answer = await client.PostAsync(new Uri("mlflow/runs/log-batch", UriKind.Relative), content);
        await Read(answer, "log-batch");
    }

    /// <summary>A finished run with ten metrics and ten params.</summary>
    public static async Task FullRun(HttpClient client, string experiment, int n)
    {
        var run = await CreateRun(client, experiment, n);
        await Post(client, "mlflow/runs/log-batch", new
        {
            run_id = run,
            metrics = Enumerable.Range(0, 10).Select(m => new { key = $"metric{m}", value = Noise(n * 10 + m), timestamp = 1_700_000_000_000L + n, step = 0 }),
            @params = Enumerable.Range(0, 10).Select(p => new { key = $"param{p}", value = $"{(n * 7 + p) % 10}" }),
        });
    }

    /// <summary>Runs whose metric is above a bound and whose param has a value, the best by another metric first: 300 such searches by number, most of which find other runs.</summary>
    public static async Task<string?> Search(HttpClient client, IReadOnlyList<string> experiments, int limit, string? token = null, bool filtered = true, int number = 0)
    {
        var (order, bound, param, value) = ((3 + number) % 10, (1 + number + (number / 100)) % 10, (2 + (number / 10)) % 10, (3 + (number / 10)) % 10);
        using var content = JsonContent.Create(new
        {
            experiment_ids = experiments,
            filter = filtered ? $"metrics.metric{bound} > 0.5 and params.param{param} = '{value}'" : "",
            order_by = filtered ? [$"metrics.metric{order} DESC"] : Array.Empty<string>(),
            max_results = limit,
            page_token = token ?? "",
        });
        using var answer = await client.PostAsync(new Uri("mlflow/runs/search", UriKind.Relative), content);
        answer.EnsureSuccessStatusCode();
        return Token(await answer.Content.ReadAsByteArrayAsync());

        // Without a tree of the whole page: that would be the client's work, not the service's.
        static string? Token(byte[] page)
        {
            var json = new Utf8JsonReader(page);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var found = json.ValueTextEquals("next_page_token");
                json.Read();
                if (found)
                    return json.GetString();
                json.Skip();
            }

            return null;
        }
    }

    /// <summary>The pages of a metric's history as the client asks for them; answers how many points came.</summary>
    public static async Task<int> History(HttpClient client, string run, string key)
    {
        var points = 0;
        var token = "";
        do
        {
            var page = await Get(client, $"mlflow/metrics/get-history?run_id={run}&metric_key={key}&max_results=25000&page_token={Uri.EscapeDataString(token)}");
            points += page["metrics"]!.AsArray().Count;
            token = page["next_page_token"]?.GetValue<string>() ?? "";
        }
        while (token.Length > 0);
        return points;
    }

    public static async Task<int> Sampled(HttpClient client, string run, string key, int points) =>
        (await Get(client, $"mlflow/metrics/get-history-bulk-interval?run_ids={run}&metric_key={key}&max_results={points}"))["metrics"]!.AsArray().Count;

    public static async Task Put(HttpClient client, string path, byte[] content)
    {
        using var body = new ByteArrayContent(content);
        using var answer = await client.PutAsync(new Uri($"mlflow-artifacts/artifacts/{path}", UriKind.Relative), body);
        answer.EnsureSuccessStatusCode();
    }

    public static async Task<long> Fetch(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(new Uri($"mlflow-artifacts/artifacts/{path}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await using var content = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 17];
        long all = 0;
        for (int read; (read = await content.ReadAsync(buffer)) > 0;)
            all += read;
        return all;
    }

    private static double Noise(int n) => (uint)(n * 2654435761) / (double)uint.MaxValue;

    private static async Task<JsonNode> Post(HttpClient client, string path, object body)
    {
        using var content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), content);
        return await Read(answer, path);
    }

    private static async Task<JsonNode> Get(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
        return await Read(answer, path);
    }

    private static async Task<JsonNode> Read(HttpResponseMessage answer, string path)
    {
        if (answer.IsSuccessStatusCode)
            return await answer.Content.ReadFromJsonAsync<JsonNode>() ?? throw new InvalidOperationException($"{path}: an empty answer");
        var problem = await answer.Content.ReadAsStringAsync();
        throw new InvalidOperationException($"{path}: {answer.StatusCode} {problem}");
    }
}
