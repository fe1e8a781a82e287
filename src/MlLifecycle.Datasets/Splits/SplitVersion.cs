using Marten;
using MlLifecycle.Datasets.Examples;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Profiles;
using MlLifecycle.Datasets.Versions;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Datasets.Splits;

/// <summary>Splits the examples of one file of a version into train, dev and test.</summary>
/// <param name="Path">The table, or the IDX file of images; may be left out when the version has only one.</param>
/// <param name="Labels">The IDX file of the labels; without it the one that goes by convention with the images.</param>
/// <param name="LabelColumn">The label's column in a table; without it the dataset's.</param>
/// <param name="Method"><c>balanced</c> or <c>random</c>; without it what suits the size.</param>
/// <param name="Tags">Columns whose distribution a balanced split keeps too.</param>
public sealed record SplitVersion(
    string? Path = null, string? Labels = null, string? LabelColumn = null, string? Method = null, long Seed = 42, double? Train = null, double? Dev = null, double? Test = null,
    IReadOnlyList<string>? Tags = null);

public sealed record SplitCounts(long Train, long Dev, long Test)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public long All => Train + Dev + Test;
}

public sealed record SplitLine(string Value, long Train, long Dev, long Test);

/// <summary>Where the row indices of the parts are kept.</summary>
public sealed record SplitFiles(string Train, string Dev, string Test);

public sealed record SplitMade(
    Guid Id, Guid DatasetId, string Dataset, int Version, SplitSource Source, string Method, long Seed, Shares Shares, bool Suited, string Reason, SplitCounts Counts, SplitFiles Files,
    IReadOnlyList<SplitLine> Distribution, long Duplicates, DateTimeOffset At, string By);

public static class SplitVersionSlice
{
    public static Decision Decide(Dataset dataset, SplitMade split) => dataset switch
    {
        { Registered: false } => Dataset.Unknown(dataset.Name),
        _ when dataset.Splits.Contains(split.Id) => Nothing, // asked for before: the same examples, seed and shares give the same split
        _ => Accept(split),
    };

    public static async Task<IResult> Handle(
        string dataset, string reference, SplitVersion command, Caller caller, IDocumentSession session, ObjectStore objects, HeavyWork heavy, TimeProvider clock,
        CancellationToken ct)
    {
        if (Check(command) is { } invalid)
            return new Refused(invalid);
        var (found, refusal) = await session.FindVersion(caller, dataset, reference, default, ct);
        SplitSource? source = null;
        refusal ??= SplitSource.Of(objects, found!, command, out source);
        if (refusal is not null)
            return new Refused(refusal);

        SplitMade? made;
        try
        {
            (made, refusal) = await heavy.Run(() => MakeSplit.Of(objects, found!, source!, command, clock.GetUtcNow(), caller.Actor, ct), ct);
        }
        catch (InvalidDataException unreadable)
        {
            return new Refused(ProfileVersion.Unreadable(source!.Path, unreadable));
        }

        if (refusal is not null)
            return new Refused(refusal);
        var outcome = await session.Decide<Dataset>(found!.Dataset.Id, caller.Origin, d => Decide(d, made!), ct);
        var kept = outcome is { Refusal: null, Appended: [] } ? (await session.LoadAsync<Split>(made!.Id, ct))?.Made ?? made : made!;
        return outcome.ToResult(d => TypedResults.Created(
            $"/api/projects/{caller.Project}/datasets/{d.Name}/versions/{kept.Version}/splits/{kept.Id}", SplitView.Of(kept)));
    }

    private static Refusal? Check(SplitVersion split) => Fields.First(
        split.Method is null ? null : Fields.OneOf("method", split.Method, [MakeSplit.Balanced, MakeSplit.Random]),
        Shares.Of(split.Train, split.Dev, split.Test, Shares.Small, out _),
        split.Tags?.Count > 20 ? InvalidInput("tags", "must be at most 20 columns.") : null,
        split.Tags?.Any(string.IsNullOrEmpty) == true ? InvalidInput("tags", "must not contain an empty name.") : null);
}
