using System.Runtime.CompilerServices;
using System.Text.Json;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Metrics;

internal sealed class MetricHistoryMessage
{
    public string? RunId { get; init; }

    public string? RunUuid { get; init; }

    public string? MetricKey { get; init; }

    public long? MaxResults { get; init; }

    public string? PageToken { get; init; }
}

/// <summary>All points of a metric, by time, then step, then value. A point that was sent twice, as a retry does, is there once.</summary>
internal sealed class MetricHistory(NpgsqlDataSource source)
{
    /// <summary>The series of a run's metric.</summary>
    /// <returns>Whether the project has the run, and the series when the run has the metric.</returns>
    public async Task<(bool Run, long? Series)> Find(Guid project, Guid run, string key, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            SELECT m.series FROM tracking.runs r JOIN tracking.experiments e ON e.experiment = r.experiment
            LEFT JOIN tracking.metrics m ON m.run = r.run AND m.key = $3 WHERE r.id = $1 AND e.project = $2
            """);
        command.Parameters.Add(new() { Value = run });
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = key });
        return await command.ExecuteScalarAsync(cancellation) switch
        {
            null => (false, null),
            long series => (true, series),
            _ => (true, null),
        };
    }

    /// <summary>The series of one metric of several runs: of those the project has, and that have the metric.</summary>
    public async Task<Dictionary<Guid, long>> Find(Guid project, IReadOnlyCollection<Guid> runs, string key, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            SELECT r.id, m.series FROM tracking.runs r JOIN tracking.experiments e ON e.experiment = r.experiment
            JOIN tracking.metrics m ON m.run = r.run AND m.key = $3 WHERE r.id = ANY($1) AND e.project = $2
            """);
        command.Parameters.Add(new() { Value = runs.ToArray() });
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = key });
        var series = new Dictionary<Guid, long>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            series[reader.GetGuid(0)] = reader.GetInt64(1);
        return series;
    }

    /// <summary>The steps of a series, in no order.</summary>
    public async Task<long[]> Steps(long series, long? from, long? to, CancellationToken cancellation) =>
        [.. (await Points(series, from, to, null, cancellation)).Select(point => point.Step).Distinct()];

    /// <summary>Points of a series by step, then time.</summary>
    /// <param name="series">The series.</param>
    /// <param name="from">Not before this step.</param>
    /// <param name="to">Not after this step.</param>
    /// <param name="steps">Only at these steps; null for all.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public async Task<IReadOnlyList<(long Step, long Timestamp, double Value)>> Points(long series, long? from, long? to, long[]? steps, CancellationToken cancellation)
    {
        var wanted = steps?.ToHashSet();
        var points = new List<(long Step, long Timestamp, double Value)>();
        var sorted = true;
        await foreach (var point in InOrder(series, null, null, cancellation))
        {
            if (point.Step < from || point.Step > to || wanted?.Contains(point.Step) == false)
                continue;
            points.Add((point.Step, point.Timestamp, point.Value));
            sorted &= points.Count == 1 || points[^2].CompareTo(points[^1]) < 0;
        }

        if (!sorted)
            points.Sort();
        return points;
    }

    /// <summary>Reads points in order.</summary>
    /// <param name="series">The metric's series.</param>
    /// <param name="key">The metric.</param>
    /// <param name="after">The point to go on after.</param>
    /// <param name="limit">At most so many; null for all.</param>
    /// <param name="until">Only what was recorded by then; null for all.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public async IAsyncEnumerable<MetricPoint> Read(
        long series,
        string key,
        MetricPoint? after,
        long? limit,
        DateTimeOffset? until,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var count = 0L;
        Point? behind = after is null ? null : new(after.Timestamp, after.Step, after.Value);
        await foreach (var point in InOrder(series, behind, until, cancellation))
        {
            if (count++ == limit)
                yield break;
            yield return new(key, point.Value, point.Timestamp, point.Step);
        }
    }

    /// <summary>Reads all points of a series chunk by chunk, in no order and those sent twice twice; each list is good until the next.</summary>
    public async IAsyncEnumerable<IReadOnlyList<Point>> Chunks(long series, DateTimeOffset? until, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var sql = new Search.Sql();
        var rows = new ChunkRows(sql, "c", until);
        await using var command = sql.On(source, $"SELECT {rows.Columns} FROM tracking.chunks c WHERE c.series = {sql.Add(series)} AND {rows.Condition}");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var points = new List<Point>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Read(reader, 0, points);
            yield return points;
        }
    }

    // Chunks come by their first time. What is earlier than the next chunk's first time is in its final order, and goes out; what overlaps waits.
    private async IAsyncEnumerable<Point> InOrder(long series, Point? after, DateTimeOffset? until, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var sql = new Search.Sql();
        var rows = new ChunkRows(sql, "c", until);
        var conditions = $"c.series = {sql.Add(series)} AND {rows.Condition}";
        if (after is { } begin)
            conditions += $" AND c.last_ms >= {sql.Add(begin.Timestamp)}";
        await using var command = sql.On(source, $"SELECT c.first_ms, {rows.Columns} FROM tracking.chunks c WHERE {conditions} ORDER BY c.first_ms");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var waiting = new PriorityQueue<Point, Point>();
        var chunk = new List<Point>();
        var last = after ?? Before;
        while (true)
        {
            var more = await reader.ReadAsync(cancellation);
            var next = more ? reader.GetInt64(0) : long.MaxValue;
            while (waiting.TryPeek(out var point, out _) && (point.Timestamp < next || !more))
            {
                waiting.Dequeue();
                if (point.CompareTo(last) > 0)
                    yield return last = point;
            }

            if (!more)
                yield break;
            rows.Read(reader, 1, chunk);
            waiting.EnqueueRange(chunk.Select(point => (point, point)));
        }
    }

    // Before every point there can be: no time is negative.
    private static Point Before => new(-1, 0, 0);
}

