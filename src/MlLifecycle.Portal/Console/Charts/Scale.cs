namespace MlLifecycle.Portal.Console.Charts;

/// <summary>A range of values laid on a length of 0 to 100, with round values to mark along it.</summary>
public sealed record Scale(double From, double To, IReadOnlyList<double> Marks, bool Logarithmic = false)
{
    private const int Steps = 4;

    /// <summary>Where a value lies, 0 at the beginning and 100 at the end.</summary>
    public double Of(double value) => To <= From ? 50
        : Logarithmic ? (Math.Log10(value) - Math.Log10(From)) / (Math.Log10(To) - Math.Log10(From)) * 100
        : (value - From) / (To - From) * 100;

    /// <summary>A range whose equal lengths are equal factors; it has a place for values above zero only.</summary>
    public static Scale Log(IEnumerable<double> values)
    {
        var (least, most) = Extent(values.Where(value => value > 0));
        if (least <= 0)
            (least, most) = (0.1, 1);
        var (low, high) = (Math.Floor(Math.Log10(least)), Math.Ceiling(Math.Log10(most)));
        var decades = Enumerable.Range(0, (int)(high - low) + 1).Select(i => Math.Pow(10, low + i)).ToList();
        // Within a decade or two its own marks are too few.
        var marks = decades.Count > 3 ? decades : [.. decades.SelectMany(decade => new[] { decade, 2 * decade, 5 * decade })];
        var from = marks.LastOrDefault(mark => mark <= least * (1 + 1e-9), least);
        var to = marks.FirstOrDefault(mark => mark >= most * (1 - 1e-9), most);
        var within = marks.Where(mark => mark >= from && mark <= to).ToList();
        var each = (int)Math.Ceiling(within.Count / (2.0 * Steps));
        return new(from, to > from ? to : from * 10, [.. within.Where((_, i) => i % each == 0)], true);
    }

    /// <summary>A range that holds all values and begins and ends on round ones.</summary>
    public static Scale Round(IEnumerable<double> values)
    {
        var (least, most) = Extent(values);
        if (most - least < 1e-12)
            (least, most) = least == 0 ? (0, 1) : (Math.Min(0, least), Math.Max(0, most));
        var step = Step((most - least) / Steps);
        var from = Math.Floor(least / step + 1e-9) * step;
        var to = Math.Ceiling(most / step - 1e-9) * step;
        return new(from, to, [.. Enumerable.Range(0, (int)Math.Round((to - from) / step) + 1).Select(i => Clean(from + i * step))]);
    }

    /// <summary>Exactly the range of the values.</summary>
    public static Scale Exact(IEnumerable<double> values)
    {
        var (least, most) = Extent(values);
        return new(least, most, most > least ? [least, most] : [least]);
    }

    private static (double Least, double Most) Extent(IEnumerable<double> values)
    {
        var (least, most) = (double.MaxValue, double.MinValue);
        foreach (var value in values)
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        return least > most ? (0, 1) : (least, most);
    }

    private static double Step(double rough)
    {
        var magnitude = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (rough / magnitude) switch { <= 1 => 1, <= 2 => 2, <= 2.5 => 2.5, <= 5 => 5, _ => 10 } * magnitude;
    }

    // 0.1 + 0.2 and the like.
    private static double Clean(double value) => Math.Round(value, 12);
}
