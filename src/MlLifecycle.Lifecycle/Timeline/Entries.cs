using Marten;
using MlLifecycle.Contracts;
using MlLifecycle.ServiceDefaults.Events;

namespace MlLifecycle.Lifecycle.Timeline;

/// <summary>Writes what a decision appends to the stream onto the timeline, in the same transaction.</summary>
internal static class Entries
{
    /// <param name="session">The session that appends.</param>
    /// <param name="origin">On whose behalf.</param>
    /// <param name="now">The moment of the decision.</param>
    /// <param name="heard">The entry of the fact that was heard, when it was one.</param>
    public static void Write(IDocumentSession session, Origin origin, DateTimeOffset now, TimelineEntry? heard)
    {
        if (heard is not null)
            session.Insert(heard);
        var at = now;
        foreach (var appended in session.PendingChanges.Streams().SelectMany(stream => stream.Events).Where(e => e.Data is not IntegrationEvent))
        {
            // A microsecond apart, as fine as the store keeps time: what a decision leads to reads in its order.
            at = at.AddMicroseconds(1);
            if (TimelineEntry.OfOwn(appended.Data, appended.Id, origin, at) is not { } entry)
                continue;
            session.Insert(entry);
            // What follows from a command is caused by the command's own event.
            if (origin.CausationId is null)
                origin = origin with { CausationId = entry.Id.ToString() };
        }
    }
}
