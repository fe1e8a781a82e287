using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.ServiceDefaults.Decisions;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Lifecycle.Moves;

public sealed record WaiverExpired(Stage Gate, string Requirement, string By, DateTimeOffset Until, DateTimeOffset At);

/// <summary>Puts on record which waivers have ended by themselves, and what follows from it.</summary>
public static class ExpireWaivers
{
    public static Decision Decide(Standing standing, DateTimeOffset now)
    {
        var over = standing.Waivers.FindAll(w => w.Until <= now);
        return over.IsEmpty ? Nothing : Consequences.Of(standing, now, over.Select(w => new WaiverExpired(w.Gate, w.Requirement, w.By, w.Until!.Value, now)));
    }
}
