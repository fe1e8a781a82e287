using MlLifecycle.Contracts;
using MlLifecycle.Scoping.Baselines;
using MlLifecycle.Scoping.Metrics;
using MlLifecycle.Scoping.Milestones;
using MlLifecycle.Scoping.Problems;
using MlLifecycle.Scoping.Projects;
using MlLifecycle.Scoping.Solutions;
using static System.FormattableString;

namespace MlLifecycle.Scoping;

/// <summary>What Scoping tells the other services.</summary>
public static class Announcements
{
    public static IntegrationEvent? Of(object @event) => @event switch
    {
        ProjectOpened e => new ProjectCreated(e.Name, e.Description),
        ProblemStated e => new ScopeChanged("problem", "problem", e.Problem.Statement),
        ConstraintsSet => new ScopeChanged("constraints", "constraints", "Serving constraints were set."),
        SolutionProposed { Solution: var s } => new ScopeChanged("solution", s.Name, s.Description),
        MetricDefined { Metric: var m } => new ScopeChanged("metric", m.Name, Said(m))
        {
            Kind = m.Kind,
            Unit = m.Unit,
            Direction = m.Direction,
            Value = m.Target,
            Primary = m.Primary,
        },
        BaselineRecorded { Baseline: var b } => new ScopeChanged("baseline", b.Name, Invariant($"{b.Kind} reaches {b.Metric} {b.Value:0.####} ({b.Source})."))
        {
            Kind = b.Kind,
            Metric = b.Metric,
            Value = b.Value,
        },
        MilestonePlanned { Plan: var p } => new ScopeChanged("milestone", p.Name, p.Due is { } due ? Invariant($"Due {due:yyyy-MM-dd}.") : "No day is set.")
        {
            HasResources = !string.IsNullOrWhiteSpace(p.Resources),
            Due = p.Due,
        },
        MilestoneCompleted e => new MilestoneReached(e.Milestone, e.Summary),
        _ => null,
    };

    private static string Said(DefineMetric m) => m.Target is { } target
        ? Invariant($"{m.Kind} metric in {m.Unit}, {m.Direction} is better, target {target:0.####}{(m.Primary ? ", primary" : "")}.")
        : Invariant($"{m.Kind} metric in {m.Unit}, {m.Direction} is better, no target yet{(m.Primary ? ", primary" : "")}.");
}
