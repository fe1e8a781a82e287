using Marten;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Monitoring.Alerts;

/// <summary>An alert in the read model.</summary>
/// <param name="EventId">The event that raised it.</param>
public sealed record Alert(Guid Id, Guid ProjectId, Guid DeploymentId, Guid EventId, AlertFacts Facts, DateTimeOffset RaisedAt)
{
    public AlertAcknowledged? Acknowledged { get; init; }

    public AlertEnded? Ended { get; init; }

    /// <summary>For queries.</summary>
    public bool Open => Ended is null;
}

/// <param name="Status"><c>open</c>, <c>acknowledged</c>, <c>recovered</c> or <c>resolved</c>.</param>
/// <param name="EventId">The event that raised it, as the timeline knows it.</param>
public sealed record AlertView(
    Guid Id, string Status, string Deployment, string Rule, string Kind, string Metric, int Window, double Value, double Threshold, string Severity, string Summary,
    Guid EventId, DateTimeOffset RaisedAt, DateTimeOffset? AcknowledgedAt, string? AcknowledgedBy, DateTimeOffset? EndedAt, string? EndedBy, string? Note)
{
    public static AlertView Of(Alert alert, At at)
    {
        var f = alert.Facts;
        var acknowledged = alert.Acknowledged is { } a && !(a.At > at.Time) ? a : null;
        var ended = alert.Ended is { } e && !(e.At > at.Time) ? e : null;
        return new(
            alert.Id, ended?.How ?? (acknowledged is null ? "open" : "acknowledged"), f.Deployment, f.Rule, f.Kind, f.Metric, f.Window, f.Value, f.Threshold, f.Severity,
            f.Summary, alert.EventId, alert.RaisedAt, acknowledged?.At, acknowledged?.By, ended?.At, ended?.By, ended?.Note ?? acknowledged?.Note);
    }
}

public static class ReadAlerts
{
    /// <summary>The project's alerts, newest first.</summary>
    public static async Task<IResult> List(
        Caller caller, IQuerySession session, At at, string? deployment, string? status, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<Place>(after, out var place) is { } badCursor)
            return new Refused(badCursor);
        if (Fields.OneOf("status", status, ["open", "over"], required: false) is { } refusal)
            return new Refused(refusal);
        var take = Cursor.Limit(limit);
        var query = session.Query<Alert>().Where(a => a.ProjectId == caller.ProjectId);
        if (deployment is not null)
            query = query.Where(a => a.Facts.Deployment == deployment);
        if (at.Time is { } time)
        {
            query = query.Where(a => a.RaisedAt <= time);
            query = status switch
            {
                "open" => query.Where(a => a.Ended == null || a.Ended.At > time),
                "over" => query.Where(a => a.Ended != null && a.Ended.At <= time),
                _ => query,
            };
        }
        else if (status is not null)
        {
            var open = status == "open";
            query = query.Where(a => a.Open == open);
        }

        if (place is not null)
            query = query.Where(a => a.RaisedAt < place.At || (a.RaisedAt == place.At && a.Id < place.Id));
        var found = await query.OrderByDescending(a => a.RaisedAt).ThenByDescending(a => a.Id).Take(take + 1).ToListAsync(ct);
        var page = Page.Of(found, take, a => new Place(a.RaisedAt, a.Id));
        return TypedResults.Ok(new Page<AlertView>([.. page.Items.Select(a => AlertView.Of(a, at))], page.Next));
    }

    public static async Task<IResult> One(Guid alert, Caller caller, IQuerySession session, At at, CancellationToken ct)
    {
        var found = await session.LoadAsync<Alert>(alert, ct);
        return found is null || found.ProjectId != caller.ProjectId || found.RaisedAt > at.Time ? new Refused(Unknown()) : TypedResults.Ok(AlertView.Of(found, at));
    }

    public static Refusal Unknown() => new(404, "alert-unknown", "This project has no such alert. GET …/alerts lists those it has.");

    private sealed record Place(DateTimeOffset At, Guid Id);
}
