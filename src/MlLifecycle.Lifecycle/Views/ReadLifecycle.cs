using System.Collections.Immutable;
using Marten;
using MlLifecycle.Lifecycle.Facts;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Silo;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Lifecycle.Views;

public sealed record WaiverView(string By, string Reason, DateTimeOffset? Until);

public sealed record RequirementView(string Id, string Title, string Status, Evidence? Evidence, WaiverView? Waiver, string Why);

public sealed record GateView(string Gate, string To, bool Open, ImmutableArray<RequirementView> Requirements);

public sealed record NextActionView(string Action, string Reason, string? Gate, string? Requirement, ApiCall? Command);

/// <summary>Where a project stands, what lets it on and what to do next.</summary>
public sealed record LifecycleView(
    string Project,
    string Stage,
    int Iteration,
    DateTimeOffset? Since,
    ImmutableArray<GateView> Gates,
    ImmutableArray<NextActionView> NextActions,
    long Version)
{
    public static LifecycleView Of(Standing standing, DateTimeOffset now) => new(
        standing.Project,
        (standing.Stage ?? Lifecycle.Gates.Stage.Scoping).Name(),
        standing.Iteration,
        standing.Stage is null ? null : standing.Since,
        [.. Judgement.Of(standing, now).Select(View)],
        [.. Lifecycle.Gates.NextActions.Of(standing, now).Select(a => new NextActionView(a.Action, a.Reason, a.Gate?.Name(), a.Requirement, a.Command))],
        standing.Length);

    private static GateView View(Gate gate) => new(gate.Stage.Name(), gate.To.Name(), gate.Open, [.. gate.Requirements.Select(View)]);

    private static RequirementView View(Requirement r) => new(
        r.Id, r.Title, Announcements.Name(r.Status), r.Evidence, r.Waiver is { } w ? new(w.By, w.Reason, w.Until) : null, r.Why);
}

public static class ReadLifecycle
{
    public static async Task<IResult> One(Caller caller, At at, IQuerySession session, TimeProvider clock, CancellationToken cancellation)
    {
        var standing = await session.Past<Standing>(caller.ProjectId, at, cancellation);
        if (standing is null && at.Time is { } time)
            return new Refused(new(404, "project-unknown-then", $"Nothing is known of '{caller.Project}' at {time:O}: it began later."));
        return Answered(standing ?? Beginning(caller), at.Time ?? clock.GetUtcNow(), TypedResults.Ok);
    }

    /// <summary>Answers a command: with the lifecycle as it stands now, or with the refusal.</summary>
    internal static async Task<IResult> After(
        Answer answer, Caller caller, IQuerySession session, TimeProvider clock, Func<LifecycleView, IResult> result, CancellationToken cancellation)
    {
        if (answer.Refusal is { } refusal)
            return new Refused(refusal);
        var standing = await session.LoadAsync<Standing>(caller.ProjectId, cancellation) ?? Beginning(caller);
        return Answered(standing, clock.GetUtcNow(), result);
    }

    private static IResult Answered(Standing standing, DateTimeOffset now, Func<LifecycleView, IResult> result) =>
        new Outcome<Standing>(standing, standing.Length, [], null).ToResult(s => result(LifecycleView.Of(s, now)));

    // The project is there, its first fact is on its way: it stands where every project begins.
    private static Standing Beginning(Caller caller) => Standing.Initial(caller.ProjectId) with { Project = caller.Project };
}
