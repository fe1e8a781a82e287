using System.Buffers.Binary;
using MlLifecycle.Experiments.Runs;

namespace MlLifecycle.Experiments.Metrics;

/// <summary>
/// The points of one metric that one commit brought, as a string of bytes: for each the difference of its time and of its step to the point before as zigzag variable-length
/// integers, then the value as it is, little-endian. Ten to eleven bytes a point where times and steps rise evenly; a row and an index entry for each would be a hundred.
/// </summary>
internal static class Chunk
{
    private const int MostBytesOfAPoint = 10 + 10 + 8;

    public static byte[] Encode(IReadOnlyList<MetricPoint> points) => Encode(points, static point => new(point.Timestamp, point.Step, point.Value));

    public static byte[] Encode<T>(IReadOnlyList<T> points, Func<T, Point> read)
    {
        var buffer = new byte[points.Count * MostBytesOfAPoint];
        var at = 0;
        var (time, step) = (0L, 0L);
        foreach (var point in points.Select(read))
        {
            // Differences of any two 64-bit numbers wrap round, and wrap back when they are added again.
            at = Write(buffer, at, unchecked(point.Timestamp - time));
            at = Write(buffer, at, unchecked(point.Step - step));
            BinaryPrimitives.WriteDoubleLittleEndian(buffer.AsSpan(at), point.Value);
            at += sizeof(double);
            (time, step) = (point.Timestamp, point.Step);
        }

        return buffer[..at];
    }

    /// <summary>Adds the points of a chunk, in the order in which they came.</summary>
    public static void Decode(ReadOnlySpan<byte> chunk, List<Point> points)
    {
        var at = 0;
        var (time, step) = (0L, 0L);
        while (at < chunk.Length)
        {
            time = unchecked(time + Read(chunk, ref at));
            step = unchecked(step + Read(chunk, ref at));
            points.Add(new(time, step, BinaryPrimitives.ReadDoubleLittleEndian(chunk[at..])));
            at += sizeof(double);
        }
    }

    /// <summary>Adds those points of a chunk put together that were recorded by a moment.</summary>
    /// <param name="chunk">The points.</param>
    /// <param name="moments">When each was recorded, as <see cref="EncodeMoments"/> writes it.</param>
    /// <param name="until">The moment.</param>
    /// <param name="points">Where they are added.</param>
    public static void Decode(ReadOnlySpan<byte> chunk, ReadOnlySpan<byte> moments, DateTimeOffset until, List<Point> points)
    {
        var all = new List<Point>();
        Decode(chunk, all);
        var (at, moment) = (0, 0L);
        foreach (var point in all)
        {
            moment = unchecked(moment + Read(moments, ref at));
            if (moment <= Microseconds(until))
                points.Add(point);
        }
    }

    /// <summary>Moments, in microseconds since 1970, as differences to the one before.</summary>
    public static byte[] EncodeMoments(IEnumerable<long> moments)
    {
        var buffer = new List<byte>();
        Span<byte> one = stackalloc byte[10];
        var last = 0L;
        foreach (var moment in moments)
        {
            buffer.AddRange(one[..Write(one, 0, unchecked(moment - last))]);
            last = moment;
        }

        return [.. buffer];
    }

    /// <summary>Since 1970; the resolution of the database.</summary>
    public static long Microseconds(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static int Write(Span<byte> buffer, int at, long number)
    {
        var left = unchecked((ulong)(number << 1) ^ (ulong)(number >> 63));
        while (left >= 0x80)
        {
            buffer[at++] = (byte)(left | 0x80);
            left >>= 7;
        }

        buffer[at++] = (byte)left;
        return at;
    }

    private static long Read(ReadOnlySpan<byte> chunk, ref int at)
    {
        var (number, shift) = (0UL, 0);
        byte part;
        do
        {
            part = chunk[at++];
            number |= (ulong)(part & 0x7F) << shift;
            shift += 7;
        }
        while (part >= 0x80);
        return unchecked((long)(number >> 1) ^ -(long)(number & 1));
    }
}

/// <summary>A point of a known metric, ordered by time, then step, then value.</summary>
internal readonly record struct Point(long Timestamp, long Step, double Value) : IComparable<Point>
{
    public int CompareTo(Point other)
    {
        var time = Timestamp.CompareTo(other.Timestamp);
        if (time != 0)
            return time;
        var step = Step.CompareTo(other.Step);
        return step != 0 ? step : Value.CompareTo(other.Value);
    }
}
