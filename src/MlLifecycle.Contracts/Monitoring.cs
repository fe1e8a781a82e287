namespace MlLifecycle.Contracts;

/// <summary>A model version went into production.</summary>
/// <param name="DeploymentId">The deployment's id.</param>
/// <param name="Deployment">Its name within the project.</param>
/// <param name="Model">The registered model's name.</param>
/// <param name="ModelVersion">The model version's number, when it is registered.</param>
/// <param name="RunId">The run that trained it, when known.</param>
/// <param name="Rollout"><c>shadow</c>, <c>canary</c>, <c>blue-green</c> or <c>all-at-once</c>.</param>
/// <param name="Automation"><c>human-only</c>, <c>shadow</c>, <c>ai-assistance</c>, <c>partial</c> or <c>full</c>.</param>
/// <param name="RollbackTarget">What traffic returns to when it fails; null when nobody has said.</param>
public sealed record DeploymentStarted(
    Guid DeploymentId, string Deployment, string Model, int? ModelVersion, string? RunId, string Rollout, string Automation, string? RollbackTarget)
    : IntegrationEvent;

/// <summary>A deployment takes another share of the traffic, or none.</summary>
/// <param name="DeploymentId">The deployment's id.</param>
/// <param name="Deployment">Its name.</param>
/// <param name="TrafficShare">From 0 to 1.</param>
/// <param name="Reason">Why.</param>
public sealed record RolloutChanged(Guid DeploymentId, string Deployment, double TrafficShare, string Reason) : IntegrationEvent;

/// <summary>A deployment has a reference profile to compare production with.</summary>
/// <param name="DeploymentId">The deployment's id.</param>
/// <param name="Deployment">Its name.</param>
/// <param name="Dataset">The dataset it was taken from, when it was one.</param>
/// <param name="DatasetVersion">The dataset version's number.</param>
/// <param name="Rows">Number of reference rows.</param>
/// <param name="Columns">The columns it describes.</param>
public sealed record ReferenceProfileSet(Guid DeploymentId, string Deployment, string? Dataset, int? DatasetVersion, long Rows, IReadOnlyList<string> Columns)
    : IntegrationEvent;

/// <summary>A metric of a deployment is watched by a rule from now on.</summary>
/// <param name="DeploymentId">The deployment's id.</param>
/// <param name="Deployment">Its name.</param>
/// <param name="Rule">The rule's name.</param>
/// <param name="Kind">The kind of metric: <c>input</c>, <c>output</c> or <c>software</c>.</param>
/// <param name="Metric">What it looks at, as in <c>drift:brightness</c> or <c>latencyMs:p95</c>.</param>
/// <param name="Threshold">Where it fires.</param>
public sealed record AlertRuleDefined(Guid DeploymentId, string Deployment, string Rule, string Kind, string Metric, double Threshold) : IntegrationEvent;

/// <summary>One column's drift in a window.</summary>
/// <param name="Column">The column.</param>
/// <param name="Method">As in <c>wasserstein</c>.</param>
/// <param name="Score">Its statistic, or its p value where the method tests one.</param>
/// <param name="Threshold">Where drift begins.</param>
public sealed record ColumnDrift(string Column, string Method, double Score, double Threshold);

/// <summary>In a window of production, columns have drifted from the reference.</summary>
/// <param name="DeploymentId">The deployment's id.</param>
/// <param name="Deployment">Its name.</param>
/// <param name="Window">The window's number within the deployment.</param>
/// <param name="From">Its start, UTC.</param>
/// <param name="To">Its end, UTC.</param>
/// <param name="Rows">Predictions in it.</param>
/// <param name="Drifted">The columns that drifted.</param>
/// <param name="Share">Drifted columns / all columns.</param>
public sealed record DriftDetected(
    Guid DeploymentId, string Deployment, int Window, DateTimeOffset From, DateTimeOffset To, long Rows, IReadOnlyList<ColumnDrift> Drifted, double Share)
    : IntegrationEvent;

/// <summary>A rule fired.</summary>
/// <param name="AlertId">The alert's id.</param>
/// <param name="DeploymentId">The deployment's id.</param>
/// <param name="Deployment">Its name.</param>
/// <param name="Rule">The rule's name.</param>
/// <param name="Metric">What it looks at.</param>
/// <param name="Window">The window in which it fired.</param>
/// <param name="Value">The figure in that window.</param>
/// <param name="Threshold">The rule's threshold.</param>
/// <param name="Severity"><c>warning</c> or <c>critical</c>.</param>
/// <param name="Summary">One sentence for people.</param>
public sealed record AlertRaised(
    Guid AlertId, Guid DeploymentId, string Deployment, string Rule, string Metric, int Window, double Value, double Threshold, string Severity, string Summary)
    : IntegrationEvent;

/// <summary>An alert is over.</summary>
/// <param name="AlertId">The alert's id.</param>
/// <param name="DeploymentId">The deployment's id.</param>
/// <param name="Deployment">Its name.</param>
/// <param name="Rule">The rule's name.</param>
/// <param name="How"><c>recovered</c> (the figure came back) or <c>resolved</c> (a person said so).</param>
/// <param name="Summary">One sentence for people.</param>
public sealed record AlertResolved(Guid AlertId, Guid DeploymentId, string Deployment, string Rule, string How, string Summary) : IntegrationEvent;
