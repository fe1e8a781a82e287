using System.Collections.Immutable;
using MlLifecycle.Lifecycle.Facts;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>
/// Data to Modeling: one dataset version that is good data and split the right way. Going back to Data asks for a new version with checks and a
/// split of its own; how feedback comes back from production is a plan of the dataset and carries over.
/// </summary>
public static class DataGate
{
    public const string Version = "dataset-version";
    public const string Coverage = "coverage";
    public const string LabelConsistency = "label-consistency";
    public const string Feedback = "feedback";
    public const string Size = "size";
    public const string Split = "split";

    /// <summary>
    /// The version the gate is judged on: the newest that has everything, so that committing another one takes nothing back; or else the newest.
    /// </summary>
    public static DataVersion? Candidate(DataFacts data, DateTimeOffset since, Predicate<string> waived)
    {
        var fresh = data.Versions.Where(v => v.Committed?.At > since).OrderByDescending(v => v.Committed!.At).ThenByDescending(v => v.Number).ToList();
        return fresh.Find(v => Of(data, v, since).All(r => r.Finding.Evidence is not null || waived(r.Id))) ?? fresh.FirstOrDefault();
    }

    public static ImmutableArray<Judged> Judge(DataFacts data, DateTimeOffset since, Predicate<string> waived) =>
        Of(data, Candidate(data, since, waived), since);

    private static ImmutableArray<Judged> Of(DataFacts data, DataVersion? version, DateTimeOffset since) =>
    [
        new(Version, "A dataset version", Committed(data, version, since)),
        new(Coverage, "Covers the important cases", Check(version, "coverage", "covers the important cases")),
        new(LabelConsistency, "Labels are consistent", Check(version, "label-consistency", "has consistent labels")),
        new(Feedback, "Timely feedback from production is planned", Planned(data, version)),
        new(Size, "Sized properly", Check(version, "size", "is sized properly")),
        new(Split, "Split the right way for its size", Divided(version)),
    ];

    private static Finding Committed(DataFacts data, DataVersion? version, DateTimeOffset since) => version switch
    {
        { Committed: { } committed } => Finding.Met(committed),
        _ when data.Versions.Any(v => v.Committed?.At <= since) =>
            Finding.Missing("The versions there are belong to the iteration before: this one needs data of its own."),
        _ when data.Datasets.Count > 0 => Finding.Missing($"{Listed.Of(data.Datasets.Select(d => d.Name))} has no version yet."),
        _ => Finding.Missing("No dataset is registered."),
    };

    private static Finding Check(DataVersion? version, string check, string claim) => version switch
    {
        null => Finding.Missing("There is no dataset version to check yet."),
        _ when version.Check(check) is not { } result => Finding.Missing($"Nobody has checked whether {Named(version)} {claim}."),
        _ when version.Check(check) is { Passed: false } failed => Finding.Missing(failed.Evidence.Summary),
        _ => Finding.Met(version.Check(check)!.Evidence),
    };

    private static Finding Planned(DataFacts data, DataVersion? version)
    {
        var dataset = version is null ? data.Datasets.Find(HasPlan) ?? data.Datasets.FirstOrDefault() : data.Dataset(version.Dataset);
        return dataset switch
        {
            null => Finding.Missing("There is no dataset yet that could have a plan for feedback."),
            _ when HasPlan(dataset) => Finding.Met(dataset.Evidence, $"Feedback on {dataset.Name}: {dataset.FeedbackPlan}"),
            _ => Finding.Missing($"{dataset.Name} does not say how and how soon labels come back from production."),
        };
    }

    private static Finding Divided(DataVersion? version) => version switch
    {
        null => Finding.Missing("There is no dataset version to split yet."),
        { Split: null } => Finding.Missing($"{Named(version)} is not split into train, dev and test."),
        { Split: { Suited: false } split } => Finding.Missing($"{Named(version)} is split by the {split.Method} method, which does not suit its size."),
        _ => Finding.Met(version.Split.Evidence),
    };

    private static bool HasPlan(KnownDataset dataset) => !string.IsNullOrWhiteSpace(dataset.FeedbackPlan);

    private static string Named(DataVersion version) => $"{version.Dataset}@{version.Number}";
}
