using MlLifecycle.Contracts;

namespace MlLifecycle.Lifecycle.Timeline;

/// <summary>What the walk needs of an entry it may lead to.</summary>
public sealed record Landmark(Guid Id, string Subject, DateTimeOffset At, string? Digest);

/// <summary>That one fact led to another.</summary>
/// <param name="Effect">The later fact.</param>
/// <param name="Cause">The fact it rests on.</param>
/// <param name="Because">What ties the two.</param>
public sealed record CausalLink(Guid Effect, Guid Cause, string Because);

/// <summary>From a fact back to what led to it: through the event that directly caused it, and through the things it names.</summary>
public static class CausalWalk
{
    /// <summary>The causes of one entry among the entries that carry a subject or an id it names.</summary>
    public static IReadOnlyList<CausalLink> Links(TimelineEntry effect, IReadOnlyCollection<Landmark> landmarks)
    {
        List<CausalLink> links = [];
        foreach (var reference in effect.References)
        {
            if (Find(effect, reference, landmarks) is { } cause && links.TrueForAll(link => link.Cause != cause.Id))
                links.Add(new(effect.Id, cause.Id, reference.Because));
        }

        if (effect.CausationId is { } id && links.TrueForAll(link => link.Cause != id) && landmarks.FirstOrDefault(l => l.Id == id) is { } direct)
            links.Add(new(effect.Id, direct.Id, Directly(effect)));
        return links;
    }

    /// <summary>
    /// The entries in the order of the walk: every effect before its causes, so that it reads from the event back to the first cause; where that
    /// leaves a choice, later facts first.
    /// </summary>
    public static IReadOnlyList<TimelineEntry> InOrder(TimelineEntry start, IReadOnlyCollection<TimelineEntry> reached, IReadOnlyCollection<CausalLink> links)
    {
        var entries = reached.ToDictionary(e => e.Id);
        var waitsFor = links.GroupBy(l => l.Cause).ToDictionary(g => g.Key, g => g.Select(l => l.Effect).Distinct().Count());
        var causes = links.ToLookup(l => l.Effect, l => l.Cause);
        List<TimelineEntry> ordered = [];
        var left = new HashSet<Guid>(entries.Keys);
        List<TimelineEntry> ready = [start];
        while (left.Count > 0)
        {
            // Two facts that name each other would wait for ever: the later one goes first.
            var next = (ready.Count > 0 ? ready : [.. left.Select(id => entries[id])]).OrderByDescending(e => e.At).ThenByDescending(e => e.Id).First();
            ready.Remove(next);
            left.Remove(next.Id);
            ordered.Add(next);
            foreach (var cause in causes[next.Id].Distinct())
            {
                if (--waitsFor[cause] == 0 && left.Contains(cause))
                    ready.Add(entries[cause]);
            }
        }

        return ordered;
    }

    private static Landmark? Find(TimelineEntry effect, Reference reference, IEnumerable<Landmark> landmarks)
    {
        var named = landmarks.Where(l => l.Id != effect.Id && Fits(l, reference)).OrderBy(l => l.At).ThenBy(l => l.Id).ToList();
        return named.FindLast(l => l.At <= effect.At) ?? (reference.Past ? null : named.FirstOrDefault());
    }

    private static bool Fits(Landmark landmark, Reference reference) => reference.Digest is { } digest
        ? landmark.Digest?.StartsWith(digest, StringComparison.Ordinal) == true
        : landmark.Subject == reference.Subject;

    private static string Directly(TimelineEntry effect) => effect.Type switch
    {
        nameof(GateChanged) => "It decided the requirement.",
        nameof(StageEntered) => "It moved the project.",
        nameof(IterationOpened) => "It sent the project round again.",
        nameof(MilestoneReached) => "With it the milestone was reached.",
        nameof(AlertRaised) => "It raised the alert.",
        nameof(AlertResolved) => "It ended the alert.",
        _ => "It directly led to this.",
    };
}
