using System.Text.Json.Serialization;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Runs;

/// <summary>An experiment as MLflow's protocol has it.</summary>
internal sealed record Experiment
{
    [JsonPropertyName("experiment_id")]
    public string ExperimentId { get; init; } = "";

    public string Name { get; init; } = "";

    [JsonPropertyName("lifecycle_stage")]
    public string? LifecycleStage { get; init; }

    public IReadOnlyList<Pair>? Tags { get; init; }

    [JsonIgnore]
    public bool Deleted => LifecycleStage == "deleted";
}

internal sealed record ExperimentPage
{
    public IReadOnlyList<Experiment>? Experiments { get; init; }

    [JsonPropertyName("next_page_token")]
    public string? NextPageToken { get; init; }
}

/// <summary>Experiments of an MLflow server.</summary>
internal static class Experiments
{
    /// <summary>All of them, oldest first.</summary>
    /// <param name="server">The server.</param>
    /// <param name="root">The path of its API, as in <c>api/2.0/mlflow/</c>.</param>
    /// <param name="view"><c>ACTIVE_ONLY</c> or <c>ALL</c>.</param>
    /// <param name="stop">Stops it.</param>
    public static async Task<List<Experiment>> All(Server server, string root, string view, CancellationToken stop)
    {
        var all = new List<Experiment>();
        string? token = null;
        do
        {
            var page = await server.Send<ExperimentPage>(
                HttpMethod.Post, root + "experiments/search", new { max_results = 1000, view_type = view, page_token = token, order_by = (string[])["creation_time ASC"] }, null, stop);
            all.AddRange(page.Experiments ?? []);
            token = page.NextPageToken;
        }
        while (!string.IsNullOrEmpty(token));
        return all;
    }

    /// <summary>Those of a name or id among them.</summary>
    public static List<Experiment> Named(this IReadOnlyList<Experiment> all, string named)
    {
        var found = all.Where(e => e.Name == named).ToList();
        return found.Count > 0 ? found
            : all.Where(e => e.ExperimentId == named).ToList() is { Count: > 0 } byId ? byId
            : throw new CommandException($"There is no experiment {named}, by name or by id.", ExitCode.NotFound);
    }
}
