using System.Collections.Immutable;
using MlLifecycle.Lifecycle.Facts;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>
/// Scoping to Data: the problem is stated, success is measurable, there is something to beat, and a plan. Scope carries over into every
/// iteration: it stands until it is restated.
/// </summary>
public static class ScopingGate
{
    public const string Problem = "problem";
    public const string MlMetric = "ml-metric";
    public const string SoftwareMetric = "software-metric";
    public const string BusinessMetric = "business-metric";
    public const string PrimaryBaseline = "primary-baseline";
    public const string Milestone = "milestone";

    public static ImmutableArray<Judged> Judge(ScopeFacts scope) =>
    [
        new(Problem, "The business problem is stated", Stated(scope)),
        new(MlMetric, "An ML metric with a target", Metric(scope, "ml", "an ML metric")),
        new(SoftwareMetric, "A software metric with a target", Metric(scope, "software", "a software metric")),
        new(BusinessMetric, "A business metric with a target", Metric(scope, "business", "a business metric")),
        new(PrimaryBaseline, "A baseline on the primary ML metric", Baseline(scope)),
        new(Milestone, "A milestone with resources and a timeline", Planned(scope)),
    ];

    private static Finding Stated(ScopeFacts scope) =>
        scope.Problem is { } stated ? Finding.Met(stated) : Finding.Missing("Nobody has stated the business problem.");

    private static Finding Metric(ScopeFacts scope, string kind, string article)
    {
        var known = scope.Metrics.FindAll(m => m.Kind == kind);
        return known.Where(m => m.Target is not null).OrderByDescending(m => m.Primary).ThenBy(m => m.Evidence.At).FirstOrDefault() is { } good
            ? Finding.Met(good.Evidence)
            : Finding.Missing(known.Count == 0 ? $"There is not yet {article}." : $"{Listed.Of(known.Select(m => m.Name))} has no target yet.");
    }

    private static Finding Baseline(ScopeFacts scope)
    {
        if (scope.Primary() is not { } primary)
        {
            return Finding.Missing(scope.Metrics.Exists(m => m.Kind == "ml")
                ? "There are several ML metrics and none is said to be the primary one."
                : "There is no ML metric yet that a baseline could be of.");
        }

        var baselines = scope.Baselines.Where(b => b.Metric == primary.Name).OrderBy(b => b.Evidence.At).ToList();
        return baselines.Count > 0
            ? Finding.Met(baselines[0].Evidence)
            : Finding.Missing($"No baseline is on {primary.Name}, the primary metric.");
    }

    private static Finding Planned(ScopeFacts scope) =>
        scope.Milestones.Where(m => m is { HasResources: true, Due: not null }).OrderBy(m => m.Evidence.At).FirstOrDefault() is { } planned
            ? Finding.Met(planned.Evidence)
            : Finding.Missing(scope.Milestones.Count == 0
                ? "There is no milestone yet."
                : $"{Listed.Of(scope.Milestones.Select(m => m.Name))} lacks its resources or the day it is due.");
}
