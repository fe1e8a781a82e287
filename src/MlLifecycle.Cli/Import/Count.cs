using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>The dry run: what there is to copy, without writing anything anywhere.</summary>
internal sealed class Count(MlflowServer source, Journal journal, ImportReport report)
{
    public async Task All(IReadOnlyList<Experiment> experiments, bool registry, ImportProgress progress, CancellationToken stop)
    {
        report.Note("Nothing was written. Points of metrics and artifacts are counted only when they are copied.");
        var uncopied = new Uncopied(source, report);
        progress.Experiments(experiments.Count);
        foreach (var experiment in experiments)
        {
            report.Copied("experiments");
            await foreach (var run in source.RunsOf(experiment.ExperimentId, stop))
            {
                if (journal.IsDone(run.Info.RunId))
                {
                    report.Already("runs");
                    continue;
                }

                report.Copied("runs");
                report.Copied("metrics", run.Data?.Metrics?.Count ?? 0);
                report.Copied("parameters", run.Data?.Params?.Count ?? 0);
                report.Copied("tags", run.Data?.Tags?.Count ?? 0);
                report.Copied("dataset inputs", run.Inputs?.DatasetInputs?.Count ?? 0);
            }

            await foreach (var model in source.LoggedModelsOf(experiment.ExperimentId, stop))
            {
                if (journal.IsDone(model.Id))
                    report.Already("logged models");
                else
                    report.Copied("logged models");
            }

            await foreach (var page in source.TracesOf(experiment.ExperimentId, null, stop))
                report.Copied("traces", page.Count);
            await uncopied.Look(experiment, stop);
            progress.ExperimentDone();
        }

        if (!registry)
            return;
        await uncopied.Look(stop);
        var models = await SourceModels.All(source, stop);
        progress.Models(models.Count);
        foreach (var model in models)
        {
            report.Copied("models");
            report.Copied("model versions", (await SourceModels.Versions(source, model.Text("name")!, stop)).Count);
            progress.ModelDone();
        }
    }
}
