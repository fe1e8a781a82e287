using Marten;
using MlLifecycle.Lifecycle.Timeline;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Lifecycle.Views;

/// <summary>The walk from an event back to the first cause: alert, window, deployment, model version, run, dataset version, scope.</summary>
public static class ReadCauses
{
    /// <summary>Far more than any chain of decisions holds; a guard against a timeline gone wrong.</summary>
    private const int Most = 500;

    public static async Task<IResult> Of(Caller caller, Guid eventId, IQuerySession session, CancellationToken cancellation)
    {
        if (await session.LoadAsync<TimelineEntry>(eventId, cancellation) is not { } start || start.ProjectId != caller.ProjectId)
            return new Refused(new(404, "event-unknown", $"There is no event {eventId} on the timeline of '{caller.Project}'."));

        Dictionary<Guid, TimelineEntry> reached = new() { [start.Id] = start };
        List<CausalLink> links = [];
        IReadOnlyList<TimelineEntry> frontier = [start];
        while (frontier.Count > 0 && reached.Count < Most)
        {
            var landmarks = await Landmarks.For(session, caller.ProjectId, frontier, null, cancellation);
            var found = frontier.SelectMany(entry => CausalWalk.Links(entry, landmarks)).ToList();
            links.AddRange(found);
            Guid[] next = [.. found.Select(link => link.Cause).Distinct().Where(id => !reached.ContainsKey(id))];
            frontier = await session.LoadManyAsync<TimelineEntry>(cancellation, next);
            foreach (var entry in frontier)
                reached[entry.Id] = entry;
        }

        links.RemoveAll(link => !reached.ContainsKey(link.Cause));
        var because = links.ToLookup(link => link.Cause, link => link.Because);
        return TypedResults.Ok(new
        {
            items = CausalWalk.InOrder(start, reached.Values, links).Select(entry => EntryView.Of(entry, links, Said(because[entry.Id]))),
        });
    }

    private static string? Said(IEnumerable<string> reasons) => string.Join(" ", reasons.Distinct()) is { Length: > 0 } said ? said : null;
}
