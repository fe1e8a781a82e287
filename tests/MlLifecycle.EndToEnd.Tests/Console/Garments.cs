using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;

namespace MlLifecycle.WebConsole;

/// <summary>A small project that a team has taken from its scope to a drift alert, through the API.</summary>
public sealed class Garments(Suite suite)
{
    private static readonly string[] Kinds = ["Coat", "Dress", "Shirt"];

    public string Slug { get; } = "garments-" + Guid.NewGuid().ToString("N")[..8];

    public string Api => $"/api/projects/{Slug}";

    public string Pages => $"/projects/{Slug}";

    public string Run { get; private set; } = "";

    public string Evaluation { get; private set; } = "";

    public string Alert { get; private set; } = "";

    /// <summary>Just the project.</summary>
    public static async Task<Garments> Begun(Suite suite)
    {
        await suite.Started();
        var project = new Garments(suite);
        await project.Post("/api/projects", new { slug = project.Slug, name = $"Garments {project.Slug}", description = "Tells garments apart." });
        return project;
    }

    /// <summary>The project with data, a run, a model, an evaluation, a deployment and an open alert.</summary>
    public static async Task<Garments> Alarmed(Suite suite)
    {
        var project = await Begun(suite);
        await project.State("Sorting by hand is slow.");
        await project.Post($"{project.Api}/metrics", new { name = "accuracy", kind = "ml", unit = "ratio", direction = "higher", target = 0.8, primary = true });
        await project.Post($"{project.Api}/baselines", new { name = "people", kind = "human-level", metric = "accuracy", value = 0.75, source = "three of us, one afternoon" });
        var digest = await project.CommitData();
        await project.Train(digest);
        await project.Evaluate();
        await project.Deploy();
        await project.Darken();
        return project;
    }

    public Task State(string problem) => Put($"{Api}/problem", new { statement = problem });

    public async Task<string> FinishRun(string name, double accuracy, string? digest = null)
    {
        var mlflow = $"/mlflow/{Slug}/api/2.0/mlflow";
        var run = (await Post($"{mlflow}/runs/create", new { experiment_id = "0", run_name = name, start_time = 1_700_000_000_000 }))["run"]!["info"]!["run_id"]!.GetValue<string>();
        await Post($"{mlflow}/runs/log-batch", new
        {
            run_id = run,
            @params = new[] { new { key = "algorithm", value = "trees" }, new { key = "depth", value = "6" } },
            metrics = Enumerable.Range(0, 5).Select(step => new { key = "accuracy", value = accuracy - (0.1 * (4 - step)), step, timestamp = 1_700_000_000_000 + step }),
        });
        if (digest is not null)
        {
            await Post($"{mlflow}/runs/log-inputs", new
            {
                run_id = run,
                datasets = new[] { new { dataset = new { name = "photos", digest = digest[..32], source_type = "mll", source = "photos" }, tags = new[] { new { key = "mlflow.data.context", value = "training" } } } },
            });
        }

        await Post($"{mlflow}/runs/update", new { run_id = run, status = "FINISHED", end_time = 1_700_000_060_000 });
        return run;
    }

    public async Task<JsonNode> Get(string path)
    {
        using var client = suite.Client();
        return await Answer(await client.GetAsync(path));
    }

    public async Task<JsonNode> Post(string path, object body)
    {
        using var client = suite.Client();
        return await Answer(await client.PostAsJsonAsync(path, body));
    }

    private async Task<string> CommitData()
    {
        await Post($"{Api}/datasets", new { name = "photos", modality = "image", label = new { column = "label" }, feedback = new { plan = "The returns desk corrects them." } });
        await Send(HttpMethod.Put, $"{Api}/datasets/photos/staging/photos.csv", Photos(1500, 0.5));
        var version = await Post($"{Api}/datasets/photos/versions", new { message = "First delivery" });
        await Post($"{Api}/datasets/photos/versions/1/checks", new { });
        await Post($"{Api}/datasets/photos/versions/1/splits", new { seed = 1 });
        return version["digest"]!.GetValue<string>();
    }

