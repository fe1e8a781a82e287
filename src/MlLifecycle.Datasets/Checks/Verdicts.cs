using MlLifecycle.Datasets.Splits;
using static System.FormattableString;

namespace MlLifecycle.Datasets.Checks;

/// <summary>One check's verdict and the figures behind it.</summary>
public sealed record Verdict(string Check, bool Passed, string Summary, CheckDetail Detail);

/// <summary>What good data asks for: it covers the important cases, is labelled consistently, and there is enough of it.</summary>
public static class Verdicts
{
    /// <summary>Fewer examples than this are an anecdote: 30% of them would be 30 to judge by.</summary>
    public const long FewestExamples = 100;

    /// <summary>Fewer of a label leave less than ten each in dev and test of a 40/30/30 split.</summary>
    public const long FewestPerLabel = 30;

    private const int ShownLabels = 100;

    public static IEnumerable<Verdict> Of(IReadOnlyList<ImportantCase> cases, CaseCounts found, Consistency consistency)
    {
        yield return Coverage(cases, found);
        yield return LabelConsistency(consistency);
        yield return Size(consistency);
    }

    private static Verdict Coverage(IReadOnlyList<ImportantCase> cases, CaseCounts found)
    {
        var counts = cases.Select((c, i) => new CaseCount(c.Name, c.Column, c.Value, c.Minimum, found.Found[i])).ToList();
        var lacking = counts.Where(c => c.Found < c.Minimum).ToList();
        var summary = cases.Count == 0 ? "No important cases are declared; nobody can say whether the data covers them. Declare them on the dataset."
            : lacking.Count == 0 ? cases.Count == 1 ? "The one important case is covered." : Invariant($"All {cases.Count} important cases are covered.")
            : Invariant($"{lacking.Count} of {cases.Count} important cases are not covered: {string.Join("; ", lacking.Take(5).Select(c => Missing(c, found)))}{(lacking.Count > 5 ? "; …" : ".")}");
        return new("coverage", cases.Count > 0 && lacking.Count == 0, summary, new() { Cases = counts });
    }

    private static string Missing(CaseCount c, CaseCounts found) => found.Columns.Contains(c.Column)
        ? Invariant($"{c.Name} has {c.Found} of {c.Minimum} examples")
        : Invariant($"{c.Name} needs a column '{c.Column}', which no file has");

    private static Verdict LabelConsistency(Consistency consistency)
    {
        var labelled = consistency.Labels.Count > 0;
        var summary = !labelled ? "No labels were found. Name the label's column on the dataset (label.column), or lay files in a folder per label."
            : consistency.Conflicts == 0 ? Invariant($"The same input always has the same label: {consistency.Examples} examples, {consistency.Duplicates} exact duplicates, no conflict.")
            : Invariant($"{consistency.Conflicts} inputs occur with different labels. Mend the label rules, then the labels.");
        return new("label-consistency", labelled && consistency.Conflicts == 0, summary, new()
        {
            Duplicates = consistency.Duplicates,
            Conflicts = consistency.Conflicts,
            Examples = consistency.FirstConflicts,
        });
    }

    private static Verdict Size(Consistency consistency)
    {
        var labels = consistency.Labels;
        // A number as label has few examples of each value by nature.
        var rarest = labels.Count is > 0 and <= ShownLabels ? labels[^1] : null;
        var kind = consistency.Examples <= MakeSplit.Small ? "small" : "big";
        var (passed, summary) = consistency.Examples < FewestExamples ? (false, Invariant($"{consistency.Examples} examples are too few: at least {FewestExamples} are needed to judge a model by."))
            : rarest?.Count < FewestPerLabel ? (false, Invariant($"Label '{rarest.Value}' has only {rarest.Count} examples; at least {FewestPerLabel} are needed to judge a model on it."))
            : (true, Invariant($"{consistency.Examples} examples ({kind} data){(rarest is null ? "" : Invariant($", at least {rarest.Count} of each of {labels.Count} labels"))}."));
        return new("size", passed, summary, new() { Labels = [.. labels.Take(ShownLabels)] });
    }
}
