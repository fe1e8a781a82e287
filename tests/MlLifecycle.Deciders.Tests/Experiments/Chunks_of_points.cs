using CsCheck;
using MlLifecycle.Experiments.Runs;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Metrics;

public sealed class Chunks_of_points
{
    private static readonly Gen<MetricPoint> Any = Gen.Select(Gen.Double, Gen.Long, Gen.Long, (value, time, step) => new MetricPoint("loss", value, time, step));

    [Fact]
    public void give_back_every_point_as_it_was_in_its_order() => Any.List[0, 200].Sample(points => Read(Chunk.Encode(points)).SequenceEqual(points.Select(Stored)));

    [Fact]
    public void hold_the_ends_of_what_there_is()
    {
        MetricPoint[] points =
        [
            new("m", double.MaxValue, long.MaxValue, long.MinValue), new("m", double.MinValue, 0, long.MaxValue), new("m", double.NaN, long.MaxValue, 0), new("m", -0.0, 0, 0),
        ];
        Read(Chunk.Encode(points)).ShouldBe(points.Select(Stored));
    }

    [Fact]
    public void are_small_where_times_and_steps_rise_evenly()
    {
        var points = Enumerable.Range(0, 1000).Select(i => new MetricPoint("m", i * 0.1, 1_700_000_000_000 + (i * 10), i)).ToList();
        Chunk.Encode(points).Length.ShouldBeLessThan(11 * points.Count);
    }

    [Fact]
    public void keep_points_in_one_order_by_time_step_and_value() => Gen.Select(Any, Any, Any).Sample((a, b, c) =>
    {
        Point[] sorted = [.. new[] { Stored(a), Stored(b), Stored(c) }.Order()];
        return sorted.Zip(sorted.Skip(1)).All(pair => (pair.First.Timestamp, pair.First.Step).CompareTo((pair.Second.Timestamp, pair.Second.Step)) <= 0);
    });

    [Fact]
    public void put_together_know_when_each_point_was_recorded() => Gen.Select(Any, Gen.Long[0, 4_000_000_000_000_000]).List[1, 50].Select(Gen.Int[0, 49]).Sample((kept, pick) =>
    {
        var until = kept[pick % kept.Count].Item2;
        var then = new List<Point>();
        Chunk.Decode(Chunk.Encode([.. kept.Select(k => k.Item1)]), Chunk.EncodeMoments(kept.Select(k => k.Item2)), DateTimeOffset.UnixEpoch.AddTicks(until * 10), then);
        return then.SequenceEqual(kept.Where(k => k.Item2 <= until).Select(k => Stored(k.Item1)));
    });

    private static Point Stored(MetricPoint point) => new(point.Timestamp, point.Step, point.Value);

    private static List<Point> Read(byte[] chunk)
    {
        var points = new List<Point>();
        Chunk.Decode(chunk, points);
        return points;
    }
}
