using MlLifecycle.Lifecycle.Facts;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Lifecycle.Moves;

/// <summary>The project entered a stage.</summary>
public sealed record Moved(Stage To, Stage? From, int Iteration, string Reason, DateTimeOffset At);

/// <summary>
/// The project goes round again: from the stage it goes back to, every gate must be passed again, by facts later than <paramref name="Since"/>.
/// </summary>
public sealed record SentBack(int Iteration, Stage BackTo, DateTimeOffset Since, string Reason, DateTimeOffset At);

/// <summary>A requirement is missing, met or waived that was not so before.</summary>
public sealed record RequirementTurned(Stage Gate, string Requirement, Status Status, string Reason, DateTimeOffset At);

/// <summary>
/// What follows from a change by itself: requirements turn, a gate that opens moves the project on, a grave alert in production sends it back.
/// A gate that was open already moves nobody, so that a project that a person sent back stays where it was sent.
/// </summary>
public static class Consequences
{
    /// <summary>The change and all that follows from it.</summary>
    /// <param name="before">The standing before the change.</param>
    /// <param name="now">The moment of the decision.</param>
    /// <param name="change">The events of the change itself.</param>
    public static Decision Of(Standing before, DateTimeOffset now, params IEnumerable<object> change)
    {
        List<object> events = [];
        var standing = before;
        if (standing.Stage is null)
            Add(new Moved(Stage.Scoping, null, 1, "The project began.", now));
        foreach (var @event in change)
            Add(@event);

        var entered = false;
        while (true)
        {
            var gates = Judgement.Of(standing, now);
            foreach (var gate in gates)
            {
                foreach (var turned in gate.Requirements.Where(r => r.Status != Announced(standing, gate, r)))
                    Add(new RequirementTurned(gate.Stage, turned.Id, turned.Status, turned.Why, now));
            }

            var stage = standing.Stage!.Value;
            var way = gates.FirstOrDefault(gate => gate.Stage == stage);
            if (way is not { Open: true } || !entered && WasOpen(before, way))
                return Decision.Accept([.. events]);

            Add(new Moved(way.To, stage, standing.Iteration, $"The gate of {stage.Name()} is open: {Passed(way)}.", now));
            entered = true;
            if (way.To == Stage.Monitoring && GraveAlert(standing, now) is { } alert)
            {
                foreach (var @event in Return(standing, alert, now))
                    Add(@event);
                entered = false;
            }
        }

        void Add(object @event)
        {
            events.Add(@event);
            standing = standing.Evolve(@event);
        }
    }

    /// <summary>Goes back to an earlier stage, in a new iteration.</summary>
    public static object[] Return(Standing standing, Stage to, DateTimeOffset since, string reason, DateTimeOffset now) =>
    [
        new SentBack(standing.Iteration + 1, to, since, reason, now),
        new Moved(to, standing.Stage, standing.Iteration + 1, reason, now),
    ];

    /// <summary>Goes back to Data because production no longer looks like the data the model was made from.</summary>
    public static object[] Return(Standing standing, OpenAlert alert, DateTimeOffset now) =>
        Return(standing, Stage.Data, alert.Evidence.At, $"Alert {alert.Rule} on deployment {alert.Deployment}: {alert.Evidence.Summary}", now);

    // An alert may be heard before the last fact that brings its deployment into monitoring: it counts all the same.
    private static OpenAlert? GraveAlert(Standing standing, DateTimeOffset now)
    {
        var deployment = DeploymentGate.Candidate(standing.Production, standing.RenewedAt(Stage.Deployment), standing.Waived(Stage.Deployment, now));
        return standing.Production.Alerts
            .Where(alert => alert.Grave && alert.DeploymentId == deployment?.Id && alert.Evidence.At > deployment.Started!.At)
            .MinBy(alert => alert.Evidence.At);
    }

    private static Status Announced(Standing standing, Gate gate, Requirement requirement) =>
        standing.Announced.GetValueOrDefault(Requirement.Key(gate.Stage, requirement.Id), Status.Missing);

    private static bool WasOpen(Standing before, Gate gate) => gate.Requirements.All(r => Announced(before, gate, r) != Status.Missing);

    private static string Passed(Gate gate)
    {
        var waived = gate.Requirements.Count(r => r.Status == Status.Waived);
        var met = gate.Requirements.Length - waived;
        return waived == 0 ? $"all {met} requirements are met" : $"{met} requirements are met, {waived} waived";
    }
}
