using System.Globalization;

namespace MlLifecycle.Monitoring.Drift;

/// <summary>What came of comparing a column of a window with the reference.</summary>
/// <param name="Column">The column.</param>
/// <param name="Type"><c>number</c> or <c>category</c>.</param>
/// <param name="Method"><c>kolmogorov-smirnov</c>, <c>chi-square</c>, <c>two-proportion-z</c>, <c>wasserstein</c>, <c>jensen-shannon</c>; null when the column could not be compared.</param>
/// <param name="Statistic">The method's statistic or distance.</param>
/// <param name="P">The p value, for methods that are tests.</param>
/// <param name="Threshold">Where drift begins: at or below it for a p value, at or above it for a distance.</param>
/// <param name="Drifted">The verdict.</param>
/// <param name="Psi">The population stability index, whatever the method.</param>
/// <param name="Missing">Share of the window's rows without a usable value.</param>
public sealed record ColumnComparison(
    string Column, string Type, string? Method, double? Statistic, double? P, double? Threshold, bool Drifted, double? Psi, double Missing)
{
    /// <summary><c>none</c>, <c>drift</c> (from 0.1) or <c>severe</c> (from 0.25).</summary>
    public string? PsiLevel => Psi switch { null => null, >= 0.25 => "severe", >= 0.1 => "drift", _ => "none" };

    /// <summary><c>e</c> for the methods that take logarithms: Jensen–Shannon here is with the natural one.</summary>
    public string? LogBase { get; init; }

    /// <summary>Mean in the reference and in the window, for number columns.</summary>
    public double? ReferenceMean { get; init; }

    public double? Mean { get; init; }

    /// <summary>Values that the reference does not have, most frequent first, at most 20.</summary>
    public IReadOnlyList<UnseenValue> Unseen { get; init; } = [];

    /// <summary>Why the column was not compared, or what to bear in mind.</summary>
    public string? Note { get; init; }

    /// <summary>What is held against the threshold: the p value of a test, else the distance.</summary>
    public double? Score => P ?? Statistic;

    /// <summary>Whether the score goes as far as a threshold, in the method's own direction.</summary>
    public bool Reaches(double threshold) => P is { } p ? p <= threshold : Statistic >= threshold;
}

/// <summary>A value of a window that the reference does not have.</summary>
public sealed record UnseenValue(string Value, long Count);

/// <summary>Which method compares a column, and its verdict: the selection rule of Evidently (docs.evidentlyai.com, data drift algorithm).</summary>
public static class DriftRule
{
    /// <summary>References of more rows than this are compared by distance, not by test: with many rows every test finds something.</summary>
    public const long LargeReference = 1000;

    /// <summary>Number columns of at most so many different values are compared as categories.</summary>
    public const int FewValues = 5;

    /// <summary>The window drifts when at least this share of the compared columns does.</summary>
    public const double DatasetShare = 0.5;

    private const int MostUnseen = 20;

    /// <summary>Where drift begins for a reference of so many rows: a p value, or a distance.</summary>
    public static double Threshold(long referenceRows) => referenceRows <= LargeReference ? 0.05 : 0.1;

    public static ColumnComparison Compare(ReferenceColumn reference, CurrentColumn current)
    {
        var missing = current.Rows == 0 ? 0 : 1 - ((double)current.Values / current.Rows);
        var type = reference.Numeric ? "number" : "category";
        if (reference.Values == 0 || current.Values == 0)
        {
            var why = reference.Values == 0 ? "The reference has no value in this column." : "No prediction of this window has a usable value in this column.";
            return new(reference.Name, type, null, null, null, null, false, null, missing) { Note = why };
        }

        var compared = reference.Numeric ? Numbers(reference, current) : ByCount(reference, reference.Counts, current.Counts);
        return compared with { Missing = missing, Note = Note(reference, current) };
    }

