using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>
/// The copying as a whole: experiments first, so that every run has its place; then, of each, logged models, runs (four at a time) and traces; then the
/// registry, which refers to both. What refers to a run or a model that has not had its turn begins its copy, so that the reference is right at once.
/// </summary>
internal sealed class Copy(MlflowServer source, MlflowServer target, Journal journal, ImportReport report)
{
    private const int AtOnce = 4;

    public async Task All(IReadOnlyList<Experiment> experiments, bool registry, ImportProgress progress, CancellationToken stop)
    {
        report.Note("Runs and logged models have new ids; the ids they had are in their tag mll.imported_from. Files are copied as they are: an MLmodel file still names the old ids.");
        report.Note("Times at which experiments, logged models and model versions were made are those of the import, and they are made by whoever imports.");
        progress.Experiments(experiments.Count);
        var places = await new CopyExperiments(target, journal, report).Place(experiments, stop);
        var copies = new RunCopies(source, target, places, journal);
        var models = new ModelCopies(source, target, places, copies, journal, report);
        var logged = new CopyModel(source, target, copies, models, report);
        var runs = new CopyRun(source, target, copies, models, journal, report);
        var traces = new CopyTraces(source, target, copies, models, report);
        var uncopied = new Uncopied(source, report);
        foreach (var experiment in experiments)
        {
            if (places.TryGetValue(experiment.ExperimentId, out var place) && !(experiment.Deleted && journal.IsClosed(experiment.ExperimentId)))
            {
                var failures = report.Complete;
                await logged.All(experiment.ExperimentId, stop);
                await Parallel.ForEachAsync(
                    source.RunsOf(experiment.ExperimentId, stop), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop }, async (run, halt) => await runs.One(run, place, halt));
                await traces.All(experiment, place, stop);
                await logged.Rest(stop);
                await uncopied.Look(experiment, stop);
                if (experiment.Deleted)
                    await Close(experiment, place, failures && report.Complete, stop);
            }

            progress.ExperimentDone();
        }

        if (registry)
        {
            await new CopyRegistry(source, target, places, copies, models, report).All(progress, stop);
            await logged.Rest(stop);
            await uncopied.Look(stop);
        }
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
