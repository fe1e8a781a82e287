using MlLifecycle.Datasets.Objects;

namespace MlLifecycle.Datasets.Versions;

/// <summary>A path that differs between two versions: only in the second (added), only in the first (removed), or in both with other content.</summary>
public sealed record Difference(string Path, ManifestEntry? From, ManifestEntry? To);

/// <summary>How many files differ.</summary>
/// <param name="Bytes">How much larger (or, negative, smaller) the second version is.</param>
public sealed record DifferenceTotals(long Added, long Removed, long Modified, long Unchanged, long Bytes);

/// <summary>Compares two versions by merging their manifests, both in order: one pass, however large they are.</summary>
public static class Differences
{
    /// <summary>Every path of either version, in order.</summary>
    public static IEnumerable<Difference> Merge(IEnumerable<ManifestEntry> from, IEnumerable<ManifestEntry> to)
    {
        using var left = from.GetEnumerator();
        using var right = to.GetEnumerator();
        var (hasLeft, hasRight) = (left.MoveNext(), right.MoveNext());
        while (hasLeft || hasRight)
        {
            var order = !hasLeft ? 1 : !hasRight ? -1 : FilePath.Compare(left.Current.Path, right.Current.Path);
            yield return order switch
            {
                < 0 => new(left.Current.Path, left.Current, null),
                > 0 => new(right.Current.Path, null, right.Current),
                _ => new(left.Current.Path, left.Current, right.Current),
            };
            if (order <= 0)
                hasLeft = left.MoveNext();
            if (order >= 0)
                hasRight = right.MoveNext();
        }
    }

    /// <summary>The first differences behind a path, and the totals over all.</summary>
    public static DifferencePage Of(ObjectStore store, string? from, string? to, string? after, int limit)
    {
        var (added, removed, modified, unchanged, bytes) = (0L, 0L, 0L, 0L, 0L);
        var shown = new List<Difference>();
        foreach (var d in Merge(Manifest.Read(store, from), Manifest.Read(store, to)))
        {
            bytes += (d.To?.Bytes ?? 0) - (d.From?.Bytes ?? 0);
            if (d.From is null)
                added++;
            else if (d.To is null)
                removed++;
            else if (d.From.Digest != d.To.Digest)
                modified++;
            else
                unchanged++;
            if (shown.Count <= limit && d.From?.Digest != d.To?.Digest && (after is null || FilePath.Compare(d.Path, after) > 0))
                shown.Add(d);
        }

        return new(shown, new(added, removed, modified, unchanged, bytes));
    }
}

/// <param name="Shown">One more than asked for when there are more.</param>
/// <param name="Totals">Over all paths.</param>
public sealed record DifferencePage(IReadOnlyList<Difference> Shown, DifferenceTotals Totals);
