using Marten;
using MlLifecycle.Scoping.Projects;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Scoping.Solutions;

/// <summary>Proposes a way to solve the problem, with how feasible and how valuable it looks.</summary>
/// <param name="Name">Its name in the project; proposing the name again replaces it.</param>
/// <param name="Description">What would be built.</param>
/// <param name="Feasibility"><c>low</c>, <c>medium</c> or <c>high</c>.</param>
/// <param name="Value"><c>low</c>, <c>medium</c> or <c>high</c>.</param>
/// <param name="Notes">Anything else.</param>
public sealed record ProposeSolution(string Name, string Description = "", string? Feasibility = null, string? Value = null, string? Notes = null);

public sealed record SolutionProposed(ProposeSolution Solution);

public static class ProposeSolutionSlice
{
    private static readonly string[] Levels = ["low", "medium", "high"];

    public static Decision Decide(Project project, ProposeSolution solution) =>
        Fields.First(
            Fields.Name("name", solution.Name),
            Fields.Text("description", solution.Description, required: false),
            Fields.OneOf("feasibility", solution.Feasibility, Levels, required: false),
            Fields.OneOf("value", solution.Value, Levels, required: false),
            Fields.Text("notes", solution.Notes, required: false)) is { } refusal ? refusal
        : project.Solutions.Contains(solution) ? Nothing
        : Accept(new SolutionProposed(solution));

    public static Task<IResult> Handle(ProposeSolution command, Caller caller, IDocumentSession session, IfMatch ifMatch, CancellationToken ct) =>
        Scope.Change(
            caller, session, ifMatch, p => Decide(p, command), p => TypedResults.Created($"/api/projects/{p.Slug}/solutions", p.Solutions.Find(s => s.Name == command.Name)), ct);

    public static Task<IResult> List(string project, Caller caller, IQuerySession session, HttpContext http, At at, CancellationToken ct) =>
        ReadProjects.AnswerList(project, caller, session, http, at, p => p.Solutions, ct);
}
