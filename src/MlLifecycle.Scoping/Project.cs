using System.Collections.Immutable;
using MlLifecycle.Scoping.Baselines;
using MlLifecycle.Scoping.Metrics;
using MlLifecycle.Scoping.Milestones;
using MlLifecycle.Scoping.Problems;
using MlLifecycle.Scoping.Projects;
using MlLifecycle.Scoping.Solutions;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Scoping;

/// <summary>A project's scope: the fold of its stream.</summary>
public sealed record Project(Guid Id) : IFolded<Project>
{
    public const string SlugIndex = "project_slug";

    public string Slug { get; init; } = "";

    public string Name { get; init; } = "";

    public string Description { get; init; } = "";

    public ImmutableList<string> Owners { get; init; } = [];

    public DateTimeOffset CreatedAt { get; init; }

    public string CreatedBy { get; init; } = "";

    public StateProblem? Problem { get; init; }

    public SetConstraints? Constraints { get; init; }

    public ImmutableList<ProposeSolution> Solutions { get; init; } = [];

    public ImmutableList<DefineMetric> Metrics { get; init; } = [];

    public ImmutableList<RecordBaseline> Baselines { get; init; } = [];

    public ImmutableList<Milestone> Milestones { get; init; } = [];

    /// <summary>Whether the project exists.</summary>
    public bool Created => Slug.Length > 0;

    public static Project Initial(Guid id) => new(id);

    public Project Evolve(object @event) => @event switch
    {
        ProjectOpened e => this with { Slug = e.Slug, Name = e.Name, Description = e.Description, Owners = [.. e.Owners], CreatedAt = e.At, CreatedBy = e.By },
        ProblemStated e => this with { Problem = e.Problem },
        ConstraintsSet e => this with { Constraints = e.Constraints },
        SolutionProposed e => this with { Solutions = Solutions.With(e.Solution, s => s.Name) },
        MetricDefined e => this with { Metrics = Judged(e.Metric).With(e.Metric, m => m.Name) },
        BaselineRecorded e => this with { Baselines = Baselines.With(e.Baseline, b => b.Name) },
        MilestonePlanned e => this with { Milestones = Milestones.With(Milestone.Planned(e.Plan, Milestones.Find(m => m.Name == e.Plan.Name)), m => m.Name) },
        MilestoneProgressed e => this with { Milestones = Milestones.ConvertAll(m => m.Name == e.Milestone ? m.Progressed(e) : m) },
        MilestoneCompleted e => this with { Milestones = Milestones.ConvertAll(m => m.Name == e.Milestone ? m with { Reached = true } : m) },
        _ => this,
    };

    /// <summary>Whether a lower value of the metric is the better one.</summary>
    public bool LowerIsBetter(string metric) => Metrics.Find(m => m.Name == metric)?.Direction == "lower";

    /// <summary>The refusal for a command on a project that is not there.</summary>
    public static Refusal Unknown(string slug) => new(404, "project-unknown", $"There is no project '{slug}'. POST /api/projects creates one.");

    // A project is judged by one metric of a kind: naming another one primary takes it from the first.
    private ImmutableList<DefineMetric> Judged(DefineMetric by) =>
        by.Primary ? Metrics.ConvertAll(m => m.Kind == by.Kind ? m with { Primary = false } : m) : Metrics;
}

/// <summary>Lists in which each thing has a name and a later one of the same name takes the earlier one's place.</summary>
public static class Named
{
    public static ImmutableList<T> With<T>(this ImmutableList<T> items, T item, Func<T, string> name)
    {
        var place = items.FindIndex(other => name(other) == name(item));
        return place < 0 ? items.Add(item) : items.SetItem(place, item);
    }
}
