using System.Diagnostics;
using JasperFx.Events;
using Marten;
using MlLifecycle.Contracts;

namespace MlLifecycle.ServiceDefaults.Events;

/// <summary>Where an event comes from: its project, who caused it, and the threads that tie it to other facts.</summary>
/// <param name="ProjectId">The project's id; empty on the few commands that stand above projects.</param>
/// <param name="Project">The project's slug.</param>
/// <param name="Actor">A token's name, or a service's when it acts on its own.</param>
/// <param name="CorrelationId">Shared by all that one request set in motion.</param>
/// <param name="CausationId">The id of the event that directly led here, when there is one.</param>
public sealed record Origin(Guid ProjectId, string Project, string Actor, string CorrelationId, string? CausationId = null)
{
    internal const string ProjectHeader = "project";
    internal const string ProjectIdHeader = "projectId";
    internal const string TraceHeader = "traceparent";

    // Of where the origin was made: a commit may happen elsewhere, together with those of other requests.
    private readonly string? _trace = Activity.Current?.Id;

    /// <summary>The origin of what a consumer does about a message: caused by it, in the same correlation.</summary>
    /// <param name="message">The fact it reacts to.</param>
    /// <param name="actor">Who acts: the service's name; without one, whoever caused the message.</param>
    public static Origin Of(IntegrationEvent message, string? actor = null) =>
        new(message.ProjectId, message.Project, actor ?? message.Actor, message.CorrelationId, message.EventId.ToString());

    /// <summary>A correlation id for work that no request began.</summary>
    public static string NewCorrelation() => Activity.Current?.TraceId.ToHexString() ?? Guid.CreateVersion7().ToString("N");

    /// <summary>Writes the origin onto every event the session will append.</summary>
    /// <param name="session">The session that appends.</param>
    public void Stamp(IDocumentSession session)
    {
        session.CorrelationId = CorrelationId;
        session.CausationId = CausationId;
        session.LastModifiedBy = Actor;
        session.SetHeader(ProjectHeader, Project);
        session.SetHeader(ProjectIdHeader, ProjectId.ToString());
        if (_trace is not null)
            session.SetHeader(TraceHeader, _trace);
    }

    /// <summary>Writes the origin onto one event, for a session that appends events of several origins and is not stamped itself.</summary>
    /// <param name="event">An event that is about to be appended.</param>
    public void Stamp(IEvent @event)
    {
        @event.CorrelationId = CorrelationId;
        @event.CausationId = CausationId;
        @event.UserName = Actor;
        @event.SetHeader(ProjectHeader, Project);
        @event.SetHeader(ProjectIdHeader, ProjectId.ToString());
        if (_trace is not null)
            @event.SetHeader(TraceHeader, _trace);
    }
}
