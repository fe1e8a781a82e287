using static MlLifecycle.Lifecycle.Gates.NextActions;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>How to meet what the gate of deployment lacks.</summary>
internal static class DeploymentActions
{
    public static IEnumerable<NextAction> For(Standing standing, Requirement missing, DateTimeOffset now)
    {
        NextAction Do(string action, string method, string path, object? body) => new(action, missing.Why, Stage.Deployment, missing.Id, new(method, Path(standing, path), body));

        var deployment = DeploymentGate.Candidate(
            standing.Production, standing.RenewedAt(Stage.Deployment), standing.Waived(Stage.Deployment, now))?.Name;
        yield return missing.Id switch
        {
            _ when deployment is null || missing.Id == DeploymentGate.Deployment =>
                Do("Deploy the model with a rollout pattern and a way back", "POST", "deployments", new { name = deployment ?? "production", model = "the registered model", modelVersion = 1, rollout = "canary", trafficShare = 0.1, rollbackTarget = "what served before" }),
            DeploymentGate.InputWatched => Do($"Watch what goes into {deployment}", "POST", "alert-rules", new { name = "input drift", deployment, metric = "drift:share", above = 0.5 }),
            DeploymentGate.OutputWatched => Do($"Watch what comes out of {deployment}", "POST", "alert-rules", new { name = "nulls returned", deployment, metric = "null-rate", above = 0.01 }),
            DeploymentGate.SoftwareWatched => Do($"Watch how fast {deployment} answers", "POST", "alert-rules", new { name = "slow answers", deployment, metric = "latencyMs:p95", above = 100 }),
            _ => Do($"Set the reference profile of {deployment}", "PUT", $"deployments/{deployment}/reference", new { dataset = standing.Data.Versions.LastOrDefault()?.Dataset, version = standing.Data.Versions.LastOrDefault()?.Number }),
        };
    }
}
