namespace MlLifecycle.Contracts;

/// <summary>
/// A fact one service announces to the others. Delivery is at least once and in order per stream of the publisher; <see cref="EventId"/> is the
/// same on every delivery, so a consumer can tell a fact it knows. Contracts change by addition only.
/// </summary>
public abstract record IntegrationEvent
{
    /// <summary>The id of the domain event in the publisher's log, and the id of the message.</summary>
    public Guid EventId { get; init; }

    /// <summary>The project the fact belongs to.</summary>
    public Guid ProjectId { get; init; }

    /// <summary>The project's slug, as people address it.</summary>
    public string Project { get; init; } = "";

    /// <summary>When the publisher's log recorded the fact, UTC.</summary>
    public DateTimeOffset OccurredAt { get; init; }

    /// <summary>Who did it: the name of a token, or of a service acting on its own.</summary>
    public string Actor { get; init; } = "";

    /// <summary>Shared by everything that one request or one upload set in motion.</summary>
    public string CorrelationId { get; init; } = "";

    /// <summary>The <see cref="EventId"/> of the fact that directly led to this one, when there is one.</summary>
    public string? CausationId { get; init; }
}
