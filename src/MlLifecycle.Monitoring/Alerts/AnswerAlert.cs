using Marten;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Monitoring.Alerts;

/// <summary>What a person says to an alert.</summary>
public sealed record AnswerAlert(string? Note = null);

/// <summary>Somebody has seen the alert and deals with it; it stays open.</summary>
public sealed record AlertAcknowledged(Guid DeploymentId, Guid AlertId, string? Note, DateTimeOffset At, string By);

public static class AcknowledgeAlertSlice
{
    public static Decision Decide(Deployment deployment, Guid alert, AnswerAlert answer, DateTimeOffset now, string actor) =>
        Fields.Text("note", answer.Note, 2000, required: false) is { } refusal ? refusal
        : deployment.Rules.Find(r => r.Open?.Id == alert) is not { } rule
            ? Refuse(409, "alert-over", "The alert is over: there is nothing left to acknowledge.")
        : rule.Open!.Acknowledged ? Nothing
        : Accept(new AlertAcknowledged(deployment.Id, alert, answer.Note, now, actor));

    public static Task<IResult> Handle(Guid alert, HttpRequest request, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken ct) =>
        Alerts.Answer(alert, request, caller, session, (d, answer) => Decide(d, alert, answer, clock.GetUtcNow(), caller.Actor), ct);
}

public static class ResolveAlertSlice
{
    public static Decision Decide(Deployment deployment, Guid alert, AnswerAlert answer, DateTimeOffset now, string actor) =>
        Fields.Text("note", answer.Note, 2000, required: false) is { } refusal ? refusal
        : deployment.Rules.Find(r => r.Open?.Id == alert) is not { } rule ? Nothing // it is over
        : Accept(new AlertEnded(
            alert, deployment.Id, deployment.Name, rule.Name, "resolved", $"{actor} resolved it{(answer.Note is { } note ? $": {note}" : ".")}", answer.Note, now, actor));

    public static Task<IResult> Handle(Guid alert, HttpRequest request, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken ct) =>
        Alerts.Answer(alert, request, caller, session, (d, answer) => Decide(d, alert, answer, clock.GetUtcNow(), caller.Actor), ct);
}

/// <summary>How people answer alerts.</summary>
internal static class Alerts
{
    public static async Task<IResult> Answer(
        Guid id, HttpRequest request, Caller caller, IDocumentSession session, Func<Deployment, AnswerAlert, Decision> decide, CancellationToken ct)
    {
        var answer = request.ContentLength is null or > 0 && request.HasJsonContentType() ? await request.ReadFromJsonAsync<AnswerAlert>(ct) : null;
        var alert = await session.LoadAsync<Alert>(id, ct);
        if (alert is null || alert.ProjectId != caller.ProjectId)
            return new Refused(ReadAlerts.Unknown());
        // What people do about an alert was caused by it.
        var outcome = await session.Decide<Deployment>(
            alert.DeploymentId, caller.Origin with { CausationId = alert.EventId.ToString() }, d => decide(d, answer ?? new()), ct);
        if (outcome.Refusal is not null)
            return new Refused(outcome.Refusal);
        return TypedResults.Ok(AlertView.Of((await session.LoadAsync<Alert>(id, ct))!, default));
    }
}