    private static ColumnComparison Numbers(ReferenceColumn reference, CurrentColumn current)
    {
        var result = Samples.Different(reference.Sorted, FewValues + 1) + NewValues(reference.Sorted, current.Sorted) <= FewValues
            ? ByCount(reference, Runs(reference.Sorted), Runs(current.Sorted))
            : ByDistribution(reference, current.Sorted);
        return result with
        {
            Psi = Categories.StabilityIndex(reference.Shares, ReferenceColumn.BinShares(reference.Edges, current.Sorted)),
            ReferenceMean = reference.Mean,
            Mean = Samples.Mean(current.Sorted),
        };
    }

    private static ColumnComparison ByDistribution(ReferenceColumn reference, double[] current)
    {
        var threshold = Threshold(reference.Rows);
        if (reference.Rows <= LargeReference)
        {
            var (d, p) = Samples.KolmogorovSmirnov(reference.Sorted, current);
            return new(reference.Name, "number", "kolmogorov-smirnov", d, p, threshold, p <= threshold, null, 0);
        }

        var distance = Samples.Wasserstein(reference.Sorted, current) / Math.Max(reference.Deviation ?? 0, Samples.LeastDeviation);
        return new(reference.Name, "number", "wasserstein", distance, null, threshold, distance >= threshold, null, 0);
    }

    private static ColumnComparison ByCount(ReferenceColumn column, IReadOnlyDictionary<string, long> reference, IReadOnlyDictionary<string, long> current)
    {
        var type = column.Numeric ? "number" : "category";
        var threshold = Threshold(column.Rows);
        var unseen = Categories.Unseen(reference, current);
        ColumnComparison result;
        if (column.Rows > LargeReference)
        {
            var distance = Categories.JensenShannon(reference, current);
            result = new(column.Name, type, "jensen-shannon", distance, null, threshold, distance >= threshold, null, 0) { LogBase = "e" };
        }
        else if (reference.Count + unseen.Length <= 2)
        {
            var (z, p) = Categories.TwoProportions(reference, current);
            result = new(column.Name, type, "two-proportion-z", z, p, threshold, p < threshold, null, 0);
        }
        else
        {
            var (statistic, p) = Categories.ChiSquare(reference, current);
            result = new(column.Name, type, "chi-square", statistic, p, threshold, p < threshold, null, 0);
        }

        return result with { Psi = StabilityIndex(reference, current), Unseen = [.. unseen.Take(MostUnseen).Select(u => new UnseenValue(u.Key, u.Value))] };
    }

    // The bins are the reference's values, and one for all that it does not have.
    private static double StabilityIndex(IReadOnlyDictionary<string, long> reference, IReadOnlyDictionary<string, long> current)
    {
        double all = reference.Values.Sum(), now = current.Values.Sum();
        var values = reference.Keys.Order(StringComparer.Ordinal).ToList();
        var seen = values.Select(v => current.GetValueOrDefault(v) / now).ToList();
        var unseen = current.Where(c => !reference.ContainsKey(c.Key)).Sum(c => c.Value) / now;
        return Categories.StabilityIndex([.. values.Select(v => reference[v] / all), .. unseen > 0 ? [0.0] : Array.Empty<double>()], [.. seen, unseen]);
    }

    private static int NewValues(double[] reference, double[] current)
    {
        var news = 0;
        for (var i = 0; i < current.Length && news <= FewValues; i++)
        {
            if ((i == 0 || current[i] != current[i - 1]) && Array.BinarySearch(reference, current[i]) < 0)
                news++;
        }

        return news;
    }

    private static Dictionary<string, long> Runs(double[] sorted)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var value in sorted)
        {
            var name = value.ToString("R", CultureInfo.InvariantCulture);
            counts[name] = counts.GetValueOrDefault(name) + 1;
        }

        return counts;
    }

    private static string? Note(ReferenceColumn reference, CurrentColumn current)
    {
        List<string> notes = [];
        if (reference.Numeric && reference.Sorted.Length < reference.Values)
            notes.Add($"The reference is a sample of {reference.Sorted.Length} of its {reference.Values} values.");
        if (current.Unreadable > 0)
            notes.Add($"{current.Unreadable} values are no numbers, as the reference has them; they are left out.");
        if (current.NotFinite > 0)
            notes.Add($"{current.NotFinite} values are NaN or infinite; they are left out.");
        return notes.Count == 0 ? null : string.Join(" ", notes);
    }
}
