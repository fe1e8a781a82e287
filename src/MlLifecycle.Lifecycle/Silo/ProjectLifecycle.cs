using Marten;
using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Facts;
using MlLifecycle.Lifecycle.Moves;
using MlLifecycle.Lifecycle.Timeline;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;

namespace MlLifecycle.Lifecycle.Silo;

/// <summary>
/// A mailbox in front of a project's lifecycle stream: one decision at a time, each fetched, decided and saved together with its entries on the
/// timeline. The stream's version guards against a second writer; the grain is what spares the writers the races.
/// </summary>
public sealed class ProjectLifecycle(IDocumentStore store, TimeProvider clock) : Grain, IProjectLifecycle
{
    /// <summary>Who acts when a waiver ends by itself.</summary>
    private const string Service = "lifecycle";

    public async Task Hear(Heard heard)
    {
        var fact = heard.Read();
        await using var session = store.LightweightSession();
        var recalled = fact is EvaluationCompleted { RunId: { } run } ? await Recall(session, run) : null;
        // Clocks differ a little: what follows from a fact is never before it.
        var now = Later(fact.OccurredAt);
        var outcome = await Decide(session, Origin.Of(fact), now, standing => HearFact.Decide(standing, fact, recalled, now), TimelineEntry.Of(fact));
        if (outcome.Refusal is { Code: not "already-exists" } refusal)
            throw new InvalidOperationException($"{heard.Contract} {fact.EventId} was not taken in: {refusal.Detail}");
    }

    public async Task<Answer> Waive(WaiveRequirement waive, Origin origin, long? seen)
    {
        var now = clock.GetUtcNow();
        await using var session = store.LightweightSession();
        return Said(await Decide(session, origin, now, standing => WaiveRequirementSlice.Decide(standing, waive, origin.Actor, now), seen: seen));
    }

    public async Task<Answer> Move(MoveProject move, Origin origin, long? seen)
    {
        var now = clock.GetUtcNow();
        await using var session = store.LightweightSession();
        return Said(await Decide(session, origin, now, standing => MoveProjectSlice.Decide(standing, move, now), seen: seen));
    }

    public async Task ExpireWaivers()
    {
        var now = clock.GetUtcNow();
        await using var session = store.LightweightSession();
        if (await session.LoadAsync<Standing>(this.GetPrimaryKey()) is not { } standing)
            return;
        var origin = new Origin(standing.Id, standing.Project, Service, Origin.NewCorrelation());
        await Decide(session, origin, now, s => Moves.ExpireWaivers.Decide(s, now));
    }

    private async Task<Outcome<Standing>> Decide(
        IDocumentSession session, Origin origin, DateTimeOffset now, Func<Standing, Decision> decide, TimelineEntry? heard = null, long? seen = null) =>
        await session.Decide<Standing>(
            this.GetPrimaryKey(),
            origin,
            standing => decide(standing with { Project = origin.Project }),
            CancellationToken.None,
            new(seen),
            (writing, _) => Entries.Write(writing, origin, now, heard));

    // A sweep of runs is let go by the standing, run by run; the timeline has them all.
    private async Task<RunFinished?> Recall(IDocumentSession session, string run)
    {
        var subject = Subjects.Run(run);
        var project = this.GetPrimaryKey();
        var entry = await session.Query<TimelineEntry>()
            .Where(e => e.ProjectId == project && e.Subject == subject)
            .OrderByDescending(e => e.At)
            .FirstOrDefaultAsync();
        return entry is null ? null : (RunFinished)entry.Fact();
    }

    private DateTimeOffset Later(DateTimeOffset than)
    {
        var now = clock.GetUtcNow();
        return now > than ? now : than;
    }

    private static Answer Said(Outcome<Standing> outcome) => new(outcome.Version, outcome.Refusal);
}
