using System.Diagnostics;
using System.Threading.Channels;
using Npgsql;

namespace MlLifecycle.Experiments.Metrics;

/// <summary>
/// Puts the small chunks of metrics that are logged step by step together: of a hundred thousand rows of one point each, a chart would read each. A merge
/// changes nothing of what is read, now or of a past moment: each point keeps the moment at which it was recorded.
/// </summary>
internal sealed class ChunkMerger(NpgsqlDataSource source, ILogger<ChunkMerger> log) : BackgroundService
{
    /// <summary>After which share of its commits a run is looked at, by chance: nothing need be counted, nor kept over a restart.</summary>
    private const int OneIn = 256;

    private const int Fewest = 64; // chunks of a metric that are worth it
    private const int Small = 1024; // bytes
    private const int Most = 20_000; // chunks at a time
    private const int PointsOfAChunk = 8192;

    // A run that finds no room is looked at another time.
    private readonly Channel<long> _runs = Channel.CreateBounded<long>(1024);

    /// <summary>Points of a run were committed.</summary>
    /// <param name="run">Its key in the tables.</param>
    public void Notice(long run)
    {
        if (Random.Shared.Next(OneIn) == 0)
            _runs.Writer.TryWrite(run);
    }

    /// <summary>Puts the small chunks of a run's metrics together, of each metric that has many.</summary>
    /// <param name="run">The run's key in the tables.</param>
    /// <param name="cancellation">Stops it; what is not committed stays as it was.</param>
    public async Task Merge(long run, CancellationToken cancellation)
    {
        while (await MergeSome(run, cancellation) == Most)
        {
            // as long as there may be more
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var run in _runs.Reader.ReadAllAsync(stoppingToken))
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                await Merge(run, stoppingToken);
            }
            catch (Exception problem) when (problem is not OperationCanceledException)
            {
                log.LogWarning("Small chunks of the metrics of a run stay as they are for now: {Problem}", problem.Message);
            }

            // At most half of the time: the runs' own commits come first.
            await Task.Delay(Stopwatch.GetElapsedTime(began), stoppingToken);
        }
    }

    private async Task<int> MergeSome(long run, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // A purge of the run waits for this, or this finds nothing; commits to the run do not wait.
        await using (var present = new NpgsqlCommand("SELECT 1 FROM tracking.runs WHERE run = $1 FOR KEY SHARE", connection, transaction) { Parameters = { new() { Value = run } } })
        {
            if (await present.ExecuteScalarAsync(cancellation) is null)
                return 0;
        }

        var (series, count) = await Take(run, connection, transaction, cancellation);
        if (count == 0)
            return 0;
        var merged = series.SelectMany(metric =>
        {
            metric.Value.Sort();
            return metric.Value.Chunk(PointsOfAChunk).Select(points => (Series: metric.Key, Points: points));
        }).ToList();
        await using var insert = new NpgsqlCommand(
            """
            INSERT INTO tracking.chunks (series, first_ms, last_ms, recorded, points, moments)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::bytea[])
            """,
            connection,
            transaction);
        foreach (var column in (object[])
            [
                merged.Select(c => c.Series).ToArray(),
                merged.Select(c => c.Points[0].Point.Timestamp).ToArray(),
                merged.Select(c => c.Points[^1].Point.Timestamp).ToArray(),
                merged.Select(c => c.Points.Max(p => p.Recorded)).ToArray(),
                merged.Select(c => Chunk.Encode(c.Points, static p => p.Point)).ToArray(),
                merged.Select(c => Chunk.EncodeMoments(c.Points.Select(p => Chunk.Microseconds(p.Recorded)))).ToArray(),
            ])
            insert.Parameters.Add(new() { Value = column });
        await insert.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return count;
    }

    // What another instance is merging at this moment is left to it.
    private static async Task<(Dictionary<long, List<Kept>> Series, int Chunks)> Take(long run, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        await using var take = new NpgsqlCommand(
            """
            WITH small AS MATERIALIZED (
                SELECT c.ctid AS place, c.series FROM tracking.metrics m JOIN tracking.chunks c ON c.series = m.series
                WHERE m.run = $1 AND c.moments IS NULL AND octet_length(c.points) < $2 ORDER BY c.series LIMIT $3 FOR UPDATE OF c SKIP LOCKED
            ), many AS (
                SELECT series FROM small GROUP BY series HAVING count(*) >= $4
            )
            DELETE FROM tracking.chunks c WHERE c.ctid = ANY (ARRAY (SELECT place FROM small JOIN many USING (series))) RETURNING c.series, c.recorded, c.points
            """,
            connection,
            transaction)
        {
            Parameters = { new() { Value = run }, new() { Value = Small }, new() { Value = Most }, new() { Value = (long)Fewest } },
        };
        var (series, count) = (new Dictionary<long, List<Kept>>(), 0);
        var points = new List<Point>();
        await using var reader = await take.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            count++;
            points.Clear();
            Chunk.Decode(reader.GetFieldValue<byte[]>(2), points);
            var recorded = reader.GetFieldValue<DateTimeOffset>(1);
            if (!series.TryGetValue(reader.GetInt64(0), out var known))
                series.Add(reader.GetInt64(0), known = []);
            known.AddRange(points.Select(point => new Kept(point, recorded)));
        }

        return (series, count);
    }

    private readonly record struct Kept(Point Point, DateTimeOffset Recorded) : IComparable<Kept>
    {
        public int CompareTo(Kept other) => Point.CompareTo(other.Point) is not 0 and var order ? order : Recorded.CompareTo(other.Recorded);
    }
}
