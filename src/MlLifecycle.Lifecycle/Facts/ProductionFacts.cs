using System.Collections.Immutable;
using MlLifecycle.Contracts;

namespace MlLifecycle.Lifecycle.Facts;

public sealed record WatchingRule(string Rule, string Kind, string Metric, Evidence Evidence);

/// <summary>A deployment and how it is watched. Not started yet when a fact about it was heard first.</summary>
public sealed record KnownDeployment(Guid Id, string Name)
{
    public Evidence? Started { get; init; }

    public string? Rollout { get; init; }

    public string? RollbackTarget { get; init; }

    public Evidence? Reference { get; init; }

    public ImmutableList<WatchingRule> Rules { get; init; } = [];
}

/// <summary>An alert that nobody and nothing has ended yet.</summary>
public sealed record OpenAlert(Guid Id, Guid DeploymentId, string Deployment, string Rule, string Metric, bool Critical, Evidence Evidence)
{
    /// <summary>Whether the alert says the model no longer fits the world: reason enough to go round again.</summary>
    public bool Grave => Critical || Metric.StartsWith("drift:", StringComparison.Ordinal);
}

/// <summary>The project's deployments and their open alerts.</summary>
public sealed record ProductionFacts
{
    /// <summary>How many deployments, open alerts and ended alerts are kept at hand.</summary>
    public const int Kept = 50;

    public ImmutableList<KnownDeployment> Deployments { get; init; } = [];

    public ImmutableList<OpenAlert> Alerts { get; init; } = [];

    /// <summary>Alerts heard to be over, so that one whose beginning is heard afterwards does not stay open for ever.</summary>
    public ImmutableList<Guid> Over { get; init; } = [];

    public ProductionFacts Hear(IntegrationEvent fact) => fact switch
    {
        DeploymentStarted e => On(e.DeploymentId, e.Deployment, d => d.Started?.At > e.OccurredAt ? d : d with
        {
            Started = Evidence.Of(e),
            Rollout = e.Rollout,
            RollbackTarget = e.RollbackTarget,
        }),
        ReferenceProfileSet e => On(e.DeploymentId, e.Deployment, d => d.Reference?.At > e.OccurredAt ? d : d with { Reference = Evidence.Of(e) }),
        AlertRuleDefined e => On(e.DeploymentId, e.Deployment, d => d with
        {
            Rules = d.Rules.With(new(e.Rule, e.Kind, e.Metric, Evidence.Of(e)), r => r.Rule, r => r.Evidence.At),
        }),
        AlertRaised e when !Over.Contains(e.AlertId) => this with
        {
            Alerts = Bounded(Alerts.With(
                new(e.AlertId, e.DeploymentId, e.Deployment, e.Rule, e.Metric, e.Severity == "critical", Evidence.Of(e)), a => a.Id, a => a.Evidence.At)),
        },
        AlertResolved e => this with { Alerts = Alerts.RemoveAll(a => a.Id == e.AlertId), Over = Bounded(Over.Remove(e.AlertId).Add(e.AlertId)) },
        _ => this,
    };

    private ProductionFacts On(Guid id, string name, Func<KnownDeployment, KnownDeployment> change) =>
        this with { Deployments = Bounded(Deployments.Changed(d => d.Id == id, () => new(id, name), change)) };

    private static ImmutableList<T> Bounded<T>(ImmutableList<T> items) => items.Count <= Kept ? items : items.RemoveAt(0);
}
