using System.Globalization;
using System.Text.Json.Nodes;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>
/// The project's MLflow server, spoken to over MLflow's REST API. A team whose code is Python would set MLFLOW_TRACKING_URI to the same address and
/// use the mlflow package.
/// </summary>
internal sealed class Mlflow(Suite suite)
{
    private const string Proxy = "mlflow-artifacts:/";
    private readonly string _root = $"/mlflow/{suite.Project}/api/2.0";

    /// <summary>The console's page of a run.</summary>
    public Uri Page(Run run) => suite.Page($"runs/{run.Id}");

    /// <summary>The console's page of the registry.</summary>
    public Uri Models => suite.Page("models");

    public async Task<string> Experiment(string name, CancellationToken stop)
    {
        var known = await suite.Find($"{_root}/mlflow/experiments/get-by-name?experiment_name={Uri.EscapeDataString(name)}", stop);
        return known?["experiment"]?.The("experiment_id") ?? (await Post("experiments/create", new { name }, stop)).The("experiment_id");
    }

    public async Task<Run> Start(string experiment, string name, IReadOnlyDictionary<string, string> tags, CancellationToken stop)
    {
        var created = await Post("runs/create", new { experiment_id = experiment, run_name = name, start_time = Now(), tags = Pairs(tags) }, stop);
        return Run.Of(created["run"]!);
    }

    /// <summary>The run of that name that came to a good end.</summary>
    public async Task<Run?> Finished(string experiment, string name, CancellationToken stop)
    {
        var found = await Post(
            "runs/search", new { experiment_ids = new[] { experiment }, filter = $"attributes.run_name = '{name}' AND attributes.status = 'FINISHED'", max_results = 1 }, stop);
        return found.Items("runs").Select(Run.Of).FirstOrDefault();
    }

    public Task Params(Run run, IReadOnlyDictionary<string, string> parameters, CancellationToken stop) =>
        Post("runs/log-batch", new { run_id = run.Id, @params = Pairs(parameters) }, stop);

    public Task Metrics(Run run, IReadOnlyDictionary<string, double> metrics, int step, CancellationToken stop)
    {
        var timestamp = Now();
        return Post("runs/log-batch", new { run_id = run.Id, metrics = metrics.Select(m => new { key = m.Key, value = m.Value, timestamp, step }) }, stop);
    }

    /// <summary>Ties the run to the dataset version it was made from: by the version's digest, of which MLflow takes 36 characters.</summary>
    public Task Input(Run run, DataVersion version, string context, CancellationToken stop) => Post(
        "runs/log-inputs",
        new
        {
            run_id = run.Id,
            datasets = new[]
            {
                new
                {
                    tags = new[] { new { key = "mlflow.data.context", value = context } },
                    dataset = new { name = version.Dataset, digest = version.Digest[..32], source_type = "http", source = version.Address.ToString() },
                },
            },
        },
        stop);

    public Task Artifact(Run run, string path, byte[] content, CancellationToken stop) =>
        suite.Upload(HttpMethod.Put, ArtifactPath(run, path), new MemoryStream(content), "application/octet-stream", stop);

    public Task<byte[]> Artifact(Run run, string path, CancellationToken stop) => suite.Download(ArtifactPath(run, path), stop);

    public Task End(Run run, string status, CancellationToken stop) => Post("runs/update", new { run_id = run.Id, status, end_time = Now() }, stop);

    /// <summary>The run's model in the registry: as the version it is already, or as the next one.</summary>
    public async Task<int> Register(string model, Run run, string artifact, string description, CancellationToken stop)
    {
        try
        {
            await Post("registered-models/create", new { name = model, description = "What kind of garment an image shows." }, stop);
        }
        catch (RefusedException taken) when (taken.Code == "RESOURCE_ALREADY_EXISTS")
        {
        }

        var filter = Uri.EscapeDataString($"name = '{model}' AND run_id = '{run.Id}'");
        var known = await suite.Get($"{_root}/mlflow/model-versions/search?filter={filter}", stop);
        var version = known.Items("model_versions").FirstOrDefault()
            ?? (await Post("model-versions/create", new { name = model, source = $"runs:/{run.Id}/{artifact}", run_id = run.Id, description }, stop))["model_version"]!;
        return int.Parse(version.The("version"), CultureInfo.InvariantCulture);
    }

    public Task Alias(string model, string alias, int version, CancellationToken stop) =>
        Post("registered-models/alias", new { name = model, alias, version = version.ToString(CultureInfo.InvariantCulture) }, stop);

    private Task<JsonNode> Post(string path, object body, CancellationToken stop) => suite.Post($"{_root}/mlflow/{path}", body, stop);

    private string ArtifactPath(Run run, string path) => run.ArtifactUri.StartsWith(Proxy, StringComparison.Ordinal)
        ? $"{_root}/mlflow-artifacts/artifacts/{run.ArtifactUri[Proxy.Length..].TrimStart('/')}/{path}"
        : throw new SampleException($"The run's artifacts are at {run.ArtifactUri}, which is not the suite's own store.");

    private static IEnumerable<object> Pairs(IReadOnlyDictionary<string, string> pairs) => pairs.Select(p => new { key = p.Key, value = p.Value });

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}

/// <summary>A run as the tracking server knows it.</summary>
internal sealed record Run(string Id, string Name, string ArtifactUri, IReadOnlyDictionary<string, double> Metrics)
{
    public static Run Of(JsonNode run)
    {
        var info = run["info"]!;
        var metrics = run["data"]?.Items("metrics").ToDictionary(m => m.The("key"), m => m.Number("value")) ?? [];
        return new(info.The("run_id"), info.The("run_name"), info.The("artifact_uri"), metrics);
    }
}

/// <summary>An immutable version of a dataset of the suite.</summary>
internal sealed record DataVersion(string Dataset, int Number, string Digest, Uri Address);
