using MlLifecycle.ServiceDefaults.Http;
using Npgsql;

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
    private Raw? _first;
    private Raw? _last;

    private SampledCurve(long from, long to, int stretches)
    {
        _from = from;
        _stretch = Math.Max(1, ((double)to - from + 1) / stretches);
        _stretches = new Stretch[stretches];
    }

    /// <summary>Reads a series once, whatever its length, and holds no more of it than is answered.</summary>
    /// <param name="source">The database.</param>
    /// <param name="series">The metric's series.</param>
    /// <param name="key">The metric.</param>
    /// <param name="points">About how many points to answer with.</param>
    /// <param name="at">Only what was recorded by then.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static async Task<MetricView> Read(NpgsqlDataSource source, long series, string key, int points, At at, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var extent = On(connection, "count(*), min(step), max(step)", series, at);
        long total, from, to;
        await using (var reader = await extent.ExecuteReaderAsync(cancellation))
        {
            await reader.ReadAsync(cancellation);
            if ((total = reader.GetInt64(0)) == 0)
                return new(key, [], 0);
            (from, to) = (reader.GetInt64(1), reader.GetInt64(2));
        }

        await using var all = On(connection, "step, timestamp_ms, value", series, at);
        await using var rows = await all.ExecuteReaderAsync(cancellation);
        if (total <= points)
        {
            var whole = new HashSet<Raw>();
            while (await rows.ReadAsync(cancellation))
                whole.Add(new(rows.GetInt64(0), rows.GetInt64(1), rows.GetDouble(2)));
            return new(key, [.. Ordered(whole)], total);
        }

        var curve = new SampledCurve(from, to, Math.Max(1, points / 2));
        while (await rows.ReadAsync(cancellation))
            curve.Take(new(rows.GetInt64(0), rows.GetInt64(1), rows.GetDouble(2)));
        var met = curve._stretches.Where(stretch => stretch.Count > 0).ToList();
        return new(
            key,
            [.. Ordered(met.SelectMany(stretch => new[] { stretch.Low, stretch.High }).Concat(curve.Ends).Distinct())],
            total,
            [.. met.Select(stretch => stretch.Mean)]);
    }

    private IEnumerable<Raw> Ends => new[] { _first, _last }.OfType<Raw>();

    private static NpgsqlCommand On(NpgsqlConnection connection, string columns, long series, At at)
    {
        var command = connection.CreateCommand();
        command.CommandText = $"SELECT {columns} FROM tracking.points WHERE series = $1";
        command.Parameters.Add(new() { Value = series });
        if (at.Time is { } time)
        {
            command.CommandText += " AND recorded <= $2";
            command.Parameters.Add(new() { Value = time.UtcDateTime });
        }

        return command;
    }

    private static IEnumerable<PointView> Ordered(IEnumerable<Raw> points) =>
        points.OrderBy(p => p.Step).ThenBy(p => p.Timestamp).ThenBy(p => p.Value).Select(p => p.View);

    private void Take(Raw point)
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

    private readonly record struct Raw(long Step, long Timestamp, double Value)
    {
        public PointView View => new(Step, RunView.Time(Timestamp), PointView.Finite(Value));
    }

    private struct Stretch
    {
        private double _sum;
        private double _steps;
        private double _times;

        public long Count { get; private set; }

        public Raw Low { get; private set; }

        public Raw High { get; private set; }

        public readonly PointView Mean => new((long)(_steps / Count), RunView.Time((long)(_times / Count)), PointView.Finite(_sum / Count));

        public void Add(Raw point)
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
