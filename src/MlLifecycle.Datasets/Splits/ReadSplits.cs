using Marten;
using Microsoft.Net.Http.Headers;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Versions;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Datasets.Splits;

/// <summary>A split, as the store keeps it for reading.</summary>
public sealed record Split(Guid Id, Guid DatasetId, SplitMade Made);

public sealed record SplitView(
    Guid Id, int Version, string Path, string? Labels, string? LabelColumn, IReadOnlyList<string> Tags, string Method, long Seed, Shares Shares, bool Suited, string Reason,
    SplitCounts Counts, IReadOnlyList<SplitLine> Distribution, long DuplicatesKeptTogether, DateTimeOffset CreatedAt, string CreatedBy)
{
    public static SplitView Of(SplitMade s) => new(
        s.Id, s.Version, s.Source.Path, s.Source.Labels, s.Source.LabelColumn, s.Source.Tags, s.Method, s.Seed, s.Shares, s.Suited, s.Reason, s.Counts, s.Distribution,
        s.Duplicates, s.At, s.By);
}

public static class ReadSplits
{
    public static async Task<IResult> List(string dataset, string reference, Caller caller, IQuerySession session, At at, CancellationToken ct)
    {
        var (found, refusal) = await session.FindVersion(caller, dataset, reference, at, ct);
        if (refusal is not null)
            return new Refused(refusal);
        var splits = await session.Query<Split>().Where(s => s.DatasetId == found!.Dataset.Id && s.Made.Version == found.Version.Number).ToListAsync(ct);
        return TypedResults.Ok(new Page<SplitView>(
            [.. splits.Where(s => found!.Dataset.Splits.Contains(s.Id)).OrderBy(s => s.Made.At).Select(s => SplitView.Of(s.Made))], null));
    }

    public static async Task<IResult> One(string dataset, string reference, Guid split, Caller caller, IQuerySession session, At at, CancellationToken ct)
    {
        var (found, refusal) = await Find(session, caller, dataset, reference, split, at, ct);
        return refusal is not null ? new Refused(refusal) : TypedResults.Ok(SplitView.Of(found!.Made));
    }

    /// <summary>The 0-based row indices of a part, one per line, in the order of the rows.</summary>
    public static async Task<IResult> Part(
        string dataset, string reference, Guid split, string part, Caller caller, IQuerySession session, ObjectStore objects, At at, CancellationToken ct)
    {
        var (found, refusal) = await Find(session, caller, dataset, reference, split, at, ct);
        if (refusal is not null)
            return new Refused(refusal);
        var digest = part switch { "train" => found!.Made.Files.Train, "dev" => found!.Made.Files.Dev, "test" => found!.Made.Files.Test, _ => null };
        return digest is null
            ? new Refused(new(404, "part-unknown", $"A split has the parts train, dev and test, not '{part}'."))
            : TypedResults.PhysicalFile(objects.PathOf(digest), "text/plain; charset=utf-8", entityTag: new EntityTagHeaderValue($"\"{digest}\""), enableRangeProcessing: true);
    }

    private static async Task<(Split? Found, Refusal? Refusal)> Find(
        IQuerySession session, Caller caller, string dataset, string reference, Guid split, At at, CancellationToken ct)
    {
        var (found, refusal) = await session.FindVersion(caller, dataset, reference, at, ct);
        if (refusal is not null)
            return (null, refusal);
        return found!.Dataset.Splits.Contains(split) && await session.LoadAsync<Split>(split, ct) is { } known && known.Made.Version == found.Version.Number
            ? (known, null)
            : (null, new(404, "split-unknown", $"Version {found.Version.Number} of '{dataset}' has no split {split}."));
    }
}
