using Marten;

namespace MlLifecycle.Lifecycle.Timeline;

/// <summary>Finds the entries that others name, in at most three queries however many others there are.</summary>
internal static class Landmarks
{
    /// <param name="session">Reads the timeline.</param>
    /// <param name="project">The project.</param>
    /// <param name="effects">The entries whose causes are asked for.</param>
    /// <param name="until">Entries after this moment do not count.</param>
    /// <param name="cancellation">Cancels the read.</param>
    public static async Task<IReadOnlyCollection<Landmark>> For(
        IQuerySession session, Guid project, IReadOnlyCollection<TimelineEntry> effects, DateTimeOffset? until, CancellationToken cancellation)
    {
        var references = effects.SelectMany(e => e.References).ToList();
        var subjects = references.Where(r => r.Digest is null).Select(r => r.Subject).Distinct().ToArray();
        var ids = effects.Select(e => e.CausationId).OfType<Guid>().Distinct().ToArray();
        var entries = session.Query<TimelineEntry>().Where(e => e.ProjectId == project);
        if (until is { } moment)
            entries = entries.Where(e => e.At <= moment);

        List<Landmark> found = [];
        if (subjects.Length > 0)
            await Add(entries.Where(e => e.Subject.IsOneOf(subjects)));
        if (ids.Length > 0)
            await Add(entries.Where(e => e.Id.IsOneOf(ids)));
        if (references.Exists(r => r.Digest is not null))
            await Add(entries.Where(e => e.Digest != null));
        return [.. found.DistinctBy(landmark => landmark.Id)];

        async Task Add(IQueryable<TimelineEntry> which) =>
            found.AddRange(await which.Select(e => new Landmark(e.Id, e.Subject, e.At, e.Digest)).ToListAsync(cancellation));
    }
}
