using MlLifecycle.Datasets.Versions;

namespace MlLifecycle.Datasets.Staging;

/// <summary>A staged change of one path: new content, or, without a digest, its deletion.</summary>
public sealed record StagedFile(string Path, string? Digest, long Bytes);

/// <summary>Lays staged changes over the files of a version. Both come in the order of manifests, and so does what results.</summary>
public static class Overlay
{
    public static async IAsyncEnumerable<ManifestEntry> Apply(IEnumerable<ManifestEntry> head, IAsyncEnumerable<StagedFile> staged)
    {
        using var kept = head.GetEnumerator();
        var more = kept.MoveNext();
        await foreach (var change in staged)
        {
            for (; more && FilePath.Compare(kept.Current.Path, change.Path) < 0; more = kept.MoveNext())
                yield return kept.Current;
            if (more && kept.Current.Path == change.Path)
                more = kept.MoveNext();
            if (change.Digest is { } digest)
                yield return new(change.Path, digest, change.Bytes);
        }

        for (; more; more = kept.MoveNext())
            yield return kept.Current;
    }

    /// <summary>What a staged change does to the version below it: <c>added</c>, <c>modified</c>, <c>deleted</c>, or null when nothing.</summary>
    public static string? Change(ManifestEntry? below, StagedFile staged) => (below, staged.Digest) switch
    {
        (null, null) => null,
        (null, _) => "added",
        (_, null) => "deleted",
        _ => below.Digest == staged.Digest ? null : "modified",
    };
}
