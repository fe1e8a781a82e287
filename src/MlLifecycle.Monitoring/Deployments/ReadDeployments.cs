using Marten;
using Marten.Linq.MatchesSql;
using MlLifecycle.Monitoring.Alerts;
using MlLifecycle.Monitoring.References;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Monitoring.Deployments;

/// <param name="Windows">How many windows have been evaluated.</param>
/// <param name="OpenAlerts">The alerts that are open on it.</param>
public sealed record DeploymentView(
    Guid Id, string Name, string Model, int? ModelVersion, string? RunId, string Rollout, string Automation, string? RollbackTarget, double TrafficShare,
    string? RolloutReason, WindowPolicy Window, ReferenceSummary? Reference, IReadOnlyList<string> Rules, int Windows, IReadOnlyList<Guid> OpenAlerts,
    DateTimeOffset StartedAt, string StartedBy)
{
    public static DeploymentView Of(Deployment d) => new(
        d.Id, d.Name, d.Plan!.Model, d.Plan.ModelVersion, d.Plan.RunId, d.Plan.Rollout, d.Plan.Automation, d.Plan.RollbackTarget, d.TrafficShare,
        d.RolloutReason, new(d.Plan.WindowRows, d.Plan.WindowSeconds, d.Plan.WindowSeconds is null ? null : d.Plan.GraceSeconds), d.Reference,
        [.. d.Rules.Select(r => r.Name)], d.Windows, [.. d.Rules.Where(r => r.Open is not null).Select(r => r.Open!.Id)], d.StartedAt, d.StartedBy);
}

public static class ReadDeployments
{
    /// <summary>The project's deployments, by name.</summary>
    public static async Task<IResult> List(Caller caller, IQuerySession session, At at, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<string>(after, out var name) is { } refusal)
            return new Refused(refusal);
        var take = Cursor.Limit(limit);
        var query = session.Query<Deployment>().Where(d => d.ProjectId == caller.ProjectId && d.MatchesSql("d.data ->> 'name' > ?", name ?? ""));
        if (at.Time is { } time)
            query = query.Where(d => d.StartedAt <= time);
        var found = await query.OrderBy(d => d.Name).Take(take + 1).ToListAsync(ct);
        var page = Page.Of(found, take, d => d.Name);
        var items = new List<DeploymentView>(page.Items.Count);
        foreach (var d in page.Items)
            items.Add(DeploymentView.Of(at.Time is null ? d : await session.Past<Deployment>(d.Id, at, ct) ?? d));
        return TypedResults.Ok(new Page<DeploymentView>(items, page.Next));
    }

    public static async Task<IResult> One(string deployment, Caller caller, IQuerySession session, HttpContext http, At at, CancellationToken ct)
    {
        if (await Find(session, caller, deployment, at, ct) is not { } found)
            return new Refused(Deployment.Unknown(deployment));
        if (at.Time is null && await session.Events.FetchStreamStateAsync(found.Id, ct) is { } stream)
            http.Response.Headers.ETag = $"\"{stream.Version}\"";
        return TypedResults.Ok(DeploymentView.Of(found));
    }

    /// <summary>The deployment of that name or id in the caller's project, if it existed by then.</summary>
    public static async Task<Deployment?> Find(IQuerySession session, Caller caller, string nameOrId, At at, CancellationToken ct)
    {
        var found = await session.Past<Deployment>(IdOf(caller, nameOrId), at, ct);
        return found is { Started: true } && found.ProjectId == caller.ProjectId ? found : null;
    }

    /// <summary>Decides on the deployment of that name or id.</summary>
    public static async Task<IResult> Change(
        string nameOrId, Caller caller, IDocumentSession session, IfMatch ifMatch, Func<Deployment, Decision> decide, Func<Deployment, IResult> answer, CancellationToken ct,
        Action<IDocumentSession, Deployment>? alongside = null)
    {
        var outcome = await session.Decide<Deployment>(
            IdOf(caller, nameOrId), caller.Origin, d => d.Started && d.ProjectId == caller.ProjectId ? decide(d) : Deployment.Unknown(nameOrId), ct, ifMatch, alongside);
        return outcome.ToResult(answer);
    }

    private static Guid IdOf(Caller caller, string nameOrId) => Guid.TryParse(nameOrId, out var id) ? id : Ids.Deployment(caller.ProjectId, nameOrId);
}
