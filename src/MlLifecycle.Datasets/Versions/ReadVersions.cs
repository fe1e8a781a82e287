using System.Globalization;
using Marten;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Datasets.Versions;

/// <summary>One version, as the store keeps it for reading.</summary>
/// <param name="Id">The dataset's id and the number.</param>
public sealed record DatasetVersion(string Id, Guid DatasetId, VersionCommitted Committed)
{
    public static string IdOf(Guid dataset, int number) => string.Create(CultureInfo.InvariantCulture, $"{dataset:N}/{number}");
}

public sealed record VersionView(int Number, string Digest, int? Parent, long Files, long Bytes, string Message, DateTimeOffset CreatedAt, string CreatedBy)
{
    public static VersionView Of(VersionCommitted v) => new(v.Number, v.Manifest, v.Parent, v.Files, v.Bytes, v.Message, v.At, v.By);
}

/// <summary>A dataset and one of its versions.</summary>
public sealed record AddressedVersion(Dataset Dataset, VersionCommitted Version);

public static class ReadVersions
{
    public static async Task<IResult> List(string dataset, Caller caller, IQuerySession session, At at, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<int?>(after, out var last) is { } refusal)
            return new Refused(refusal);
        if (await session.FindDataset(caller, dataset, ct, at) is not { } found)
            return new Refused(Dataset.Unknown(dataset));
        var take = Cursor.Limit(limit);
        var before = Math.Min(last ?? int.MaxValue, found.Versions + 1);
        var versions = await session.Query<DatasetVersion>()
            .Where(v => v.DatasetId == found.Id && v.Committed.Number < before).OrderByDescending(v => v.Committed.Number).Take(take + 1).ToListAsync(ct);
        return TypedResults.Ok(Page.Of([.. versions.Select(v => VersionView.Of(v.Committed))], take, v => v.Number));
    }

    public static async Task<IResult> One(string dataset, string reference, Caller caller, IQuerySession session, At at, CancellationToken ct)
    {
        var (found, refusal) = await session.FindVersion(caller, dataset, reference, at, ct);
        return refusal is not null ? new Refused(refusal) : TypedResults.Ok(VersionView.Of(found!.Version));
    }

    /// <summary>Finds a version by its number, its digest, a unique beginning of it, or as <c>latest</c>.</summary>
    public static async Task<(AddressedVersion? Found, Refusal? Refusal)> FindVersion(
        this IQuerySession session, Caller caller, string dataset, string reference, At at, CancellationToken ct, string field = "ref")
    {
        if (await session.FindDataset(caller, dataset, ct, at) is not { } found)
            return (null, Dataset.Unknown(dataset));
        if (reference == "latest")
            return found.Head is { } head ? (new(found, head), null) : (null, Unknown(found, reference));
        if (int.TryParse(reference, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= found.Versions)
        {
            var byNumber = await session.LoadAsync<DatasetVersion>(DatasetVersion.IdOf(found.Id, number), ct);
            return byNumber is null ? (null, Unknown(found, reference)) : (new(found, byNumber.Committed), null);
        }

        if (reference.Length is < 8 or > Objects.Digest.Length || !reference.All(char.IsAsciiHexDigitLower))
        {
            return (null, reference.All(char.IsAsciiDigit)
                ? Unknown(found, reference)
                : InvalidInput(field, "must be a version's number, its digest (8 or more of its hex digits) or 'latest'."));
        }

        // A content that comes back later has the digest of its first version; the latest of them is meant.
        var matches = await session.Query<DatasetVersion>()
            .Where(v => v.DatasetId == found.Id && v.Committed.Number <= found.Versions && v.Committed.Manifest.StartsWith(reference))
            .OrderByDescending(v => v.Committed.Number).Take(100).ToListAsync(ct);
        return matches.Select(v => v.Committed.Manifest).Distinct().Count() switch
        {
            0 => (null, Unknown(found, reference)),
            1 => (new(found, matches[0].Committed), null),
            _ => (null, new(409, "reference-ambiguous", $"More than one version's digest begins with '{reference}'. Give more of it.") { Field = field }),
        };
    }

    private static Refusal Unknown(Dataset dataset, string reference) => new(
        404,
        "version-unknown",
        dataset.Versions == 0 ? $"'{dataset.Name}' has no version yet. Stage files and commit them." : $"'{dataset.Name}' has no version '{reference}'; it has 1 to {dataset.Versions}.");
}
