using static MlLifecycle.Lifecycle.Gates.NextActions;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>How to meet what the gate of modeling lacks.</summary>
internal static class ModelingActions
{
    public static IEnumerable<NextAction> For(Standing standing, Requirement missing, DateTimeOffset now)
    {
        NextAction Do(string action, ApiCall? call = null) => new(action, missing.Why, Stage.Modeling, missing.Id, call);

        var run = ModelingGate.Candidate(
            standing.Models, standing.Scope, standing.Data, standing.RenewedAt(Stage.Modeling), standing.Waived(Stage.Modeling, now));
        var evaluation = run is null ? null : standing.Models.EvaluationOf(run.Id);
        if (run is null)
        {
            yield return Do("Train a model and log the run", new("POST", $"/mlflow/{standing.Project}/api/2.0/mlflow/runs/create", new { experiment_id = "0" }));
            yield break;
        }

        switch (missing.Id)
        {
            case ModelingGate.Run:
                yield return Do("Log a run with all that makes it repeatable", new("POST", $"/mlflow/{standing.Project}/api/2.0/mlflow/runs/create", new { experiment_id = "0" }));
                break;
            case ModelingGate.ErrorAnalysis:
                yield return Do($"Upload the predictions of run {run.Name} for error analysis", new("POST", Path(standing, $"evaluations?run={run.Id}&name={Uri.EscapeDataString(run.Name)}")));
                break;
            case ModelingGate.HighPriorityTags when evaluation is not null:
                foreach (var tag in standing.Models.Tags.Where(t => t is { High: true, Open: true }))
                    yield return Do($"Work on tag {tag.Tag}, then close it", new("PUT", Path(standing, $"evaluations/{evaluation.Id}/tags/{Uri.EscapeDataString(tag.Tag)}"), new { open = false, notes = "what was done" }));
                break;
            case ModelingGate.HighPriorityTags:
                yield return Do($"Upload the predictions of run {run.Name} for error analysis", new("POST", Path(standing, $"evaluations?run={run.Id}&name={Uri.EscapeDataString(run.Name)}")));
                break;
            case ModelingGate.Target or ModelingGate.Baselines when standing.Scope.Primary() is null or { Target: null }:
                yield return Do("Name the primary ML metric and its target", new("POST", Path(standing, "metrics"), new { name = "accuracy", kind = "ml", unit = "ratio", direction = "higher", target = 0.9, primary = true }));
                break;
            case ModelingGate.Target or ModelingGate.Baselines when evaluation is not null:
                yield return Do("Work on the tag with the most to gain, then train again", new("GET", Path(standing, $"evaluations/{evaluation.Id}/priorities")));
                break;
            default:
                yield return Do($"Upload the predictions of run {run.Name} for error analysis", new("POST", Path(standing, $"evaluations?run={run.Id}&name={Uri.EscapeDataString(run.Name)}")));
                break;
        }
    }
}
