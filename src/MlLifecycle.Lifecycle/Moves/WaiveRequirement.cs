using Marten;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Silo;
using MlLifecycle.Lifecycle.Views;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Lifecycle.Moves;

/// <summary>Does without a requirement, on somebody's word.</summary>
/// <param name="Gate">The stage the gate leads out of.</param>
/// <param name="Requirement">The requirement's id.</param>
/// <param name="Reason">Why; people read it at the gate.</param>
/// <param name="Until">When the waiver ends by itself. Without it, it ends when the gate must be passed again.</param>
[GenerateSerializer]
[Immutable]
public sealed record WaiveRequirement(string Gate, string Requirement, string Reason, DateTimeOffset? Until = null);

public sealed record RequirementWaived(Waiver Waiver);

public static class WaiveRequirementSlice
{
    public static async Task<IResult> Handle(
        WaiveRequirement waive, Caller caller, IfMatch ifMatch, IGrainFactory grains, IQuerySession session, TimeProvider clock, CancellationToken cancellation)
    {
        var answer = await grains.Ask(caller.ProjectId, project => project.Waive(waive, caller.Origin, ifMatch.Version), cancellation);
        return await ReadLifecycle.After(answer, caller, session, clock, view => TypedResults.Created($"/api/projects/{caller.Project}/lifecycle", view), cancellation);
    }

    public static Decision Decide(Standing standing, WaiveRequirement waive, string by, DateTimeOffset now)
    {
        if (Judgement.Catalogue.FirstOrDefault(g => g.Stage.Name() == waive.Gate) is not { } gate)
            return Invalid("gate", $"must be one of {string.Join(", ", Judgement.Catalogue.Select(g => g.Stage.Name()))}; it is '{waive.Gate}'.");
        if (gate.Requirements.All(r => r.Id != waive.Requirement))
            return Invalid("requirement", $"must be one of {string.Join(", ", gate.Requirements.Select(r => r.Id))}; it is '{waive.Requirement}'.");
        if (Reasons.Refused(waive.Reason) is { } refusal)
            return refusal;

        var until = waive.Until?.ToUniversalTime();
        // The same word again is a retry, even when it comes after the end it named.
        if (standing.Waiver(gate.Stage, waive.Requirement) is { } known
            && (known.By, known.Reason, known.Until) == (by, waive.Reason, until)
            && (until <= now || known.InForce(now, standing.RenewedAt(gate.Stage))))
            return Nothing;
        return until <= now
            ? Invalid("until", "must lie in the future.")
            : Consequences.Of(standing, now, new RequirementWaived(new(gate.Stage, waive.Requirement, by, waive.Reason, until, now)));
    }
}

/// <summary>What a reason that people will read must look like.</summary>
internal static class Reasons
{
    public const int Longest = 1000;

    public static Refusal? Refused(string? reason) => reason switch
    {
        _ when string.IsNullOrWhiteSpace(reason) => InvalidInput("reason", "must not be empty: people will ask why."),
        _ when reason.Contains('\0', StringComparison.Ordinal) => InvalidInput("reason", "must not contain the character U+0000."),
        { Length: > Longest } => InvalidInput("reason", $"must have at most {Longest} characters; it has {reason.Length}."),
        _ => null,
    };
}
