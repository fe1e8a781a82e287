using MlLifecycle.Monitoring.Windows;
using static System.FormattableString;

namespace MlLifecycle.Monitoring.Alerts;

/// <summary>An alert as it was raised.</summary>
public sealed record AlertFacts(
    Guid Id, Guid DeploymentId, string Deployment, string Rule, string Kind, string Metric, int Window, double Value, double Threshold, string Severity, string Summary);

public sealed record AlertFired(AlertFacts Alert, DateTimeOffset At);

/// <param name="How"><c>recovered</c> or <c>resolved</c>.</param>
/// <param name="Note">What the person who resolved it says.</param>
public sealed record AlertEnded(Guid AlertId, Guid DeploymentId, string Deployment, string Rule, string How, string Summary, string? Note, DateTimeOffset At, string By);

/// <summary>Holds a rule against a closed window: it fires once it is violated for long enough, and its alert ends when the figure comes back.</summary>
public static class JudgeRule
{
    /// <summary>Who acts when nobody does.</summary>
    public const string Actor = "monitoring";

    public static IEnumerable<object> Events(Deployment deployment, WatchedRule rule, WindowReport window, DateTimeOffset now)
    {
        var metric = WatchMetric.Parse(rule.Rule.Metric, out _)!;
        if (metric.Figure(window) is not { } value)
            yield break; // a window that does not have the figure says nothing of it

        var threshold = Threshold(rule, metric, window);
        var violated = Violated(rule, metric, window, value);
        if (violated && rule.Open is null)
        {
            if (rule.Streak + 1 < rule.Rule.For)
            {
                yield return new RuleJudged(rule.Name, rule.Streak + 1);
                yield break;
            }

            yield return new AlertFired(
                new(Ids.Alert(deployment.Id, rule.Name, window.Number), deployment.Id, deployment.Name, rule.Name, rule.Rule.Kind!, rule.Rule.Metric, window.Number, value,
                    threshold, rule.Rule.Severity, Said(rule, metric, window, value, threshold)),
                now);
        }
        else if (!violated && rule.Open is { } open)
        {
            yield return new AlertEnded(
                open.Id, deployment.Id, deployment.Name, rule.Name, "recovered",
                Invariant($"{rule.Rule.Metric} is back at {value:0.####} in window {window.Number} (threshold {threshold:0.####})."), null, now, Actor);
        }
        else if (!violated && rule.Streak > 0)
        {
            yield return new RuleJudged(rule.Name, 0);
        }
    }

    private static double Threshold(WatchedRule rule, WatchMetric metric, WindowReport window) =>
        rule.Rule.Threshold ?? metric.Comparison(window, metric.Of!)?.Threshold ?? rule.Threshold;

    // What compares with the reference fires at its threshold, as drift does; everything else beyond it.
    private static bool Violated(WatchedRule rule, WatchMetric metric, WindowReport window, double value) =>
        metric.IsColumnDrift ? metric.Comparison(window, metric.Of!) is { } column && (rule.Rule.Threshold is { } own ? column.Reaches(own) : column.Drifted)
        : rule.Rule.Direction == "below" ? value < rule.Threshold
        : metric.IsDrift ? value >= rule.Threshold
        : value > rule.Threshold;

    private static string Said(WatchedRule rule, WatchMetric metric, WindowReport window, double value, double threshold)
    {
        var lasting = rule.Rule.For > 1 ? $" for {rule.Rule.For} windows in a row" : "";
        if (!metric.IsColumnDrift)
            return Invariant($"{rule.Rule.Metric} is {value:0.####}, {rule.Rule.Direction} {threshold:0.####}{lasting}, in window {window.Number} of {rule.Rule.Deployment}.");
        var column = metric.Comparison(window, metric.Of!)!;
        var means = column is { Mean: { } now, ReferenceMean: { } before } ? Invariant($" (mean {now:0.####}, in the reference {before:0.####})") : "";
        var score = column.P is null ? Invariant($"{column.Method} {value:0.####}, threshold {threshold:0.####}") : Invariant($"{column.Method}, p = {value:0.####}, threshold {threshold:0.####}");
        return $"{column.Column} has drifted{lasting}: {score}{means}, in window {window.Number} of {rule.Rule.Deployment}.";
    }
}
