using System.Collections.Immutable;

namespace MlLifecycle.Scoping.Milestones;

/// <summary>How far a target of a milestone is.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Value">The best value announced so far.</param>
/// <param name="Evidence">Which run reached it.</param>
public sealed record Progress(string Metric, double Value, string Evidence);

/// <summary>A milestone and its progress, computed from what other services announce.</summary>
public sealed record Milestone(PlanMilestone Plan)
{
    public string Name => Plan.Name;

    public ImmutableList<Progress> Progress { get; init; } = [];

    public bool Reached { get; init; }

    /// <summary>A new plan keeps what is known of the figures; whether it is reached is found again.</summary>
    public static Milestone Planned(PlanMilestone plan, Milestone? before) => new(plan) { Progress = before?.Progress ?? [] };

    public Milestone Progressed(MilestoneProgressed e) => this with { Progress = Progress.With(new Progress(e.Metric, e.Value, e.Evidence), p => p.Metric) };
}

public sealed record TargetView(string Metric, double Target, double? Value, bool Reached, string? Evidence);

public sealed record MilestoneView(string Name, DateOnly? Due, string? Resources, string? Timeline, IReadOnlyList<TargetView> Progress, bool Reached)
{
    public static MilestoneView Of(Project project, Milestone m) => new(
        m.Name,
        m.Plan.Due,
        m.Plan.Resources,
        m.Plan.Timeline,
        [.. (m.Plan.Targets ?? []).Select(t => m.Progress.Find(p => p.Metric == t.Metric) is { } p
            ? new TargetView(t.Metric, t.Value, p.Value, TrackMilestonesSlice.Reaches(p.Value, t.Value, project.LowerIsBetter(t.Metric)), p.Evidence)
            : new TargetView(t.Metric, t.Value, null, false, null))],
        m.Reached);
}
