using MlLifecycle.Monitoring.Drift;
using MlLifecycle.Monitoring.Windows;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Monitoring.Alerts;

/// <summary>A figure of a window that a rule can watch, as people write it: <c>drift:brightness</c>, <c>latencyMs:p95</c>, <c>nullShare</c>.</summary>
/// <param name="Name">Before the colon.</param>
/// <param name="Of">Behind it: a column, a class or a quantile; null when there is none.</param>
public sealed record WatchMetric(string Name, string? Of)
{
    private static readonly string[] Quantiles = ["p50", "p95", "p99", "mean", "max"];

    /// <summary>What can be written, for people.</summary>
    public const string Known =
        "drift:<column>, drift:share, psi:<column>, missing:<column>, mean:<column>, nullShare, prediction:<class>, latencyMs:p50|p95|p99|mean|max, throughput, rows";

    /// <summary>Whether it is the drift of one column, whose threshold and direction depend on the method that compared it.</summary>
    public bool IsColumnDrift => Name == "drift" && Of != "share";

    /// <summary>Whether it comes of comparing with the reference.</summary>
    public bool IsDrift => Name is "drift" or "psi";

    /// <summary>The kinds it can be of, the usual one first.</summary>
    public IReadOnlyList<string> Kinds => Name switch
    {
        "nullShare" or "prediction" => ["output"],
        "latencyMs" => ["software"],
        "throughput" or "rows" => ["software", "input"],
        _ when Of is "prediction" or "score" => ["output"],
        _ when this is { Name: "drift", Of: "share" } => ["input", "output"],
        _ => ["input"],
    };

    public static WatchMetric? Parse(string text, out Refusal? refusal)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var metric = colon < 0 ? new WatchMetric(text, null) : new(text[..colon], text[(colon + 1)..]);
        refusal = metric switch
        {
            { Name: "nullShare" or "throughput" or "rows", Of: null } => null,
            { Name: "drift" or "psi" or "missing" or "mean" or "prediction", Of.Length: > 0 and <= 200 } => null,
            { Name: "latencyMs", Of: { } quantile } when Quantiles.Contains(quantile) => null,
            _ => Decision.InvalidInput("metric", $"'{(text.Length > 60 ? text[..60] + "…" : text)}' is no figure of a window; it can be {Known}."),
        };
        return refusal is null ? metric : null;
    }

    /// <summary>The figure in a window; null when the window does not have it.</summary>
    public double? Figure(WindowReport window) => (Name, Of) switch
    {
        ("drift", "share") => window.DriftShare,
        ("drift", { } column) => Comparison(window, column)?.Score,
        ("psi", { } column) => Comparison(window, column)?.Psi,
        ("missing", { } column) => window.Input.FirstOrDefault(c => c.Column == column)?.MissingShare,
        ("mean", "score") => window.Output.ScoreMean,
        ("mean", { } column) => window.Input.FirstOrDefault(c => c.Column == column)?.Mean,
        ("nullShare", _) => window.Output.NullShare,
        ("prediction", { } name) => window.Output.Distribution.FirstOrDefault(c => c.Prediction == name)?.Share ?? 0,
        ("latencyMs", "p50") => window.LatencyMs?.P50,
        ("latencyMs", "p95") => window.LatencyMs?.P95,
        ("latencyMs", "p99") => window.LatencyMs?.P99,
        ("latencyMs", "mean") => window.LatencyMs?.Mean,
        ("latencyMs", "max") => window.LatencyMs?.Max,
        ("throughput", _) => window.Throughput,
        ("rows", _) => window.Rows,
        _ => null,
    };

    public ColumnComparison? Comparison(WindowReport window, string column) => window.Drift.FirstOrDefault(c => c.Column == column && c.Method is not null);
}
