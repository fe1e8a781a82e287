using System.Text.Json.Serialization;
using MlLifecycle.Monitoring.Drift;

namespace MlLifecycle.Monitoring.Windows;

/// <summary>Where a window is among those of its deployment: spans of time in order, and within a span parts in order.</summary>
public sealed record WindowPlace(long Span, int Part)
{
    /// <summary>Whether it comes after another one; every place comes after none.</summary>
    public bool IsAfter(WindowPlace? other) => other is null || (Span, Part).CompareTo((other.Span, other.Part)) > 0;
}

/// <summary>A feature as a window has it.</summary>
/// <param name="Column">Its name.</param>
/// <param name="MissingShare">Share of the rows without a usable value.</param>
/// <param name="Mean">Mean, deviation, least and greatest of its numbers.</param>
/// <param name="Different">How many different values a column that is no number has.</param>
public sealed record ColumnFigures(string Column, double MissingShare, double? Mean, double? Deviation, double? Least, double? Greatest, int? Different);

/// <summary>How often a class was predicted.</summary>
public sealed record OutputCount(string Prediction, long Count, double Share);

/// <summary>What came out.</summary>
/// <param name="NullShare">Share of the predictions that are null.</param>
/// <param name="Distribution">The most frequent classes, at most 50.</param>
public sealed record OutputFigures(double NullShare, IReadOnlyList<OutputCount> Distribution, int Different, double? ScoreMean);

/// <summary>How fast answers came, in milliseconds, of the predictions that say so; quantiles are interpolated linearly.</summary>
public sealed record LatencyFigures(long Measured, double P50, double P95, double P99, double Mean, double Max);

/// <summary>A closed window and all its figures.</summary>
/// <param name="Number">Counted from 1 within the deployment.</param>
/// <param name="ClosedBy"><c>rows</c> when it was full, <c>time</c> when its span was over.</param>
/// <param name="From">Its first prediction; the beginning of its span when it is one.</param>
/// <param name="To">Its last prediction; the end of its span when it is one.</param>
/// <param name="Throughput">Predictions per second; null when it has no length.</param>
/// <param name="Reference">The reference it was compared with; null when there was none.</param>
/// <param name="DriftShare">Drifted columns / compared columns.</param>
/// <param name="DatasetDrift">Whether at least half of the compared columns drifted.</param>
public sealed record WindowReport(
    int Number, WindowPlace Place, string ClosedBy, DateTimeOffset From, DateTimeOffset To, long Rows, IReadOnlyList<ColumnFigures> Input,
    OutputFigures Output, LatencyFigures? LatencyMs, double? Throughput, Guid? Reference, IReadOnlyList<ColumnComparison> Drift, double? DriftShare, bool DatasetDrift)
{
    [JsonIgnore]
    public IEnumerable<ColumnComparison> Drifted => Drift.Where(c => c.Drifted);
}

/// <summary>A window in the read model.</summary>
public sealed record ClosedWindow(Guid Id, Guid DeploymentId, int Number, DateTimeOffset ClosedAt, WindowReport Report);
