using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Lifecycle.Moves;

/// <summary>A run of long ago is at hand again, because its evaluation has come.</summary>
public sealed record RunRecalled(RunFinished Run);

/// <summary>
/// Takes in a fact that another service announced. The stream keeps every fact as it was announced, so that it alone can tell the whole story.
/// </summary>
public static class HearFact
{
    /// <summary>Decides on a fact. Whether it was heard before is known by the timeline, which keeps each fact under its event id.</summary>
    /// <param name="standing">Where the project stands.</param>
    /// <param name="fact">The fact.</param>
    /// <param name="recalled">The run that an evaluation names, from the timeline: the standing may have let it go.</param>
    /// <param name="now">The moment of the decision.</param>
    public static Decision Decide(Standing standing, IntegrationEvent fact, RunFinished? recalled, DateTimeOffset now)
    {
        object[] heard = recalled is null || standing.Models.Knows(recalled.RunId) ? [fact] : [fact, new RunRecalled(recalled)];
        var after = heard.Aggregate(standing, (s, e) => s.Evolve(e));
        // Only an alert that is news and still open: one whose end was heard first is history.
        var alert = fact is AlertRaised raised && standing.Stage == Stage.Monitoring
            ? after.Production.Alerts.Find(a => a.Id == raised.AlertId && a.Grave && !standing.Production.Alerts.Exists(known => known.Id == a.Id))
            : null;
        return Consequences.Of(standing, now, alert is null ? heard : [.. heard, .. Consequences.Return(standing, alert, now)]);
    }
}
