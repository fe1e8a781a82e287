using System.Collections.Immutable;
using MlLifecycle.Contracts;

namespace MlLifecycle.Lifecycle.Facts;

public sealed record StatedMetric(string Name, string Kind, string? Unit, bool HigherIsBetter, double? Target, bool Primary, Evidence Evidence);

public sealed record StatedBaseline(string Name, string Kind, string Metric, double Value, Evidence Evidence);

public sealed record StatedMilestone(string Name, bool HasResources, DateOnly? Due, Evidence Evidence);

/// <summary>What the team has said the project is for and how it will be judged.</summary>
public sealed record ScopeFacts
{
    public Evidence? Problem { get; init; }

    public ImmutableList<StatedMetric> Metrics { get; init; } = [];

    public ImmutableList<StatedBaseline> Baselines { get; init; } = [];

    public ImmutableList<StatedMilestone> Milestones { get; init; } = [];

    /// <summary>The ML metric last said to be primary, and when: saying so of another one takes it from the first.</summary>
    public string? LastPrimary { get; init; }

    public DateTimeOffset LastPrimaryAt { get; init; }

    /// <summary>The metric the project is judged by: the one said to be primary, or the only ML metric there is.</summary>
    public StatedMetric? Primary()
    {
        var ml = Metrics.FindAll(m => m.Kind == "ml");
        return ml.Find(m => m.Primary && m.Name == LastPrimary) ?? (ml.Count == 1 ? ml[0] : null);
    }

    public ScopeFacts Hear(ScopeChanged e) => e.Aspect switch
    {
        "problem" => Problem?.At > e.OccurredAt ? this : this with { Problem = Evidence.Of(e) },
        "metric" => Judging(e) with
        {
            Metrics = Metrics.With(
                new(e.Name, e.Kind ?? "", e.Unit, e.Direction != "lower", e.Value, e.Primary, Evidence.Of(e)), m => m.Name, m => m.Evidence.At),
        },
        "baseline" when e is { Metric: { } metric, Value: { } value } => this with
        {
            Baselines = Baselines.With(new(e.Name, e.Kind ?? "", metric, value, Evidence.Of(e)), b => b.Name, b => b.Evidence.At),
        },
        "milestone" => this with
        {
            Milestones = Milestones.With(new(e.Name, e.HasResources, e.Due, Evidence.Of(e)), m => m.Name, m => m.Evidence.At),
        },
        _ => this,
    };

    private ScopeFacts Judging(ScopeChanged e) => e is { Kind: "ml", Primary: true } && e.OccurredAt >= LastPrimaryAt
        ? this with { LastPrimary = e.Name, LastPrimaryAt = e.OccurredAt }
        : this;
}
