namespace MlLifecycle.Lifecycle.Gates;

/// <summary>How to meet what the gate of scoping lacks.</summary>
internal static class ScopingActions
{
    public static IEnumerable<NextAction> For(Standing standing, Requirement missing)
    {
        var ml = standing.Scope.Metrics.Find(m => m.Kind == "ml")?.Name ?? "accuracy";
        var primary = standing.Scope.Primary()?.Name ?? ml;
        var (action, method, path, body) = missing.Id switch
        {
            ScopingGate.Problem => (
                "State the business problem", "PUT", "problem",
                (object)new { statement = "what is to get better, and for whom", businessValue = "why it is worth it" }),
            ScopingGate.MlMetric => ("Name the primary ML metric and its target", "POST", "metrics", Primary(ml)),
            ScopingGate.SoftwareMetric => ("Name a software metric and its target", "POST", "metrics", Metric("latency-p95", "software", "ms", "lower", 100)),
            ScopingGate.BusinessMetric => ("Name a business metric and its target", "POST", "metrics", Metric("returns", "business", "ratio", "lower", 0.05)),
            ScopingGate.PrimaryBaseline when standing.Scope.Primary() is null => ("Name the primary ML metric and its target", "POST", "metrics", Primary(ml)),
            ScopingGate.PrimaryBaseline => (
                $"Record a baseline on {primary}", "POST", "baselines",
                new { name = "people", kind = "human-level", metric = primary, value = 0.8, source = "where the figure is from" }),
            _ => (
                "Plan a milestone with resources and a day", "POST", "milestones",
                new { name = "first release", due = "2030-01-31", resources = "who and what it needs", targets = new[] { new { metric = primary, value = 0.9 } } }),
        };
        yield return new(action, missing.Why, Stage.Scoping, missing.Id, new(method, standing.Path(path), body));
    }

    public static object Primary(string name) => new { name, kind = "ml", unit = "ratio", direction = "higher", target = 0.9, primary = true };

    private static object Metric(string name, string kind, string unit, string direction, double target) => new { name, kind, unit, direction, target };
}