/// <summary>MLflow's metrics/get-history.</summary>
internal static class MetricHistorySlice
{
    private static readonly Search.Term[] Place =
        [new("timestamp_ms", Search.TermType.Whole), new("step", Search.TermType.Whole), new("value", Search.TermType.Whole)];

    public static async Task<IResult> Handle(Sent<MetricHistoryMessage> sent, Caller caller, MetricHistory history, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (Rules.Named(message.RunId, message.RunUuid, out var run) is { } badRun)
            return new Refused(badRun);
        if (string.IsNullOrEmpty(message.MetricKey))
            return new Refused(Mlflow.Missing("metric_key"));
        if (message.MaxResults < 0)
            return new Refused(Mlflow.Invalid($"Invalid value {message.MaxResults} for parameter 'max_results' supplied: it must be a positive integer."));
        var search = PageToken.Fingerprint(Run.IdOf(run), message.MetricKey);
        if (PageToken.Decode(message.PageToken, search, _ => Place.Length, out var token) is { } badToken)
            return new Refused(badToken);
        var (exists, series) = await history.Find(caller.ProjectId, run, message.MetricKey, cancellation);
        if (!exists)
            return new Refused(Mlflow.UnknownRun(Run.IdOf(run)));
        if (series is not { } known)
            return Answer.Empty;
        return new History(history, known, message.MetricKey, After(message.MetricKey, token), message.MaxResults is > 0 and var limit ? limit : null, search);
    }

    // A value travels as its bits: not-a-number has a place in the order too.
    private static MetricPoint? After(string key, PageToken? token) =>
        token?.After is [var timestamp, var step, var bits]
        && timestamp.TryGetInt64(out var t) && step.TryGetInt64(out var s) && bits.TryGetInt64(out var value)
            ? new(key, BitConverter.Int64BitsToDouble(value), t, s)
            : null;

    private sealed class History(MetricHistory history, long series, string key, MetricPoint? after, long? limit, string search) : IResult
    {
        private const int Chunk = 64 * 1024;

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = "application/json";
            await using var json = new Utf8JsonWriter(httpContext.Response.BodyWriter, WriterOptions.Relaxed);
            json.WriteStartObject();
            json.WriteStartArray("metrics");
            MetricPoint? last = null;
            var more = false;
            var count = 0L;
            await foreach (var point in history.Read(series, key, after, limit + 1, null, httpContext.RequestAborted))
            {
                if (count++ == limit)
                {
                    more = true;
                    break;
                }

                RunRecord.WriteMetric(json, last = point);
                if (json.BytesPending > Chunk)
                    await json.FlushAsync(httpContext.RequestAborted);
            }

            json.WriteEndArray();
            if (more && last is not null)
            {
                long[] place = [last.Timestamp, last.Step, BitConverter.DoubleToInt64Bits(last.Value)];
                json.WriteString("next_page_token", new PageToken(search, 0, [.. place.Select(value => JsonSerializer.SerializeToElement(value))]).Encode());
            }

            json.WriteEndObject();
        }
    }
}
