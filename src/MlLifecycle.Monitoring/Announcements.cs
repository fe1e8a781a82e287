using MlLifecycle.Contracts;
using MlLifecycle.Monitoring.Alerts;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.References;
using MlLifecycle.Monitoring.Windows;

namespace MlLifecycle.Monitoring;

/// <summary>What Monitoring tells the other services.</summary>
public static class Announcements
{
    public static IntegrationEvent? Of(object @event) => @event switch
    {
        DeploymentOpened { Plan: var p } e => new DeploymentStarted(
            Ids.Deployment(e.ProjectId, p.Name), p.Name, p.Model, p.ModelVersion, p.RunId, p.Rollout, p.Automation, p.RollbackTarget),
        RolloutMoved e => new RolloutChanged(e.DeploymentId, e.Deployment, e.TrafficShare, e.Reason),
        ReferenceTaken { Reference: var r } e => new ReferenceProfileSet(
            e.DeploymentId, e.Deployment, r.Dataset, r.Version, r.Rows, [.. r.Columns.Select(c => c.Name)]),
        RuleDefined e => new AlertRuleDefined(e.DeploymentId, e.Rule.Deployment, e.Rule.Name, e.Rule.Kind!, e.Rule.Metric, e.Threshold),
        DriftFound { Window: var w } e => new DriftDetected(e.DeploymentId, e.Deployment, w.Number, w.From, w.To, w.Rows, e.Drifted, e.Share),
        AlertFired { Alert: var a } => new AlertRaised(
            a.Id, a.DeploymentId, a.Deployment, a.Rule, a.Metric, a.Window, a.Value, a.Threshold, a.Severity, a.Summary),
        AlertEnded e => new AlertResolved(e.AlertId, e.DeploymentId, e.Deployment, e.Rule, e.How, e.Summary),
        _ => null,
    };
}
