namespace MlLifecycle.Lifecycle.Gates;

/// <summary>How to meet what the gate of modeling lacks.</summary>
internal static class ModelingActions
{
    public static IEnumerable<NextAction> For(Standing standing, Requirement missing, DateTimeOffset now)
    {
        var run = ModelingGate.Candidate(
            standing.Models, standing.Scope, standing.Data, standing.RenewedAt(Stage.Modeling), standing.Waived(Stage.Modeling, now));
        var train = new ApiCall("POST", $"/mlflow/{standing.Project}/api/2.0/mlflow/runs/create", new { experiment_id = "0" });
        if (run is null)
            return [Do("Train a model and log the run", train)];
        if (missing.Id == ModelingGate.Run)
            return [Do("Log a run with all that makes it repeatable", train)];
        var primary = standing.Scope.Primary();
        if (missing.Id is ModelingGate.Target or ModelingGate.Baselines && primary?.Target is null)
            return [Do("Name the primary ML metric and its target", new("POST", standing.Path("metrics"), ScopingActions.Primary(primary?.Name ?? "accuracy")))];

        if (standing.Models.EvaluationOf(run.Id) is not { } evaluation)
        {
            return [Do(
                $"Upload the predictions of run {run.Name} for error analysis",
                new("POST", standing.Path($"evaluations?run={run.Id}&name={Uri.EscapeDataString(run.Name)}")))];
        }

        var table = standing.Path($"evaluations/{evaluation.Id}");
        return missing.Id == ModelingGate.HighPriorityTags
            ? standing.Models.Tags.Where(t => t is { High: true, Open: true }).Select(t => Do(
                $"Work on tag {t.Tag}, then close it",
                new("PUT", $"{table}/tags/{Uri.EscapeDataString(t.Tag)}", new { open = false, notes = "what was done" })))
            : [Do("Work on the tag with the most to gain, then train again", new("GET", $"{table}/priorities"))];

        NextAction Do(string action, ApiCall call) => new(action, missing.Why, Stage.Modeling, missing.Id, call);
    }
}
