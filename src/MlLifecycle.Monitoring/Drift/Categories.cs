using System.Collections.Immutable;

namespace MlLifecycle.Monitoring.Drift;

/// <summary>Two samples of categories compared, by how often each value occurs.</summary>
public static class Categories
{
    /// <summary>What stands in for the share of an empty bin, so that no logarithm is of zero.</summary>
    public const double EmptyShare = 1e-4;

    /// <summary>
    /// Pearson's chi-square of the current counts against those expected from the reference, <c>reference · n_c / n_r</c>. A value that the
    /// reference does not have has no expectation and no term of its own: what it takes away is missed among the others, and it adds a degree
    /// of freedom.
    /// </summary>
    public static (double Statistic, double P) ChiSquare(IReadOnlyDictionary<string, long> reference, IReadOnlyDictionary<string, long> current)
    {
        double all = reference.Values.Sum(), now = current.Values.Sum();
        var statistic = 0.0;
        foreach (var (value, count) in Ordered(reference))
        {
            var expected = count * now / all;
            var difference = current.GetValueOrDefault(value) - expected;
            statistic += difference * difference / expected;
        }

        var degrees = reference.Count - (Unseen(reference, current).IsEmpty ? 1 : 0);
        return (statistic, degrees < 1 ? 1 : Probability.ChiSquareTail(statistic, degrees));
    }

    /// <summary>The two-sided two-proportion Z test, pooled, for columns of at most two values.</summary>
    public static (double Z, double P) TwoProportions(IReadOnlyDictionary<string, long> reference, IReadOnlyDictionary<string, long> current)
    {
        double all = reference.Values.Sum(), now = current.Values.Sum();
        var value = Ordered(reference).First().Key;
        double before = reference[value], after = current.GetValueOrDefault(value);
        var pooled = (before + after) / (all + now);
        var spread = Math.Sqrt(pooled * (1 - pooled) * ((1 / all) + (1 / now)));
        if (spread == 0)
            return (0, 1); // one value throughout
        var z = ((before / all) - (after / now)) / spread;
        return (z, Probability.NormalTails(z));
    }

    /// <summary>The Jensen–Shannon distance with the natural logarithm: √(½KL(r‖m) + ½KL(c‖m)), m = ½(r + c). From 0 to √ln 2.</summary>
    public static double JensenShannon(IReadOnlyDictionary<string, long> reference, IReadOnlyDictionary<string, long> current)
    {
        double all = reference.Values.Sum(), now = current.Values.Sum();
        var divergence = 0.0;
        foreach (var value in reference.Keys.Union(current.Keys).Order(StringComparer.Ordinal))
        {
            double r = reference.GetValueOrDefault(value) / all, c = current.GetValueOrDefault(value) / now, m = (r + c) / 2;
            divergence += (r > 0 ? r * Math.Log(r / m) : 0) + (c > 0 ? c * Math.Log(c / m) : 0);
        }

        return Math.Sqrt(Math.Max(divergence / 2, 0));
    }

    /// <summary>The population stability index Σ (c − r)·ln(c / r) over bins; an empty one counts as <see cref="EmptyShare"/>.</summary>
    public static double StabilityIndex(IReadOnlyList<double> reference, IReadOnlyList<double> current)
    {
        var index = 0.0;
        for (var bin = 0; bin < reference.Count; bin++)
        {
            double r = reference[bin] > 0 ? reference[bin] : EmptyShare, c = current[bin] > 0 ? current[bin] : EmptyShare;
            index += (c - r) * Math.Log(c / r);
        }

        return index;
    }

    /// <summary>The values that only the current sample has, and how often, most frequent first.</summary>
    public static ImmutableArray<KeyValuePair<string, long>> Unseen(IReadOnlyDictionary<string, long> reference, IReadOnlyDictionary<string, long> current) =>
        [.. current.Where(c => c.Value > 0 && !reference.ContainsKey(c.Key)).OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal)];

    private static IEnumerable<KeyValuePair<string, long>> Ordered(IReadOnlyDictionary<string, long> counts) => counts.OrderBy(c => c.Key, StringComparer.Ordinal);
}
