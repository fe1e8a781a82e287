using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Moves;

namespace MlLifecycle.Lifecycle;

/// <summary>What Lifecycle tells the other services. The facts it heard from them stay in its stream.</summary>
public static class Announcements
{
    public static IntegrationEvent? Of(object @event) => @event switch
    {
        Moved e => new StageEntered(e.To.Name(), e.From?.Name(), e.Iteration, e.Reason),
        RequirementTurned e => new GateChanged(e.Gate.Name(), e.Requirement, Name(e.Status), e.Reason),
        SentBack e => new IterationOpened(e.Iteration, e.BackTo.Name(), e.Reason),
        _ => null,
    };

    public static string Name(Status status) => status switch
    {
        Status.Met => "met",
        Status.Waived => "waived",
        _ => "missing",
    };
}
