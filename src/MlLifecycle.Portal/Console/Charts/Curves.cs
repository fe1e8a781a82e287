using MlLifecycle.Portal.Console.Reads;

namespace MlLifecycle.Portal.Console.Charts;

/// <summary>Metric curves as lines of a chart.</summary>
public static class Curves
{
    /// <summary>More points than a screen has columns are not seen.</summary>
    private const int Most = 1000;

    /// <summary>A curve over its steps; of a long one the lowest and highest point of each stretch, so that no spike is lost.</summary>
    public static Series Line(string name, IReadOnlyList<MetricPoint> points)
    {
        var ordered = points.OrderBy(point => point.Step).ThenBy(point => point.Timestamp).Select(point => ((double)point.Step, point.Value)).ToList();
        if (ordered.Count <= Most)
            return new(name, ordered);
        var stretch = (int)Math.Ceiling(ordered.Count / (Most / 2.0));
        return new(name, [.. ordered.Chunk(stretch).SelectMany(chunk => new[] { chunk.MinBy(p => p.Value), chunk.MaxBy(p => p.Value) }.Distinct().OrderBy(p => p.Item1))]);
    }
}
