using Marten;
using MassTransit;
using MlLifecycle.Contracts;
using MlLifecycle.ServiceDefaults.Bus;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;
using static System.FormattableString;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Scoping.Milestones;

/// <summary>Takes the figures of a finished run into the milestones that ask for them.</summary>
/// <param name="Run">The run's name, the evidence.</param>
/// <param name="Metrics">Its last figures.</param>
public sealed record TrackMilestones(string Run, IReadOnlyDictionary<string, double> Metrics);

/// <summary>A better value of a milestone's metric was announced.</summary>
public sealed record MilestoneProgressed(string Milestone, string Metric, double Value, string Evidence);

/// <summary>All figures of a milestone are reached.</summary>
public sealed record MilestoneCompleted(string Milestone, string Summary);

public static class TrackMilestonesSlice
{
    public static Decision Decide(Project project, TrackMilestones track)
    {
        var events = new List<object>();
        foreach (var milestone in project.Milestones.Where(m => !m.Reached))
        {
            var targets = milestone.Plan.Targets ?? [];
            var better = targets
                .Where(t => track.Metrics.TryGetValue(t.Metric, out var value)
                    && (milestone.Progress.Find(p => p.Metric == t.Metric) is not { } known || Better(value, known.Value, project.LowerIsBetter(t.Metric))))
                .Select(t => new MilestoneProgressed(milestone.Name, t.Metric, track.Metrics[t.Metric], track.Run))
                .ToList();
            if (better.Count == 0)
                continue;
            events.AddRange(better);
            var after = better.Aggregate(milestone, (m, e) => m.Progressed(e));
            if (targets.All(t => after.Progress.Find(p => p.Metric == t.Metric) is { } p && Reaches(p.Value, t.Value, project.LowerIsBetter(t.Metric))))
                events.Add(new MilestoneCompleted(milestone.Name, string.Join(", ", after.Progress.Select(p => Invariant($"{p.Metric} {p.Value:0.####}"))) + $" ({track.Run})"));
        }

        return events.Count == 0 ? Nothing : Accept([.. events]);
    }

    public static bool Reaches(double value, double target, bool lowerIsBetter) => lowerIsBetter ? value <= target : value >= target;

    private static bool Better(double value, double than, bool lowerIsBetter) => lowerIsBetter ? value < than : value > than;
}

public sealed class OnRunFinished(IDocumentStore store) : IConsumer<RunFinished>
{
    public Task Consume(ConsumeContext<RunFinished> context)
    {
        var run = context.Message;
        return run.Status != "FINISHED"
            ? Task.CompletedTask
            : store.Once(context, "milestones", session => session.Decide<Project>(
                run.ProjectId, Origin.Of(run, "scoping"), p => TrackMilestonesSlice.Decide(p, new(run.RunName, run.Metrics)), context.CancellationToken));
    }
}
