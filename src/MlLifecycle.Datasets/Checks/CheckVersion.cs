using System.Text.Json.Serialization;
using Marten;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Profiles;
using MlLifecycle.Datasets.Versions;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Datasets.Checks;

/// <summary>A version was looked at for one property of good data.</summary>
/// <param name="Check"><c>coverage</c>, <c>label-consistency</c> or <c>size</c>.</param>
public sealed record VersionChecked(
    Guid DatasetId, string Dataset, int Version, string Check, bool Passed, string Summary, CheckDetail Detail, long Examples, DateTimeOffset At, string By);

/// <summary>The figures behind a verdict; each check has its own.</summary>
public sealed record CheckDetail
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<CaseCount>? Cases { get; init; }

    /// <summary>Examples with the input of an earlier one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Duplicates { get; init; }

    /// <summary>Inputs that carry different labels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Conflicts { get; init; }

    /// <summary>The first of them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Conflict>? Examples { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ValueCount>? Labels { get; init; }
}

public sealed record CaseCount(string Name, string Column, string Value, long Minimum, long Found);

/// <param name="Rows">Where: the first example with the input and those that contradict it, as <c>path#row</c>.</param>
public sealed record Conflict(IReadOnlyList<string> Rows, IReadOnlyList<string> Labels);

public sealed record CheckView(string Check, bool Passed, string Summary, CheckDetail Detail, int Version, DateTimeOffset CheckedAt, string CheckedBy)
{
    public static CheckView Of(VersionChecked c) => new(c.Check, c.Passed, c.Summary, c.Detail, c.Version, c.At, c.By);
}

/// <summary>The latest verdict of one check on a version, as the store keeps it for reading.</summary>
/// <param name="Id">The version's and the check.</param>
/// <param name="VersionId">The version's.</param>
/// <param name="Verdict">The verdict.</param>
public sealed record VersionVerdict(string Id, string VersionId, VersionChecked Verdict);

public static class CheckVersionSlice
{
    public static Decision Decide(Dataset dataset, IReadOnlyList<VersionChecked> verdicts)
    {
        if (!dataset.Registered)
            return Dataset.Unknown(dataset.Name);
        var news = verdicts.Where(v => !IsKnown(dataset, v)).ToArray();
        return news.Length == 0 ? Nothing : Accept([.. news]);
    }

    public static async Task<IResult> Handle(
        string dataset, string reference, Caller caller, IDocumentSession session, ObjectStore objects, HeavyWork heavy, TimeProvider clock, CancellationToken ct)
    {
        var (found, refusal) = await session.FindVersion(caller, dataset, reference, default, ct);
        if (refusal is not null)
            return new Refused(refusal);
        IReadOnlyList<VersionChecked> verdicts;
        try
        {
            verdicts = await heavy.Run(() => RunChecks.On(objects, found!, clock.GetUtcNow(), caller.Actor, ct), ct);
        }
        catch (UnreadableFileException unreadable)
        {
            return new Refused(ProfileVersion.Unreadable(unreadable.Path, unreadable.Problem));
        }

        var outcome = await session.Decide<Dataset>(found!.Dataset.Id, caller.Origin, d => Decide(d, verdicts), ct);
        return outcome.ToResult(_ => TypedResults.Ok(new Page<CheckView>([.. verdicts.Select(CheckView.Of)], null)));
    }

    /// <summary>The last verdicts on a version; none before it was checked.</summary>
    public static async Task<IResult> Read(string dataset, string reference, Caller caller, IQuerySession session, At at, CancellationToken ct)
    {
        var (found, refusal) = await session.FindVersion(caller, dataset, reference, at, ct);
        if (refusal is not null)
            return new Refused(refusal);
        var version = DatasetVersion.IdOf(found!.Dataset.Id, found.Version.Number);
        var known = await session.Query<VersionVerdict>().Where(v => v.VersionId == version).OrderBy(v => v.Id).ToListAsync(ct);
        var items = known.Where(v => at.Time is null || v.Verdict.At <= at.Time).Select(v => CheckView.Of(v.Verdict)).ToList();
        return TypedResults.Ok(new Page<CheckView>(items, null));
    }

    private static bool IsKnown(Dataset dataset, VersionChecked verdict) =>
        dataset.Checks.TryGetValue(verdict.Check, out var known) && known.Version == verdict.Version && known.Passed == verdict.Passed && known.Summary == verdict.Summary;
}
