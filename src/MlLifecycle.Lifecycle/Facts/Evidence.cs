using System.Collections.Immutable;
using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Timeline;

namespace MlLifecycle.Lifecycle.Facts;

/// <summary>The fact a requirement rests on: an entry of the timeline.</summary>
public sealed record Evidence(Guid EventId, string Summary, DateTimeOffset At)
{
    public static Evidence Of(IntegrationEvent fact) => new(fact.EventId, Summaries.Of(fact), fact.OccurredAt);

    /// <summary>The same fact, in the words of the requirement it meets.</summary>
    public Evidence Saying(string summary) => this with { Summary = summary };
}

/// <summary>
/// Facts come through several queues and may overtake each other, so what counts is when they happened, not when they were heard: of two facts
/// about one thing the later one stands, whichever arrives last.
/// </summary>
internal static class Standings
{
    /// <summary>The list with this item in the place of the one it restates, unless that one is the later.</summary>
    public static ImmutableList<T> With<T>(this ImmutableList<T> known, T item, Func<T, object> key, Func<T, DateTimeOffset> at)
    {
        var place = known.FindIndex(other => key(other).Equals(key(item)));
        return place < 0 ? known.Add(item)
            : at(known[place]) > at(item) ? known
            : known.SetItem(place, item);
    }

    /// <summary>The list with one item changed, which is made first when it is not there yet: a fact about it came before it did.</summary>
    public static ImmutableList<T> Changed<T>(this ImmutableList<T> known, Predicate<T> which, Func<T> unheard, Func<T, T> change)
    {
        var place = known.FindIndex(which);
        return place < 0 ? known.Add(change(unheard())) : known.SetItem(place, change(known[place]));
    }
}
