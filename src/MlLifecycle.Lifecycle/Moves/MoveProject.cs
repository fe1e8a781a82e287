using Marten;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Silo;
using MlLifecycle.Lifecycle.Views;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Lifecycle.Moves;

/// <summary>Takes the project to another stage: forward through open gates only, backward at any time, which opens an iteration.</summary>
/// <param name="To">The stage.</param>
/// <param name="Reason">Why; people read it in the timeline.</param>
[GenerateSerializer]
[Immutable]
public sealed record MoveProject(string To, string Reason);

public static class MoveProjectSlice
{
    public static async Task<IResult> Handle(
        MoveProject move, Caller caller, IfMatch ifMatch, IGrainFactory grains, IQuerySession session, TimeProvider clock, CancellationToken cancellation)
    {
        var answer = await grains.Ask(caller.ProjectId, project => project.Move(move, caller.Origin, ifMatch.Version), cancellation);
        return await ReadLifecycle.After(answer, caller, session, clock, TypedResults.Ok, cancellation);
    }

    public static Decision Decide(Standing standing, MoveProject move, DateTimeOffset now)
    {
        if (StageNames.Parse(move.To) is not { } to)
            return Invalid("to", $"must be one of {string.Join(", ", StageNames.All.Select(StageNames.Name))}; it is '{move.To}'.");
        if (Reasons.Refused(move.Reason) is { } refusal)
            return refusal;

        var stage = standing.Stage ?? Stage.Scoping;
        if (to == stage)
            return Nothing;
        if (to < stage)
            return Consequences.Of(standing, now, Consequences.Return(standing, to, now, move.Reason, now));

        var closed = Judgement.Of(standing, now).Where(gate => gate.Stage >= stage && gate.Stage < to && !gate.Open).ToList();
        if (closed.Count > 0)
        {
            var first = closed[0];
            var lacks = string.Join(" ", first.Missing.Select(r => $"{r.Id}: {r.Why}"));
            return Refuse(409, "gate-closed", $"The gate of {first.Stage.Name()} is closed: {lacks} Meet what is missing, or waive it.");
        }

        var steps = StageNames.All.Where(s => s >= stage && s < to).Select(s => new Moved(s.Next(), s, standing.Iteration, move.Reason, now));
        return Consequences.Of(standing, now, steps);
    }
}
