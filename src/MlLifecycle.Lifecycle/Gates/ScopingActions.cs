using static MlLifecycle.Lifecycle.Gates.NextActions;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>How to meet what the gate of scoping lacks.</summary>
internal static class ScopingActions
{
    public static IEnumerable<NextAction> For(Standing standing, Requirement missing)
    {
        NextAction Do(string action, string method, string path, object body) =>
            new(action, missing.Why, Stage.Scoping, missing.Id, new(method, Path(standing, path), body));

        var primary = standing.Scope.Primary()?.Name ?? "accuracy";
        yield return missing.Id switch
        {
            ScopingGate.Problem => Do("State the business problem", "PUT", "problem", new { statement = "what is to get better, and for whom", businessValue = "why it is worth it" }),
            ScopingGate.MlMetric => Do("Name the primary ML metric and its target", "POST", "metrics", Metric("accuracy", "ml", "ratio", "higher", 0.9, primary: true)),
            ScopingGate.SoftwareMetric => Do("Name a software metric and its target", "POST", "metrics", Metric("latency-p95", "software", "ms", "lower", 100)),
            ScopingGate.BusinessMetric => Do("Name a business metric and its target", "POST", "metrics", Metric("returns", "business", "ratio", "lower", 0.05)),
            ScopingGate.PrimaryBaseline when standing.Scope.Primary() is null && standing.Scope.Metrics.Exists(m => m.Kind == "ml") =>
                Do("Say which ML metric is the primary one", "POST", "metrics", Metric(standing.Scope.Metrics.Find(m => m.Kind == "ml")!.Name, "ml", "ratio", "higher", 0.9, primary: true)),
            ScopingGate.PrimaryBaseline => Do($"Record a baseline on {primary}", "POST", "baselines", new { name = "people", kind = "human-level", metric = primary, value = 0.8, source = "where the figure is from" }),
            _ => Do("Plan a milestone with resources and a day", "POST", "milestones", new { name = "first release", due = "2030-01-31", resources = "who and what it needs", targets = new[] { new { metric = primary, value = 0.9 } } }),
        };
    }

    private static object Metric(string name, string kind, string unit, string direction, double target, bool primary = false) =>
        new { name, kind, unit, direction, target, primary };
}
