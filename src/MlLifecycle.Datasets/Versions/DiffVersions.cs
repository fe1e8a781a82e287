using Marten;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Datasets.Versions;

public sealed record ContentView(string Digest, long Bytes);

public sealed record ModifiedView(string Path, ContentView From, ContentView To);

/// <summary>What differs between two versions. The lists hold one page of the differences, in the order of their paths; the totals count them all.</summary>
public sealed record DiffView(
    HeadView From, HeadView To, IReadOnlyList<ManifestEntry> Added, IReadOnlyList<ManifestEntry> Removed, IReadOnlyList<ModifiedView> Modified, DifferenceTotals Totals, string? Next);

public static class DiffVersions
{
    public static async Task<IResult> Handle(
        string dataset, string? from, string? to, Caller caller, IQuerySession session, ObjectStore objects, At at, int? limit, string? after, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(from))
            return new Refused(Decision.InvalidInput("from", "is missing: name the version to compare from."));
        if (Cursor.Decode<string>(after, out var last) is { } badCursor)
            return new Refused(badCursor);
        var (left, leftRefusal) = await session.FindVersion(caller, dataset, from, at, ct, "from");
        if (leftRefusal is not null)
            return new Refused(leftRefusal);
        var (right, rightRefusal) = await session.FindVersion(caller, dataset, to is { Length: > 0 } ? to : "latest", at, ct, "to");
        if (rightRefusal is not null)
            return new Refused(rightRefusal);

        var take = Cursor.Limit(limit, usual: 1000, most: 10_000);
        var found = Differences.Of(objects, left!.Version.Manifest, right!.Version.Manifest, last, take);
        var page = Page.Of(found.Shown, take, d => d.Path);
        return TypedResults.Ok(new DiffView(
            new(left.Version.Number, left.Version.Manifest),
            new(right.Version.Number, right.Version.Manifest),
            [.. page.Items.Where(d => d.From is null).Select(d => d.To!)],
            [.. page.Items.Where(d => d.To is null).Select(d => d.From!)],
            [.. page.Items.Where(d => d is { From: not null, To: not null }).Select(d => new ModifiedView(d.Path, new(d.From!.Digest, d.From.Bytes), new(d.To!.Digest, d.To.Bytes)))],
            found.Totals,
            page.Next));
    }
}
