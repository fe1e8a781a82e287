using Marten;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Monitoring.Deployments;

/// <summary>Gives a deployment another share of the traffic, or none: a canary that grows, a switch to green, a rollback.</summary>
public sealed record MoveRollout(double TrafficShare, string Reason);

public sealed record RolloutMoved(Guid DeploymentId, string Deployment, double TrafficShare, string Reason);

public static class MoveRolloutSlice
{
    public static Decision Decide(Deployment deployment, MoveRollout move) =>
        Fields.First(Fields.Between("trafficShare", move.TrafficShare, 0, 1), Fields.Text("reason", move.Reason, 1000)) is { } refusal ? refusal
        : deployment.Plan!.Rollout == "shadow" && move.TrafficShare > 0
            ? Refuse(409, "shadow-takes-no-traffic", "The answers of a shadow deployment reach nobody. Start another deployment of the model with a rollout that takes traffic.")
        : deployment.TrafficShare == move.TrafficShare && (deployment.RolloutReason ?? move.Reason) == move.Reason ? Nothing
        : Accept(new RolloutMoved(deployment.Id, deployment.Name, move.TrafficShare, move.Reason));

    public static Task<IResult> Handle(
        string deployment, MoveRollout command, Caller caller, IDocumentSession session, IfMatch ifMatch, CancellationToken ct) =>
        ReadDeployments.Change(deployment, caller, session, ifMatch, d => Decide(d, command), d => TypedResults.Ok(DeploymentView.Of(d)), ct);
}
