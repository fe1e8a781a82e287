using System.Collections.Immutable;
using MlLifecycle.Monitoring.Alerts;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.References;
using MlLifecycle.Monitoring.Windows;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Monitoring;

/// <summary>A model in production and how it is watched: the fold of its stream.</summary>
public sealed record Deployment(Guid Id) : IFolded<Deployment>
{
    public Guid ProjectId { get; init; }

    public string Name { get; init; } = "";

    /// <summary>What was asked for when it was started; null before.</summary>
    public DeploymentPlan? Plan { get; init; }

    /// <summary>Share of the traffic it takes now, from 0 to 1.</summary>
    public double TrafficShare { get; init; }

    public string? RolloutReason { get; init; }

    public ReferenceSummary? Reference { get; init; }

    public ImmutableList<WatchedRule> Rules { get; init; } = [];

    /// <summary>How many windows have been evaluated.</summary>
    public int Windows { get; init; }

    /// <summary>The place of the window evaluated last.</summary>
    public WindowPlace? LastWindow { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public string StartedBy { get; init; } = "";

    public bool Started => Plan is not null;

    public static Deployment Initial(Guid id) => new(id);

    public Deployment Evolve(object @event) => @event switch
    {
        DeploymentOpened e => this with
        {
            ProjectId = e.ProjectId, Name = e.Plan.Name, Plan = e.Plan, TrafficShare = e.Plan.TrafficShare, StartedAt = e.At, StartedBy = e.By,
        },
        RolloutMoved e => this with { TrafficShare = e.TrafficShare, RolloutReason = e.Reason },
        ReferenceTaken e => this with { Reference = e.Reference },
        RuleDefined e => this with { Rules = Defined(e) },
        WindowClosed e => this with { Windows = e.Window.Number, LastWindow = e.Window.Place },
        RuleJudged e => On(e.Rule, r => r with { Streak = e.Streak }),
        AlertFired e => On(e.Alert.Rule, r => r with { Open = new(e.Alert.Id, false) }),
        AlertAcknowledged e => OnAlert(e.AlertId, r => r with { Open = r.Open! with { Acknowledged = true } }),
        AlertEnded e => OnAlert(e.AlertId, r => r with { Open = null, Streak = 0, LastEnded = e.AlertId }),
        _ => this,
    };

    public WatchedRule? Rule(string name) => Rules.Find(r => r.Name == name);

    public static Refusal Unknown(string name) => new(404, "deployment-unknown", $"This project has no deployment '{name}'. GET …/deployments lists those it has.");

    private ImmutableList<WatchedRule> Defined(RuleDefined e)
    {
        var place = Rules.FindIndex(r => r.Name == e.Rule.Name);
        var rule = new WatchedRule(e.Rule, e.Threshold) { DefinedAt = e.At, DefinedBy = e.By, Open = place < 0 ? null : Rules[place].Open };
        return place < 0 ? Rules.Add(rule) : Rules.SetItem(place, rule);
    }

    private Deployment On(string rule, Func<WatchedRule, WatchedRule> change) => this with { Rules = Rules.ConvertAll(r => r.Name == rule ? change(r) : r) };

    private Deployment OnAlert(Guid alert, Func<WatchedRule, WatchedRule> change) => this with { Rules = Rules.ConvertAll(r => r.Open?.Id == alert ? change(r) : r) };
}
