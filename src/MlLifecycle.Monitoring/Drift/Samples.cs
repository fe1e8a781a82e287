namespace MlLifecycle.Monitoring.Drift;

/// <summary>Two samples of numbers compared. Both are sorted, so that no figure depends on the order in which the values came.</summary>
public static class Samples
{
    /// <summary>A standard deviation below this counts as this: a constant column has no scale of its own.</summary>
    public const double LeastDeviation = 0.001;

    /// <summary>The largest distance between the two empirical distribution functions, and its asymptotic p (Kolmogorov–Smirnov, two samples).</summary>
    public static (double D, double P) KolmogorovSmirnov(ReadOnlySpan<double> reference, ReadOnlySpan<double> current)
    {
        var d = 0.0;
        int r = 0, c = 0;
        while (r < reference.Length && c < current.Length)
        {
            var at = Math.Min(reference[r], current[c]);
            r = Past(reference, r, at);
            c = Past(current, c, at);
            d = Math.Max(d, Math.Abs(((double)r / reference.Length) - ((double)c / current.Length)));
        }

        var effective = (double)reference.Length * current.Length / ((double)reference.Length + current.Length);
        return (d, Probability.KolmogorovTail(d * Math.Sqrt(effective)));
    }

    /// <summary>The area between the two empirical distribution functions (Wasserstein distance of order 1), in the column's unit.</summary>
    public static double Wasserstein(ReadOnlySpan<double> reference, ReadOnlySpan<double> current)
    {
        var area = 0.0;
        int r = 0, c = 0;
        var at = Math.Min(reference[0], current[0]);
        while (r < reference.Length || c < current.Length)
        {
            r = Past(reference, r, at);
            c = Past(current, c, at);
            if (r == reference.Length && c == current.Length)
                break;
            var next = r == reference.Length ? current[c] : c == current.Length ? reference[r] : Math.Min(reference[r], current[c]);
            area += (next - at) * Math.Abs(((double)r / reference.Length) - ((double)c / current.Length));
            at = next;
        }

        return area;
    }

    public static double Mean(ReadOnlySpan<double> sorted)
    {
        var sum = 0.0;
        foreach (var value in sorted)
            sum += value;
        return sum / sorted.Length;
    }

    /// <summary>The standard deviation of the values as a population (divided by n).</summary>
    public static double Deviation(ReadOnlySpan<double> sorted)
    {
        var mean = Mean(sorted);
        var squares = 0.0;
        foreach (var value in sorted)
            squares += (value - mean) * (value - mean);
        return Math.Sqrt(squares / sorted.Length);
    }

    /// <summary>A quantile, interpolated linearly between neighbours.</summary>
    public static double Quantile(ReadOnlySpan<double> sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var below = (int)Math.Floor(place);
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }

    /// <summary>How many different values there are, counted up to a limit.</summary>
    public static int Different(ReadOnlySpan<double> sorted, int most)
    {
        var different = 0;
        for (var i = 0; i < sorted.Length && different < most; i++)
        {
            if (i == 0 || sorted[i] != sorted[i - 1])
                different++;
        }

        return different;
    }

    private static int Past(ReadOnlySpan<double> sorted, int from, double value)
    {
        while (from < sorted.Length && sorted[from] <= value)
            from++;
        return from;
    }
}
