using System.Collections.Immutable;
using Marten;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Lifecycle.Views;

public sealed record BlockingView(string Id, string Title);

/// <summary>One project among all: where it stands and what blocks it.</summary>
public sealed record LifecycleSummary(
    string Project,
    Guid ProjectId,
    string Name,
    string Stage,
    int Iteration,
    int Missing,
    ImmutableArray<BlockingView> Blocking,
    int OpenAlerts,
    DateTimeOffset UpdatedAt)
{
    public static LifecycleSummary Of(Standing standing, DateTimeOffset now)
    {
        var stage = standing.Stage ?? Lifecycle.Gates.Stage.Scoping;
        var missing = Judgement.Gate(standing, stage, now)?.Missing ?? [];
        return new(
            standing.Project,
            standing.Id,
            standing.Name,
            stage.Name(),
            standing.Iteration,
            missing.Length,
            [.. missing.Select(r => new BlockingView(r.Id, r.Title))],
            standing.Production.Alerts.Count,
            standing.UpdatedAt);
    }
}

public static class ReadLifecycles
{
    /// <summary>All projects; the front door leaves out those its caller may not see. By slug, since people look for names.</summary>
    public static async Task<IResult> All(IQuerySession session, TimeProvider clock, int? limit, string? after, CancellationToken cancellation)
    {
        if (Cursor.Decode<string>(after, out var last) is { } refusal)
            return new Refused(refusal);
        var size = Cursor.Limit(limit, usual: 1000);
        IQueryable<Standing> projects = session.Query<Standing>();
        if (last is not null)
            projects = projects.Where(standing => standing.Project.CompareTo(last) > 0);
        var found = await projects.OrderBy(standing => standing.Project).Take(size + 1).ToListAsync(cancellation);
        var now = clock.GetUtcNow();
        return TypedResults.Ok(Page.Of<LifecycleSummary>([.. found.Select(standing => LifecycleSummary.Of(standing, now))], size, summary => summary.Project));
    }
}