    private async Task Train(string digest)
    {
        Run = await FinishRun("first-trees", 0.85, digest);
        var mlflow = $"/mlflow/{Slug}/api/2.0/mlflow";
        await Post($"{mlflow}/registered-models/create", new { name = "garments" });
        await Post($"{mlflow}/model-versions/create", new { name = "garments", source = $"runs:/{Run}/model", run_id = Run });
    }

    private async Task Evaluate()
    {
        var table = new StringBuilder("id,label,prediction,dark\n");
        for (var i = 0; i < 300; i++)
            table.Append(CultureInfo.InvariantCulture, $"{i},{Kinds[i % 3]},{Kinds[i % 10 == 0 ? (i + 1) % 3 : i % 3]},{(i % 4 == 0 ? "true" : "false")}\n");
        var recorded = await Send(HttpMethod.Post, $"{Api}/evaluations?name=first&run={Run}&dataset=photos&version=1&tags=label,dark", table.ToString());
        Evaluation = recorded["id"]!.GetValue<string>();
    }

    private async Task Deploy()
    {
        await Post($"{Api}/deployments", new
        {
            name = "shop", model = "garments", modelVersion = 1, runId = Run, rollout = "canary", rollbackTarget = "sorting by hand", window = new { rows = 100 },
        });
        await Put($"{Api}/deployments/shop/reference", new { dataset = "photos", version = 1 });
        await Post($"{Api}/alert-rules", new { name = "dark-photos", deployment = "shop", metric = "drift:brightness", severity = "critical" });
    }

    private async Task Darken()
    {
        await Send(HttpMethod.Post, $"{Api}/deployments/shop/predictions", Predictions(1, 0.5));
        await Send(HttpMethod.Post, $"{Api}/deployments/shop/predictions", Predictions(101, 0.2));
        var alerts = await Poll.Until(() => Get($"{Api}/alerts?status=open"), answer => answer["items"]!.AsArray().Count > 0, TimeSpan.FromSeconds(60));
        Alert = alerts["items"]![0]!["id"]!.GetValue<string>();
        var raised = alerts["items"]![0]!["eventId"]!.GetValue<string>();
        await Poll.Until(
            async () => (await Get($"{Api}/timeline?type=AlertRaised"))["items"]!.AsArray().Any(fact => fact!["id"]!.GetValue<string>() == raised), there => there, TimeSpan.FromSeconds(60));
    }

    private static string Photos(int count, double brightness)
    {
        var table = new StringBuilder("id,label,brightness\n");
        for (var i = 0; i < count; i++)
            table.Append(CultureInfo.InvariantCulture, $"{i},{Kinds[i % 3]},{Around(i, brightness):0.######}\n");
        return table.ToString();
    }

    private static string Predictions(int first, double brightness)
    {
        var table = new StringBuilder("id,latencyMs,prediction,score,label,brightness\n");
        for (var i = first; i < first + 100; i++)
            table.Append(CultureInfo.InvariantCulture, $"p{i},{20 + (i % 7)},{Kinds[i % 3]},0.9,{Kinds[i % 3]},{Around(i, brightness):0.######}\n");
        return table.ToString();
    }

    private static double Around(int i, double mean) => mean + (0.1 * ((i * 37 % 100 / 100.0) - 0.5));

    private async Task<JsonNode> Put(string path, object body)
    {
        using var client = suite.Client();
        return await Answer(await client.PutAsJsonAsync(path, body));
    }

    private async Task<JsonNode> Send(HttpMethod method, string path, string table)
    {
        using var client = suite.Client();
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(table, Encoding.UTF8, "text/csv") };
        return await Answer(await client.SendAsync(request));
    }

    private static async Task<JsonNode> Answer(HttpResponseMessage answer)
    {
        using (answer)
        {
            var body = await answer.Content.ReadAsStringAsync();
            answer.IsSuccessStatusCode.ShouldBeTrue($"{answer.RequestMessage!.RequestUri}: {(int)answer.StatusCode} {body}");
            return body.Length == 0 ? new JsonObject() : JsonNode.Parse(body)!;
        }
    }
}
