using System.Collections.Immutable;
using MlLifecycle.Lifecycle.Facts;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>A call of the suite's API that carries an action out.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path at the front door; what is in braces is yours to name.</param>
/// <param name="Body">An example of the body; null when there is none.</param>
public sealed record ApiCall(string Method, string Path, object? Body = null);

/// <summary>Something worth doing next.</summary>
public sealed record NextAction(string Action, string Reason, Stage? Gate = null, string? Requirement = null, ApiCall? Command = null);

/// <summary>
/// What to do next, most useful first: look into what production complains of, then what the gate ahead lacks, in the order in which it can be
/// done; then what no longer holds at the gates behind.
/// </summary>
public static class NextActions
{
    public static ImmutableArray<NextAction> Of(Standing standing, DateTimeOffset now)
    {
        var stage = standing.Stage ?? Stage.Scoping;
        var gates = Judgement.Of(standing, now);
        var ahead = gates.FirstOrDefault(gate => gate.Stage == stage);
        return
        [
            .. standing.Production.Alerts.OrderByDescending(a => a.Critical).ThenBy(a => a.Evidence.At).SelectMany(alert => OnAlert(standing, alert)),
            .. ahead is { Open: true } ? [GoOn(standing, ahead)] : Array.Empty<NextAction>(),
            .. Once(ahead?.Missing.SelectMany(missing => Meet(standing, ahead.Stage, missing, now)) ?? []),
            .. gates.Where(gate => gate.Stage < stage).SelectMany(gate => gate.Missing.Select(missing => Mend(standing, gate.Stage, missing, now))),
        ];
    }

    private static IEnumerable<NextAction> OnAlert(Standing standing, OpenAlert alert)
    {
        yield return new(
            $"Trace alert {alert.Rule} back to its causes",
            alert.Evidence.Summary,
            Command: new("GET", standing.Path($"timeline/{alert.Evidence.EventId}/causes")));
        yield return new(
            $"Resolve alert {alert.Rule} once it is dealt with",
            $"It is open on deployment {alert.Deployment}.",
            Command: new("POST", standing.Path($"alerts/{alert.Id}/resolve"), new { note = "what was done" }));
    }

    private static NextAction GoOn(Standing standing, Gate gate) => new(
        $"Move on to {gate.To.Name()}",
        $"The gate of {gate.Stage.Name()} is open; the project stays here because it was sent here.",
        gate.Stage,
        Command: new("POST", standing.Path("lifecycle/transitions"), new { to = gate.To.Name(), reason = "why now" }));

    private static IEnumerable<NextAction> Meet(Standing standing, Stage gate, Requirement missing, DateTimeOffset now) => gate switch
    {
        Stage.Scoping => ScopingActions.For(standing, missing),
        Stage.Data => DataActions.For(standing, missing, now),
        Stage.Modeling => ModelingActions.For(standing, missing, now),
        _ => DeploymentActions.For(standing, missing, now),
    };

    private static NextAction Mend(Standing standing, Stage gate, Requirement missing, DateTimeOffset now)
    {
        var first = Meet(standing, gate, missing, now).First();
        return first with { Reason = $"The gate of {gate.Name()} was passed, but no longer holds: {missing.Why}" };
    }

    // Several requirements may ask for the same step: it is named once, where it is first needed.
    private static IEnumerable<NextAction> Once(IEnumerable<NextAction> actions) => actions.DistinctBy(a => a.Action);
}
