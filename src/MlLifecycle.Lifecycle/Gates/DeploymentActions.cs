namespace MlLifecycle.Lifecycle.Gates;

/// <summary>How to meet what the gate of deployment lacks.</summary>
internal static class DeploymentActions
{
    public static IEnumerable<NextAction> For(Standing standing, Requirement missing, DateTimeOffset now)
    {
        var name = DeploymentGate.Candidate(standing.Production, standing.RenewedAt(Stage.Deployment), standing.Waived(Stage.Deployment, now))?.Name;
        yield return missing.Id switch
        {
            _ when name is null || missing.Id == DeploymentGate.Deployment => Do(
                "Deploy the model with a rollout pattern and a way back", "POST", "deployments",
                // A deployment's name is taken for good: a new rollout has a new one.
                new
                {
                    name = $"production-{standing.Production.Deployments.Count + 1}",
                    model = "the registered model",
                    modelVersion = 1,
                    rollout = "canary",
                    trafficShare = 0.1,
                    rollbackTarget = "what served before",
                }),
            DeploymentGate.InputWatched => Watch("what goes into", "input drift", "drift:share", 0.5),
            DeploymentGate.OutputWatched => Watch("what comes out of", "nulls returned", "nullShare", 0.01),
            DeploymentGate.SoftwareWatched => Watch("how fast answers come from", "slow answers", "latencyMs:p95", 100),
            _ => Do(
                $"Set the reference profile of {name}", "PUT", $"deployments/{Uri.EscapeDataString(name)}/reference",
                new { dataset = standing.Data.Versions.LastOrDefault()?.Dataset, version = standing.Data.Versions.LastOrDefault()?.Number }),
        };

        NextAction Watch(string what, string rule, string metric, double threshold) =>
            Do($"Watch {what} {name}", "POST", "alert-rules", new { name = $"{name}: {rule}", deployment = name, metric, threshold });

        NextAction Do(string action, string method, string path, object body) =>
            new(action, missing.Why, Stage.Deployment, missing.Id, new(method, standing.Path(path), body));
    }
}
