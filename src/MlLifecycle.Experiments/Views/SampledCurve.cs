using MlLifecycle.Experiments.Metrics;
using MlLifecycle.ServiceDefaults.Http;

namespace MlLifecycle.Experiments.Views;

/// <summary>
/// A curve of any length in as many points as a screen shows: the steps are cut into stretches of equal length, and of each the lowest and the highest
/// point are kept, so that no spike is lost, with the very first and last, and the mean, which smoothing works on.
/// </summary>
internal sealed class SampledCurve
{
    private readonly long _from;
    private readonly double _stretch;
    private readonly Stretch[] _stretches;
    private Point? _first;
    private Point? _last;

    private SampledCurve(long from, long to, int stretches)
    {
        _from = from;
        _stretch = Math.Max(1, ((double)to - from + 1) / stretches);
        _stretches = new Stretch[stretches];
    }

    /// <summary>Reads a series twice, whatever its length, and holds no more of it than is answered.</summary>
    /// <param name="history">The points.</param>
    /// <param name="series">The metric's series.</param>
    /// <param name="key">The metric.</param>
    /// <param name="points">About how many points to answer with.</param>
    /// <param name="at">Only what was recorded by then.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static async Task<MetricView> Read(MetricHistory history, long series, string key, int points, At at, CancellationToken cancellation)
    {
        var (total, from, to) = (0L, long.MaxValue, long.MinValue);
        await foreach (var chunk in history.Chunks(series, at.Time, cancellation))
        {
            total += chunk.Count;
            foreach (var point in chunk)
                (from, to) = (Math.Min(from, point.Step), Math.Max(to, point.Step));
        }

        if (total <= points)
        {
            var whole = new HashSet<Point>();
            await foreach (var chunk in history.Chunks(series, at.Time, cancellation))
                whole.UnionWith(chunk);
            return new(key, [.. Ordered(whole)], total);
        }

        var curve = new SampledCurve(from, to, Math.Max(1, points / 2));
        await foreach (var chunk in history.Chunks(series, at.Time, cancellation))
        {
            foreach (var point in chunk)
                curve.Take(point);
        }

        var met = curve._stretches.Where(stretch => stretch.Count > 0).ToList();
        return new(
            key,
            [.. Ordered(met.SelectMany(stretch => new[] { stretch.Low, stretch.High }).Concat(curve.Ends).Distinct())],
            total,
            [.. met.Select(stretch => stretch.Mean)]);
    }

    private IEnumerable<Point> Ends => new[] { _first, _last }.OfType<Point>();

    private static IEnumerable<PointView> Ordered(IEnumerable<Point> points) =>
        points.OrderBy(p => p.Step).ThenBy(p => p.Timestamp).ThenBy(p => p.Value).Select(p => new PointView(p.Step, RunView.Time(p.Timestamp), PointView.Finite(p.Value)));

    private void Take(Point point)
    {
        // What is not a number has no place on a chart; a curve that is nothing else stays empty.
        if (!double.IsFinite(point.Value))
            return;
        if (_first is not { } first || point.Step < first.Step)
            _first = point;
        if (_last is not { } last || point.Step > last.Step)
            _last = point;
        ref var stretch = ref _stretches[Math.Min(_stretches.Length - 1, (int)(((double)point.Step - _from) / _stretch))];
        stretch.Add(point);
    }

    private struct Stretch
    {
        private double _sum;
        private double _steps;
        private double _times;

        public long Count { get; private set; }

        public Point Low { get; private set; }

        public Point High { get; private set; }

        public readonly PointView Mean => new((long)(_steps / Count), RunView.Time((long)(_times / Count)), PointView.Finite(_sum / Count));

        public void Add(Point point)
        {
            if (Count == 0 || point.Value < Low.Value)
                Low = point;
            if (Count == 0 || point.Value > High.Value)
                High = point;
            Count++;
            _sum += point.Value;
            _steps += point.Step;
            _times += point.Timestamp;
        }
    }
}
