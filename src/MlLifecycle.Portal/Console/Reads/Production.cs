namespace MlLifecycle.Portal.Console.Reads;

// What Monitoring answers, as far as the pages show it.

public sealed record ReferenceSummary(string? Dataset, int? Version, long Rows, IReadOnlyList<string>? Columns);

public sealed record Deployment(
    Guid Id, string Name, string Model, int? ModelVersion, string? RunId, string Rollout, string Automation, string? RollbackTarget, double TrafficShare, string? RolloutReason,
    ReferenceSummary? Reference, IReadOnlyList<string> Rules, int Windows, IReadOnlyList<Guid> OpenAlerts, DateTimeOffset StartedAt, string StartedBy);

public sealed record Alert(
    Guid Id, string Deployment, string Rule, string Metric, int Window, double Value, double Threshold, string Severity, string Summary, string Status, DateTimeOffset RaisedAt)
{
    public bool Open => Status != "resolved";
}
