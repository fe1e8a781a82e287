using System.Collections.Immutable;

namespace MlLifecycle.Monitoring.Drift;

/// <summary>A column as the reference has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Numeric">Whether all its values are numbers.</param>
/// <param name="Rows">Rows of the reference.</param>
/// <param name="Missing">Rows without a value.</param>
/// <param name="NotFinite">Rows whose value is NaN or infinite; they are left out.</param>
public sealed record ReferenceColumn(string Name, bool Numeric, long Rows, long Missing, long NotFinite)
{
    /// <summary>Bins of the stability index: tenths of the reference.</summary>
    public const int Tenths = 10;

    /// <summary>A number column's values, sorted; of a large reference a seeded sample.</summary>
    public double[] Sorted { get; init; } = [];

    /// <summary>How often each category occurs.</summary>
    public IReadOnlyDictionary<string, long> Counts { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>The upper edges of all bins but the last, which is open; computed once.</summary>
    public double[] Edges { get; init; } = [];

    /// <summary>The reference's share in each bin.</summary>
    public double[] Shares { get; init; } = [];

    /// <summary>Mean of a number column.</summary>
    public double? Mean { get; init; }

    /// <summary>Standard deviation of a number column, as a population.</summary>
    public double? Deviation { get; init; }

    /// <summary>Values that can be compared.</summary>
    public long Values => Rows - Missing - NotFinite;

    public static ReferenceColumn OfNumbers(string name, double[] values, long rows, long missing, long notFinite)
    {
        Array.Sort(values);
        var edges = values.Length == 0 ? [] : Enumerable.Range(1, Tenths - 1).Select(i => Samples.Quantile(values, (double)i / Tenths)).Distinct().ToArray();
        return new(name, true, rows, missing, notFinite)
        {
            Sorted = values,
            Edges = edges,
            Shares = BinShares(edges, values),
            Mean = values.Length == 0 ? null : Samples.Mean(values),
            Deviation = values.Length == 0 ? null : Samples.Deviation(values),
        };
    }

    public static ReferenceColumn OfCategories(string name, IReadOnlyDictionary<string, long> counts, long rows, long missing) =>
        new(name, false, rows, missing, 0) { Counts = counts };

    /// <summary>The share of sorted values in each of the bins that these edges make.</summary>
    public static double[] BinShares(double[] edges, ReadOnlySpan<double> sorted)
    {
        var shares = new double[edges.Length + 1];
        var bin = 0;
        foreach (var value in sorted)
        {
            while (bin < edges.Length && value > edges[bin])
                bin++;
            shares[bin]++;
        }

        for (var i = 0; i < shares.Length && sorted.Length > 0; i++)
            shares[i] /= sorted.Length;
        return shares;
    }
}

/// <summary>A column as a window of production has it.</summary>
/// <param name="Rows">Rows of the window.</param>
/// <param name="Missing">Rows without a value.</param>
/// <param name="NotFinite">Rows whose value is NaN or infinite; they are left out.</param>
/// <param name="Unreadable">Rows whose value is no number, in a number column; they are left out.</param>
/// <param name="Sorted">A number column's values.</param>
/// <param name="Counts">How often each value of another column occurs.</param>
public sealed record CurrentColumn(long Rows, long Missing, long NotFinite, long Unreadable, double[] Sorted, IReadOnlyDictionary<string, long> Counts)
{
    public long Values => Rows - Missing - NotFinite - Unreadable;
}
