using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>The copying as a whole: experiments first, so that every run has its place; then runs, four at a time; then the registry, which refers to runs.</summary>
internal sealed class Copy(MlflowServer source, MlflowServer target, Journal journal, ImportReport report)
{
    private const int AtOnce = 4;

    public async Task All(IReadOnlyList<Experiment> experiments, bool registry, ImportProgress progress, CancellationToken stop)
    {
        report.Note("Runs have new ids; the ids they had are in their tag mll.imported_from. Times at which experiments and model versions were registered are those of the import.");
        progress.Experiments(experiments.Count);
        var places = await new CopyExperiments(target, journal, report).Place(experiments, stop);
        var copies = new RunCopies(source, target, places, journal);
        var runs = new CopyRun(source, target, copies, journal, report);
        foreach (var experiment in experiments)
        {
            if (places.TryGetValue(experiment.ExperimentId, out var place) && !(experiment.Deleted && journal.IsClosed(experiment.ExperimentId)))
            {
                var failures = report.Complete;
                await Parallel.ForEachAsync(
                    source.RunsOf(experiment.ExperimentId, stop), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop }, async (run, halt) => await runs.One(run, place, halt));
                await new Uncopied(source, report).Look(experiment, stop);
                if (experiment.Deleted)
                    await Close(experiment, place, failures && report.Complete, stop);
            }

            progress.ExperimentDone();
        }

        if (registry)
            await new CopyRegistry(source, target, copies, report).All(progress, stop);
        else
            report.Note("The registry was left out, because only some experiments were asked for.");
    }

    // Last, since a deleted experiment takes no runs.
    private async Task Close(Experiment experiment, Place place, bool whole, CancellationToken stop)
    {
        try
        {
            if (!place.Deleted)
                await target.Post("experiments/delete", new { experiment_id = place.Id }, stop);
            if (whole)
                journal.Closed(experiment.ExperimentId);
        }
        catch (RefusedException refused) when (refused.ExitCode == ExitCode.Failed)
        {
            report.Failed("deletion of an experiment", experiment.Name, refused.Message);
        }
    }
}
