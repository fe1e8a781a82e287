namespace MlLifecycle.Contracts;

/// <summary>A project exists from now on, under this slug.</summary>
/// <param name="Name">Its display name.</param>
/// <param name="Description">One or two sentences on what it is for; may be empty.</param>
public sealed record ProjectCreated(string Name, string Description) : IntegrationEvent;

/// <summary>One aspect of a project's scope was stated or restated. A later fact about the same aspect and name replaces an earlier one.</summary>
/// <param name="Aspect"><c>problem</c>, <c>constraints</c>, <c>solution</c>, <c>metric</c>, <c>baseline</c> or <c>milestone</c>.</param>
/// <param name="Name">What it is called within its aspect: the metric's, baseline's, milestone's or solution's name; the aspect itself otherwise.</param>
/// <param name="Summary">One sentence for people.</param>
public sealed record ScopeChanged(string Aspect, string Name, string Summary) : IntegrationEvent
{
    /// <summary>Of a metric: <c>ml</c>, <c>software</c>, <c>business</c>, <c>input</c> or <c>output</c>; of a baseline: <c>human-level</c>,
    /// <c>quick-implementation</c>, <c>literature</c> or <c>previous-system</c>.</summary>
    public string? Kind { get; init; }

    /// <summary>Of a baseline: the metric its value is of.</summary>
    public string? Metric { get; init; }

    /// <summary>Of a metric: its unit, as in <c>ratio</c>, <c>ms</c>, <c>queries/s</c>.</summary>
    public string? Unit { get; init; }

    /// <summary>Of a metric: <c>higher</c> or <c>lower</c> is better.</summary>
    public string? Direction { get; init; }

    /// <summary>Of a metric: its target in its unit; of a baseline: its value.</summary>
    public double? Value { get; init; }

    /// <summary>Of a metric: whether the project is judged by it.</summary>
    public bool Primary { get; init; }

    /// <summary>Of a milestone: whether the resources it needs are stated.</summary>
    public bool HasResources { get; init; }

    /// <summary>Of a milestone: the day it is due.</summary>
    public DateOnly? Due { get; init; }
}

/// <summary>Every metric of a milestone has reached its value.</summary>
/// <param name="Milestone">The milestone's name.</param>
/// <param name="Summary">Which figures reached it.</param>
public sealed record MilestoneReached(string Milestone, string Summary) : IntegrationEvent;
