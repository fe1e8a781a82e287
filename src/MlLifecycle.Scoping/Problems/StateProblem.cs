using Marten;
using MlLifecycle.Scoping.Projects;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Scoping.Problems;

/// <summary>States the business problem, in the business's words, and what is left out on purpose.</summary>
public sealed record StateProblem(string Statement, string? BusinessValue = null, IReadOnlyList<string>? OutOfScope = null, string? Ethics = null, string? Privacy = null)
{
    public bool SameAs(StateProblem? other) => other is not null
        && other with { OutOfScope = null } == this with { OutOfScope = null }
        && (OutOfScope ?? []).SequenceEqual(other.OutOfScope ?? []);
}

public sealed record ProblemStated(StateProblem Problem);

public static class StateProblemSlice
{
    public static Decision Decide(Project project, StateProblem problem) =>
        Fields.First(
            Fields.Text("statement", problem.Statement),
            Fields.Text("businessValue", problem.BusinessValue, required: false),
            Fields.Text("ethics", problem.Ethics, required: false),
            Fields.Text("privacy", problem.Privacy, required: false)) is { } refusal ? refusal
        : problem.SameAs(project.Problem) ? Nothing
        : Accept(new ProblemStated(problem));

    public static Task<IResult> Handle(StateProblem command, Caller caller, IDocumentSession session, IfMatch ifMatch, CancellationToken ct) =>
        Scope.Change(caller, session, ifMatch, p => Decide(p, command), p => TypedResults.Ok(p.Problem), ct);
}
