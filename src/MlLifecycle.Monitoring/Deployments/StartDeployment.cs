using Marten;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Monitoring.Deployments;

/// <summary>Puts a model into production under a name that is taken for good.</summary>
/// <param name="Name">Its name in the project.</param>
/// <param name="Model">The registered model's name.</param>
/// <param name="ModelVersion">The model version's number, when it is registered.</param>
/// <param name="RunId">The run that trained it.</param>
/// <param name="Rollout"><c>shadow</c>, <c>canary</c>, <c>blue-green</c> or <c>all-at-once</c>.</param>
/// <param name="Automation"><c>human-only</c>, <c>shadow</c>, <c>ai-assistance</c>, <c>partial</c> or <c>full</c>; without one, <c>shadow</c> for a shadow rollout, else <c>full</c>.</param>
/// <param name="RollbackTarget">What traffic returns to when it fails.</param>
/// <param name="TrafficShare">From 0 to 1; without one, 0 for shadow and blue-green, 0.1 for canary, else 1.</param>
/// <param name="Window">When a window of its predictions is complete; without one, every 500 predictions.</param>
public sealed record StartDeployment(
    string Name,
    string Model,
    string Rollout,
    int? ModelVersion = null,
    string? RunId = null,
    string? Automation = null,
    string? RollbackTarget = null,
    double? TrafficShare = null,
    WindowPolicy? Window = null);

/// <summary>When a window is complete: after so many predictions, at the end of a span of time, or at whichever comes first.</summary>
/// <param name="Rows">Predictions in a full window.</param>
/// <param name="Seconds">The span, counted from 1970 on: 3600 makes every full hour the end of a window.</param>
/// <param name="GraceSeconds">How long after the end of a span predictions of it are still taken in.</param>
public sealed record WindowPolicy(int? Rows = null, int? Seconds = null, int? GraceSeconds = null);

/// <summary>A deployment as it was decided, with nothing left open.</summary>
public sealed record DeploymentPlan(
    string Name,
    string Model,
    int? ModelVersion,
    string? RunId,
    string Rollout,
    string Automation,
    string? RollbackTarget,
    double TrafficShare,
    int WindowRows,
    int? WindowSeconds,
    int GraceSeconds);

public sealed record DeploymentOpened(Guid ProjectId, string Project, DeploymentPlan Plan, DateTimeOffset At, string By);

public static class StartDeploymentSlice
{
    public const int UsualRows = 500;
    public const int MostRows = 100_000;
    public const int UsualGrace = 60;
    private const int LongestSpan = 366 * 86_400;

    public static readonly string[] Rollouts = ["shadow", "canary", "blue-green", "all-at-once"];
    public static readonly string[] Automations = ["human-only", "shadow", "ai-assistance", "partial", "full"];

    public static Decision Decide(Deployment deployment, Guid projectId, string project, StartDeployment start, DateTimeOffset now, string actor)
    {
        if (Check(start) is { } refusal)
            return refusal;
        var plan = Plan(start);
        if (!deployment.Started)
            return Accept(new DeploymentOpened(projectId, project, plan, now, actor));
        return deployment.Plan == plan
            ? Nothing // a retry
            : Refuse(409, "deployment-exists", $"There is a deployment '{start.Name}' of {deployment.Plan!.Model} with other settings. A deployment's name is taken for good: choose another one, or move its rollout.");
    }

    public static async Task<IResult> Handle(StartDeployment command, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken ct)
    {
        var id = Ids.Deployment(caller.ProjectId, command.Name ?? "");
        var outcome = await session.Decide<Deployment>(id, caller.Origin, d => Decide(d, caller.ProjectId, caller.Project, command, clock.GetUtcNow(), caller.Actor), ct);
        return outcome.ToResult(d => TypedResults.Created($"/api/projects/{caller.Project}/deployments/{Uri.EscapeDataString(d.Name)}", DeploymentView.Of(d)));
    }

    private static DeploymentPlan Plan(StartDeployment s) => new(
        s.Name,
        s.Model,
        s.ModelVersion,
        s.RunId,
        s.Rollout,
        s.Automation ?? (s.Rollout == "shadow" ? "shadow" : "full"),
        s.RollbackTarget,
        s.TrafficShare ?? s.Rollout switch { "canary" => 0.1, "all-at-once" => 1, _ => 0 },
        s.Window?.Rows ?? (s.Window?.Seconds is null ? UsualRows : MostRows),
        s.Window?.Seconds,
        s.Window?.GraceSeconds ?? UsualGrace);

    private static Refusal? Check(StartDeployment s) => Fields.First(
        Fields.Name("name", s.Name),
        Fields.Text("model", s.Model, 200),
        s.ModelVersion < 1 ? InvalidInput("modelVersion", "must be the number of a model version, counted from 1.") : null,
        Fields.Text("runId", s.RunId, 200, required: false),
        Fields.OneOf("rollout", s.Rollout, Rollouts),
        Fields.OneOf("automation", s.Automation, Automations, required: false),
        Fields.Text("rollbackTarget", s.RollbackTarget, 200, required: false),
        Fields.Between("trafficShare", s.TrafficShare, 0, 1),
        s is { Rollout: "shadow", TrafficShare: > 0 } ? InvalidInput("trafficShare", "must be 0 in a shadow rollout: its answers reach nobody.") : null,
        Fields.Between("window.rows", s.Window?.Rows, 10, MostRows),
        Fields.Between("window.seconds", s.Window?.Seconds, 1, LongestSpan),
        Fields.Between("window.graceSeconds", s.Window?.GraceSeconds, 1, LongestSpan),
        s.Window is { GraceSeconds: not null, Seconds: null } ? InvalidInput("window.graceSeconds", "is for windows of time: give window.seconds too.") : null);
}
