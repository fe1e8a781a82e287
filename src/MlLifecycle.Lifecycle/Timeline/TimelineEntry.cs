using System.Text.Json;
using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Facts;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Moves;
using MlLifecycle.ServiceDefaults.Events;

namespace MlLifecycle.Lifecycle.Timeline;

/// <summary>
/// One fact of a project's story, kept under its event id. Written in the transaction of what the fact leads to, so that a fact that is here has
/// had its effect: the timeline is the inbox too.
/// </summary>
/// <param name="Id">The event's id.</param>
/// <param name="ProjectId">The project.</param>
/// <param name="Type">The contract's name, as in <c>RunFinished</c>.</param>
/// <param name="At">When it happened, UTC.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Summary">One sentence for people.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Data">The contract as JSON.</param>
/// <param name="CorrelationId">Shared by all that one request set in motion.</param>
/// <param name="CausationId">The event that directly led to it.</param>
/// <param name="References">What else it rests on, by subject; found when it is read, since a fact from another queue may come later.</param>
/// <param name="Digest">Of a dataset version: the digest that runs name it by.</param>
public sealed record TimelineEntry(
    Guid Id,
    Guid ProjectId,
    string Type,
    DateTimeOffset At,
    string Actor,
    string Summary,
    string Subject,
    JsonElement Data,
    string CorrelationId,
    Guid? CausationId,
    IReadOnlyList<Reference> References,
    string? Digest = null)
{
    /// <summary>Contracts as they are written on the timeline.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>The fact as it was announced. Only for entries of contracts.</summary>
    public IntegrationEvent Fact() => new Heard(Type, JsonSerializer.SerializeToUtf8Bytes(Data)).Read();

    public static TimelineEntry Of(IntegrationEvent fact) => new(
        fact.EventId,
        fact.ProjectId,
        fact.GetType().Name,
        Stored(fact.OccurredAt),
        fact.Actor,
        Summaries.Of(fact),
        Subjects.Of(fact),
        JsonSerializer.SerializeToElement(fact, fact.GetType(), Json),
        fact.CorrelationId,
        Guid.TryParse(fact.CausationId, out var cause) ? cause : null,
        Timeline.References.Of(fact),
        fact is DatasetVersionCommitted version ? version.Digest.ToLowerInvariant() : null);

    /// <summary>The entry of something this service decided: as it is announced, or as it is when it stays at home.</summary>
    /// <returns>Null for what is no news to people.</returns>
    public static TimelineEntry? OfOwn(object @event, Guid eventId, Origin origin, DateTimeOffset at) => @event switch
    {
        RequirementWaived { Waiver: var w } => Own(
            @event, $"{w.By} waived {w.Gate.Name()} / {w.Requirement}: {w.Reason}", Subjects.Requirement(w.Gate.Name(), w.Requirement), eventId, origin, at),
        WaiverExpired e => Own(
            @event, $"{e.By}'s waiver of {e.Gate.Name()} / {e.Requirement} has ended.", Subjects.Requirement(e.Gate.Name(), e.Requirement), eventId, origin, at),
        _ when Announcements.Of(@event) is { } announced => Of(announced with
        {
            EventId = eventId,
            ProjectId = origin.ProjectId,
            Project = origin.Project,
            OccurredAt = at,
            Actor = origin.Actor,
            CorrelationId = origin.CorrelationId,
            CausationId = origin.CausationId,
        }),
        _ => null,
    };

    private static TimelineEntry Own(object @event, string summary, string subject, Guid eventId, Origin origin, DateTimeOffset at) => new(
        eventId,
        origin.ProjectId,
        @event.GetType().Name,
        Stored(at),
        origin.Actor,
        summary,
        subject,
        JsonSerializer.SerializeToElement(@event, @event.GetType(), Json),
        origin.CorrelationId,
        Guid.TryParse(origin.CausationId, out var cause) ? cause : null,
        []);

    // The store keeps microseconds: a finer time would not find its place again on the next page.
    private static DateTimeOffset Stored(DateTimeOffset at) => at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMicrosecond)).ToUniversalTime();
}
