using Marten;
using MlLifecycle.Scoping.Projects;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Scoping.Milestones;

/// <summary>A metric and the value a milestone asks of it.</summary>
public sealed record MilestoneTarget(string Metric, double Value);

/// <summary>Plans a milestone: which figures, by when, with what. Planning the name again replaces it.</summary>
/// <param name="Name">Its name in the project.</param>
/// <param name="Due">The day.</param>
/// <param name="Targets">The figures it asks for; none is allowed for a milestone that only marks a date.</param>
/// <param name="Resources">People, machines, money it needs.</param>
/// <param name="Timeline">The way there, in words.</param>
public sealed record PlanMilestone(
    string Name, DateOnly? Due = null, IReadOnlyList<MilestoneTarget>? Targets = null, string? Resources = null, string? Timeline = null)
{
    public bool SameAs(PlanMilestone other) =>
        other with { Targets = null } == this with { Targets = null } && (Targets ?? []).SequenceEqual(other.Targets ?? []);
}

public sealed record MilestonePlanned(PlanMilestone Plan);

public static class PlanMilestoneSlice
{
    public static Decision Decide(Project project, PlanMilestone plan) =>
        Fields.First(
            Fields.Name("name", plan.Name),
            CheckTargets(project, plan),
            Fields.Text("resources", plan.Resources, required: false),
            Fields.Text("timeline", plan.Timeline, required: false)) is { } refusal ? refusal
        : project.Milestones.Find(m => m.Name == plan.Name) is { } planned && planned.Plan.SameAs(plan) ? Nothing
        : Accept(new MilestonePlanned(plan));

    public static Task<IResult> Handle(PlanMilestone command, Caller caller, IDocumentSession session, IfMatch ifMatch, CancellationToken ct) =>
        Scope.Change(
            caller,
            session,
            ifMatch,
            p => Decide(p, command),
            p => TypedResults.Created($"/api/projects/{p.Slug}/milestones", MilestoneView.Of(p, p.Milestones.Find(m => m.Name == command.Name)!)),
            ct);

    public static Task<IResult> List(string project, Caller caller, IQuerySession session, HttpContext http, At at, CancellationToken ct) =>
        ReadProjects.AnswerList(project, caller, session, http, at, p => p.Milestones.Select(m => MilestoneView.Of(p, m)), ct);

    private static Refusal? CheckTargets(Project project, PlanMilestone plan)
    {
        var targets = plan.Targets ?? [];
        for (var i = 0; i < targets.Count; i++)
        {
            if (targets[i] is not { } target)
                return InvalidInput($"targets[{i}]", "must not be null.");
            if (project.Metrics.Find(m => m.Name == target.Metric) is not { } metric)
                return InvalidInput($"targets[{i}].metric", $"'{target.Metric}' is not a metric of this project. Define it first: POST …/metrics.");
            if (Figures.Figure($"targets[{i}].value", target.Value, metric.Unit, metric.Kind) is { } refusal)
                return refusal;
            if (targets.Take(i).Any(t => t.Metric == target.Metric))
                return InvalidInput($"targets[{i}].metric", $"'{target.Metric}' has a target in this milestone already.");
        }

        return null;
    }
}
