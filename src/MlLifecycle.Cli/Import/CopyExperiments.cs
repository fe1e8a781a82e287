using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>Where an experiment's runs go.</summary>
/// <param name="Id">The experiment in the project.</param>
/// <param name="New">Whether this import has just made it, so that no run of it can be there already.</param>
/// <param name="Deleted">Whether it is deleted.</param>
internal sealed record Place(string Id, bool New, bool Deleted);

/// <summary>Gives each experiment its place in the project: the experiment of the same name, or a new one.</summary>
internal sealed class CopyExperiments(MlflowServer target, Journal journal, ImportReport report)
{
    public async Task<Dictionary<string, Place>> Place(IReadOnlyList<Experiment> experiments, CancellationToken stop)
    {
        var present = (await target.Experiments(stop)).ToDictionary(e => e.ExperimentId);
        var named = present.Values.ToDictionary(e => e.Name, StringComparer.Ordinal);
        var places = new Dictionary<string, Place>(StringComparer.Ordinal);
        foreach (var experiment in experiments)
        {
            try
            {
                places[experiment.ExperimentId] = (journal.ExperimentOf(experiment.ExperimentId) is { } noted ? present.GetValueOrDefault(noted) : null) is { } known ? await Keep(experiment, known, stop)
                    : named.TryGetValue(experiment.Name, out var same) ? await Keep(experiment, same, stop)
                    : await Create(experiment, stop);
                journal.Placed(experiment.ExperimentId, places[experiment.ExperimentId].Id);
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
            {
                report.Failed("experiment", experiment.Name, refused.Message);
            }
        }

        return places;
    }

    private async Task<Place> Create(Experiment experiment, CancellationToken stop)
    {
        string id;
        try
        {
            id = (await target.Post("experiments/create", new { name = experiment.Name, tags = experiment.Tags ?? [] }, stop)).Text("experiment_id")!;
        }
        catch (RefusedException taken) when (taken.Code == CopyRegistry.Taken)
        {
            // The first answer was lost, and the request was sent again.
            id = (await target.Get($"experiments/get-by-name?experiment_name={Uri.EscapeDataString(experiment.Name)}", stop))["experiment"].Text("experiment_id")!;
        }

        report.Copied("experiments");
        return new(id, New: true, Deleted: false);
    }

    private async Task<Place> Keep(Experiment experiment, Experiment present, CancellationToken stop)
    {
        report.Already("experiments");
        // Deleted here and there, with all its runs: it stays so. Otherwise it has to take runs.
        if (present.Deleted && experiment.Deleted && journal.IsClosed(experiment.ExperimentId))
            return new(present.ExperimentId, New: false, Deleted: true);
        if (present.Deleted)
            await target.Post("experiments/restore", new { experiment_id = present.ExperimentId }, stop);
        var tags = (present.Tags ?? []).ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal);
        foreach (var tag in experiment.Tags ?? [])
        {
            if (tags.GetValueOrDefault(tag.Key) != tag.Value)
                await target.Post("experiments/set-experiment-tag", new { experiment_id = present.ExperimentId, key = tag.Key, value = tag.Value ?? "" }, stop);
        }

        return new(present.ExperimentId, New: false, Deleted: false);
    }
}
