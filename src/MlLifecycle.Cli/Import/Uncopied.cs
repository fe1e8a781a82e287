using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>Looks for what an experiment has and this import does not copy, so that nobody misses it later.</summary>
internal sealed class Uncopied(MlflowServer source, ImportReport report)
{
    public async Task Look(Experiment experiment, CancellationToken stop)
    {
        if (await Any("api/2.0/mlflow/logged-models/search", new { experiment_ids = (string[])[experiment.ExperimentId], max_results = 1 }, "models", stop))
            report.Failed("logged models", experiment.Name, "The experiment has logged models, which are not copied.");
        var place = new { type = "MLFLOW_EXPERIMENT", mlflow_experiment = new { experiment_id = experiment.ExperimentId } };
        if (await Any("api/3.0/mlflow/traces/search", new { locations = (object[])[place], max_results = 1 }, "traces", stop))
            report.Failed("traces", experiment.Name, "The experiment has traces, which are not copied.");
    }

    private async Task<bool> Any(string path, object search, string items, CancellationToken stop)
    {
        try
        {
            return (await source.Server.Post(source.Root + path, search, stop)).Items(items).Any();
        }
        catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
        {
            // A server that does not know of such things has none.
            return false;
        }
    }
}
