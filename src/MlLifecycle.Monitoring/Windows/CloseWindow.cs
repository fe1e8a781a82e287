using MlLifecycle.Contracts;
using MlLifecycle.Monitoring.Alerts;
using MlLifecycle.ServiceDefaults.Decisions;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Monitoring.Windows;

public sealed record WindowClosed(Guid DeploymentId, string Deployment, WindowReport Window, DateTimeOffset At);

/// <summary>A window in short.</summary>
public sealed record WindowBounds(int Number, DateTimeOffset From, DateTimeOffset To, long Rows);

public sealed record DriftFound(Guid DeploymentId, string Deployment, WindowBounds Window, IReadOnlyList<ColumnDrift> Drifted, double Share);

/// <summary>
/// Takes a window's figures in: the window is closed, drift is a fact, and every rule is judged. A window that was taken in already, by another
/// instance or before a restart, changes nothing.
/// </summary>
public static class CloseWindowSlice
{
    /// <param name="report">The figures; the number is given here.</param>
    public static Decision Decide(Deployment deployment, WindowReport report, DateTimeOffset now)
    {
        if (!report.Place.IsAfter(deployment.LastWindow))
            return Nothing;
        var window = report with { Number = deployment.Windows + 1 };
        List<object> events = [new WindowClosed(deployment.Id, deployment.Name, window, now)];
        if (window.Drifted.Any())
        {
            events.Add(new DriftFound(
                deployment.Id, deployment.Name, new(window.Number, window.From, window.To, window.Rows),
                [.. window.Drifted.Select(c => new ColumnDrift(c.Column, c.Method!, c.Score!.Value, c.Threshold!.Value))], window.DriftShare ?? 0));
        }

        events.AddRange(deployment.Rules.SelectMany(rule => JudgeRule.Events(deployment, rule, window, now)));
        return Accept([.. events]);
    }
}
