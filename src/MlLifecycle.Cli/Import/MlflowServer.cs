using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>An MLflow server, as its REST API shows it.</summary>
/// <param name="server">Where it is.</param>
/// <param name="root">The path before <c>api/2.0</c>: empty, or ending in a slash.</param>
internal sealed class MlflowServer(Server server, string root)
{
    private const int RunsAtOnce = 100;
    private const int PointsAtOnce = 10_000;
    private const int TracesAtOnce = 100;

    /// <summary>What it is called in journals and reports: its address.</summary>
    public string Name { get; } = new Uri(server.Address, root).ToString().TrimEnd('/');

    public Server Server => server;

    /// <summary>The path of MLflow's own API.</summary>
    public string Api { get; } = root + "api/2.0/mlflow/";

    /// <summary>The path of what stands beside it, as in <c>get-artifact</c>.</summary>
    public string Root => root;

    public Task<JsonNode> Get(string path, CancellationToken stop) => server.Get(Api + path, stop);

    public Task<JsonNode> Post(string path, object message, CancellationToken stop) => server.Post(Api + path, message, stop);

    public Task<JsonNode> PostOnce(string path, object message, CancellationToken stop) => server.PostOnce(Api + path, message, stop);

    public Task<JsonNode> Send(HttpMethod method, string path, object message, CancellationToken stop) => server.Send<JsonNode>(method, Api + path, message, null, stop);

    public Task<List<Experiment>> Experiments(CancellationToken stop) => Runs.Experiments.All(server, Api, "ALL", stop);

    /// <summary>All runs of an experiment, deleted ones too, oldest first, a page at a time.</summary>
    public async IAsyncEnumerable<FoundRun> RunsOf(string experiment, [EnumeratorCancellation] CancellationToken stop)
    {
        string? token = null;
        do
        {
            var page = await server.Send<RunPage>(
                HttpMethod.Post,
                Api + "runs/search",
                new { experiment_ids = (string[])[experiment], run_view_type = "ALL", max_results = RunsAtOnce, order_by = (string[])["attributes.start_time ASC"], page_token = token },
                null,
                stop);
            foreach (var run in page.Runs ?? [])
                yield return run;
            token = page.NextPageToken;
        }
        while (!string.IsNullOrEmpty(token));
    }

    public async Task<FoundRun?> Run(string id, CancellationToken stop)
    {
        try
        {
            return (await server.Get<RunAnswer>($"{Api}runs/get?run_id={Uri.EscapeDataString(id)}", stop)).Run;
        }
        catch (RefusedException unknown) when (unknown.Unknown)
        {
            return null;
        }
    }

    /// <summary>Every point of a metric, in the order of time, a page at a time.</summary>
    public async IAsyncEnumerable<Point> History(string run, string metric, [EnumeratorCancellation] CancellationToken stop)
    {
        var path = $"{Api}metrics/get-history?run_id={Uri.EscapeDataString(run)}&metric_key={Uri.EscapeDataString(metric)}&max_results={PointsAtOnce}";
        string? token = null;
        do
        {
            var page = await server.Get<PointPage>(token is null ? path : $"{path}&page_token={Uri.EscapeDataString(token)}", stop);
            foreach (var point in page.Metrics ?? [])
                yield return point;
            token = page.NextPageToken;
        }
        while (!string.IsNullOrEmpty(token));
    }

    /// <summary>All logged models of an experiment, a page at a time, oldest first. A server of before MLflow 3 has none.</summary>
    public async IAsyncEnumerable<LoggedModel> LoggedModelsOf(string experiment, [EnumeratorCancellation] CancellationToken stop)
    {
        string? token = null;
        do
        {
            JsonNode page;
            try
            {
                page = await Post(
                    "logged-models/search",
                    new { experiment_ids = (string[])[experiment], max_results = 50, order_by = (object[])[new { field_name = "creation_timestamp", ascending = true }], page_token = token },
                    stop);
            }
            catch (RefusedException unknown) when (unknown.NoSuchPath)
            {
                yield break;
            }

            foreach (var model in page.Items("models"))
                yield return new(model);
            token = page.Text("next_page_token");
        }
        while (!string.IsNullOrEmpty(token));
    }

    /// <summary>The path of MLflow 3's traces.</summary>
    public string Traces { get; } = root + "api/3.0/mlflow/traces";

    /// <summary>All traces of an experiment that a filter lets through, a page at a time, oldest first. MLflow 2 answers in its own form.</summary>
    public async IAsyncEnumerable<IReadOnlyList<TraceInfo>> TracesOf(string experiment, string? filter, [EnumeratorCancellation] CancellationToken stop)
    {
        var place = new { type = "MLFLOW_EXPERIMENT", mlflow_experiment = new { experiment_id = experiment } };
        var elder = false;
        string? token = null;
        do
        {
            JsonNode? page = null;
            try
            {
                page = elder ? null : await server.Post($"{Traces}/search", new { locations = (object[])[place], filter, max_results = TracesAtOnce, order_by = (string[])["timestamp_ms ASC"], page_token = token }, stop);
            }
            catch (RefusedException unknown) when (unknown.NoSuchPath)
            {
                elder = true;
            }

            if (elder)
            {
                try
                {
                    var asked = $"traces?experiment_ids={Uri.EscapeDataString(experiment)}&max_results={TracesAtOnce}&order_by={Uri.EscapeDataString("timestamp_ms ASC")}";
                    page = await Get(string.IsNullOrEmpty(token) ? asked : $"{asked}&page_token={Uri.EscapeDataString(token)}", stop);
                }
                catch (RefusedException unknown) when (unknown.NoSuchPath)
                {
                    yield break; // of before MLflow 2.14, which began with traces
                }
            }

            yield return [.. page.Items("traces").OfType<JsonObject>().Select(found => elder ? TraceInfo.OfElder(found) : new TraceInfo(found))];
            token = page.Text("next_page_token");
        }
        while (!string.IsNullOrEmpty(token));
    }

    /// <summary>All items that a search by GET finds.</summary>
    /// <param name="path">The search with its parameters.</param>
    /// <param name="items">What the answer calls them.</param>
    /// <param name="stop">Stops it.</param>
    public async Task<List<JsonNode>> Search(string path, string items, CancellationToken stop)
    {
        var all = new List<JsonNode>();
        string? token = null;
        do
        {
            var page = await Get(string.IsNullOrEmpty(token) ? path : $"{path}&page_token={Uri.EscapeDataString(token)}", stop);
            all.AddRange(page.Items(items));
            token = page.Text("next_page_token");
        }
        while (!string.IsNullOrEmpty(token));
        return all;
    }
}
