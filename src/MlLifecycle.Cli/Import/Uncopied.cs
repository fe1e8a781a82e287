using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>Looks for what a server has and this import does not copy, and names it, so that nobody misses it later.</summary>
internal sealed class Uncopied(MlflowServer source, ImportReport report)
{
    /// <summary>What belongs to an experiment.</summary>
    public async Task Look(Experiment experiment, CancellationToken stop)
    {
        var id = Uri.EscapeDataString(experiment.ExperimentId);
        await Each(() => source.Server.Get($"{source.Root}api/3.0/mlflow/scorers/list?experiment_id={id}", stop), "scorers", scorer =>
            report.Failed("scorer", $"{experiment.Name}: {scorer.Text("scorer_name")}", "Scorers are not copied: register it anew from the code that defines it."));
        string[] experiments = [experiment.ExperimentId];
        string? token = null;
        do
        {
            var page = await Each(() => source.Server.Post($"{source.Root}api/3.0/mlflow/datasets/search", new { experiment_ids = experiments, max_results = 1000, page_token = token }, stop), "datasets", dataset =>
                report.Failed("evaluation dataset", $"{experiment.Name}: {dataset.Text("name")}", "Evaluation datasets are not copied: make it anew from its records."));
            token = page.Text("next_page_token");
        }
        while (!string.IsNullOrEmpty(token));
    }

    /// <summary>What belongs to the whole server.</summary>
    public async Task Look(CancellationToken stop) => await Each(() => source.Get("webhooks?max_results=100", stop), "webhooks", webhook =>
        report.Failed("webhook", webhook.Text("name") ?? "", $"Its secret cannot be read: make it anew, for {webhook.Text("url")}."));

    private static async Task<JsonNode?> Each(Func<Task<JsonNode>> ask, string items, Action<JsonNode> tell)
    {
        try
        {
            var page = await ask();
            foreach (var item in page.Items(items))
                tell(item);
            return page;
        }
        catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound or ExitCode.NotAllowed)
        {
            // A server that does not know of such things, or does not show them, has none for us.
            return null;
        }
    }
}
