using System.Collections.Immutable;
using MlLifecycle.Contracts;

namespace MlLifecycle.Lifecycle.Facts;

public sealed record KnownDataset(string Name, string Modality, string? FeedbackPlan, Evidence Evidence);

public sealed record CheckResult(string Check, bool Passed, Evidence Evidence);

public sealed record SplitResult(string Method, bool Suited, Evidence Evidence);

/// <summary>A dataset version and what is known of its quality. Not committed yet when a check of it was heard first.</summary>
public sealed record DataVersion(string Dataset, int Number)
{
    public Evidence? Committed { get; init; }

    public ImmutableList<CheckResult> Checks { get; init; } = [];

    public SplitResult? Split { get; init; }

    public CheckResult? Check(string name) => Checks.Find(c => c.Check == name);

    internal int Earned => Checks.Count(c => c.Passed) + (Split is { Suited: true } ? 1 : 0);
}

/// <summary>The project's datasets and their versions.</summary>
public sealed record DataFacts
{
    /// <summary>How many versions are kept in full. Those furthest along and the newest stay; every version's digest stays known.</summary>
    public const int KeptVersions = 20;

    private const int DigestKey = 16;

    public ImmutableList<KnownDataset> Datasets { get; init; } = [];

    public ImmutableList<DataVersion> Versions { get; init; } = [];

    /// <summary>The first 16 hex digits of each version's digest, and the version as <c>fashion@3</c>.</summary>
    public ImmutableDictionary<string, string> Digests { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The version a run's input names by its digest or a prefix of it, as <c>fashion@3</c>.</summary>
    public string? VersionOf(RunInput input)
    {
        var digest = input.Digest.ToLowerInvariant();
        return digest.Length < 8 ? null
            : digest.Length >= DigestKey ? Digests.GetValueOrDefault(digest[..DigestKey])
            : Digests.Where(known => known.Key.StartsWith(digest, StringComparison.Ordinal)).Select(known => known.Value).FirstOrDefault();
    }

    public KnownDataset? Dataset(string name) => Datasets.Find(d => d.Name == name);

    public DataFacts Hear(IntegrationEvent fact) => fact switch
    {
        DatasetRegistered e => this with { Datasets = Datasets.With(new(e.Dataset, e.Modality, e.FeedbackPlan, Evidence.Of(e)), d => d.Name, d => d.Evidence.At) },
        DatasetVersionCommitted e => On(e.Dataset, e.Version, v => v with { Committed = Evidence.Of(e) }) with
        {
            Digests = Digests.SetItem(e.Digest[..Math.Min(DigestKey, e.Digest.Length)].ToLowerInvariant(), $"{e.Dataset}@{e.Version}"),
        },
        DatasetChecked e => On(e.Dataset, e.Version, v => v with
        {
            Checks = v.Checks.With(new(e.Check, e.Passed, Evidence.Of(e)), c => c.Check, c => c.Evidence.At),
        }),
        DatasetSplit e => On(e.Dataset, e.Version, v => v with { Split = Better(v.Split, new(e.Method, e.Suited, Evidence.Of(e))) }),
        _ => this,
    };

    private DataFacts On(string dataset, int number, Func<DataVersion, DataVersion> change)
    {
        var versions = Versions.Changed(v => v.Dataset == dataset && v.Number == number, () => new(dataset, number), change);
        if (versions.Count > KeptVersions)
        {
            var newest = versions.Where(v => v.Committed is not null).MaxBy(v => v.Committed!.At);
            versions = versions.Remove(versions.Where(v => v != newest).OrderBy(v => v.Earned).ThenBy(v => v.Committed?.At ?? DateTimeOffset.MaxValue).First());
        }

        return this with { Versions = versions };
    }

    // A version may be split more than once: one split made the right way is enough.
    private static SplitResult Better(SplitResult? known, SplitResult next) =>
        known is null || next.Suited && !known.Suited || next.Suited == known.Suited && next.Evidence.At >= known.Evidence.At ? next : known;
}
