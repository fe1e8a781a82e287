namespace MlLifecycle.Portal.Console.Reads;

// What Monitoring answers, as far as the pages show it.

public sealed record ReferenceColumn(string Name, string Type);

public sealed record ReferenceProfile(string? Dataset, int? Version, long Rows, IReadOnlyList<ReferenceColumn> Columns);

public sealed record WindowPolicy(int? Rows, int? Seconds);

public sealed record Deployment(
    Guid Id, string Name, string Model, int? ModelVersion, string? RunId, string Rollout, string Automation, string? RollbackTarget, double TrafficShare, string? RolloutReason,
    WindowPolicy Window, ReferenceProfile? Reference, IReadOnlyList<string> Rules, int Windows, IReadOnlyList<Guid> OpenAlerts, DateTimeOffset StartedAt, string StartedBy);

public sealed record InputFigures(string Column, double MissingShare, double? Mean);

public sealed record OutputCount(string Prediction, long Count, double Share);

public sealed record OutputFigures(double NullShare, IReadOnlyList<OutputCount> Distribution, int Different, double? ScoreMean);

public sealed record LatencyFigures(double P50, double P95, double P99);

public sealed record Window(
    int Number, DateTimeOffset From, DateTimeOffset To, long Rows, IReadOnlyList<InputFigures> Input, OutputFigures Output, LatencyFigures? LatencyMs, double? DriftShare,
    bool DatasetDrift);

public sealed record ColumnDriftLine(
    string Column, string? Method, double? Statistic, double? P, double? Threshold, bool Drifted, double? Psi, double Missing, double? ReferenceMean, double? Mean, string? Note)
{
    /// <summary>What is held against the threshold: the p value of a test, else the distance.</summary>
    public double? Score => P ?? Statistic;
}

public sealed record WindowDrift(int Window, DateTimeOffset From, DateTimeOffset To, long Rows, double? DriftShare, bool DatasetDrift, IReadOnlyList<ColumnDriftLine> Columns, string? Note);

public sealed record WindowPerformance(int Window, long Rows, long Labelled, double? Accuracy, double? MeanAbsoluteError);

public sealed record AlertRule(
    string Name, string Deployment, string Kind, string Metric, double Threshold, string Direction, string Severity, int For, Guid? OpenAlert, DateTimeOffset DefinedAt, string DefinedBy);

public sealed record Alert(
    Guid Id, string Status, string Deployment, string Rule, string Kind, string Metric, int Window, double Value, double Threshold, string Severity, string Summary, Guid EventId,
    DateTimeOffset RaisedAt, DateTimeOffset? AcknowledgedAt, string? AcknowledgedBy, DateTimeOffset? EndedAt, string? EndedBy, string? Note)
{
    public bool Open => Status is "open" or "acknowledged";
}
