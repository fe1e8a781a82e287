using System.Globalization;
using MlLifecycle.Portal.Console.Reads;

namespace MlLifecycle.Portal.Console.Charts;

/// <summary>How curves are looked at.</summary>
/// <param name="Smoothing">0 for as they are, to below 1 for the most.</param>
/// <param name="Log">Whether equal heights are equal factors.</param>
/// <param name="Along">What lies along: step, time since the run began, or clock.</param>
public sealed record CurveView(double Smoothing, bool Log, string Along)
{
    public const double MostSmoothing = 0.99;
    public static readonly (string Along, string Title)[] Axes = [("step", "Step"), ("time", "Time since start"), ("clock", "Clock time")];
    public static readonly CurveView Usual = new(0, false, "step");

    public string XName => Along == "step" ? "step" : "";

    public Func<double, string> XFormat => Along switch
    {
        "time" => seconds => Say.Lasted(TimeSpan.FromSeconds(seconds)),
        "clock" => seconds => DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000)).UtcDateTime.ToString("d MMM HH:mm:ss", CultureInfo.InvariantCulture),
        _ => step => Say.Count((long)step),
    };

    /// <summary>As the address holds it; what is the usual is left out.</summary>
    public Dictionary<string, object?> Written => new()
    {
        ["smooth"] = Smoothing > 0 ? Smoothing.ToString("0.##", CultureInfo.InvariantCulture) : null,
        ["scale"] = Log ? "log" : null,
        ["along"] = Along == Usual.Along ? null : Along,
    };

    public static CurveView Read(string? smooth, string? scale, string? along) => new(
        double.TryParse(smooth, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) && double.IsFinite(share) ? Math.Clamp(share, 0, MostSmoothing) : 0,
        scale == "log",
        Axes.Any(axis => axis.Along == along) ? along! : Usual.Along);
}

/// <summary>Metric curves as lines of a chart.</summary>
public static class Curves
{
    /// <summary>About as many points of a curve as a screen has room for.</summary>
    public const int Sample = 600;

    /// <summary>The address of a curve that is sampled where it is stored.</summary>
    public static string Api(Address here, string run, string metric) => here.Api($"runs/{run}/metrics/{Address.Part(metric)}?sample={Sample}");

    public static Series Line(string name, MetricCurve curve, CurveView view, DateTimeOffset? began)
    {
        var start = began ?? curve.Points.Select(point => point.Timestamp).OfType<DateTimeOffset>().DefaultIfEmpty().Min();
        var raw = Placed(curve.Points, view, start);
        return view.Smoothing > 0 ? new(name, Smooth(Placed(curve.Means ?? curve.Points, view, start), view.Smoothing), raw) : new(name, raw);
    }

    private static List<(double X, double? Y)> Placed(IReadOnlyList<MetricPoint> points, CurveView view, DateTimeOffset start) =>
    [
        .. points.Select(point => (view.Along switch
        {
            "time" => point.Timestamp is { } at ? Math.Max(0, (at - start).TotalSeconds) : double.NaN,
            "clock" => point.Timestamp is { } at ? at.ToUnixTimeMilliseconds() / 1000.0 : double.NaN,
            _ => point.Step,
        }, point.Value)).Where(point => !double.IsNaN(point.Item1)).OrderBy(point => point.Item1),
    ];

    // An exponential mean that does not lean towards where it starts.
    private static List<(double X, double? Y)> Smooth(List<(double X, double? Y)> points, double share)
    {
        var smooth = new List<(double X, double? Y)>(points.Count);
        var (mean, weight) = (0.0, 0.0);
        foreach (var (x, y) in points)
        {
            if (y is { } value)
                (mean, weight) = ((share * mean) + ((1 - share) * value), (share * weight) + (1 - share));
            smooth.Add((x, y is null ? null : mean / weight));
        }

        return smooth;
    }
}
