using System.Globalization;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>Names and figures in sentences.</summary>
public static class Listed
{
    private const int Most = 4;

    /// <summary><c>a</c>, <c>a and b</c>, <c>a, b and c</c>, <c>a, b, c and 5 more</c>.</summary>
    public static string Of(IEnumerable<string> names)
    {
        var all = names.ToList();
        if (all.Count <= 1)
            return all.Count == 0 ? "nothing" : all[0];
        return all.Count <= Most
            ? $"{string.Join(", ", all[..^1])} and {all[^1]}"
            : $"{string.Join(", ", all[..(Most - 1)])} and {all.Count - Most + 1} more";
    }

    public static string Figure(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture).Replace(',', ' ');
}
