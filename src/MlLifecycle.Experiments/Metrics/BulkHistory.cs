using System.Text.Json;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Metrics;

internal sealed class BulkHistoryMessage
{
    public IReadOnlyList<string>? RunId { get; init; }

    public IReadOnlyList<string>? RunIds { get; init; }

    public string? MetricKey { get; init; }

    public long? StartStep { get; init; }

    public long? EndStep { get; init; }

    public long? MaxResults { get; init; }
}

/// <summary>One metric of several runs: all points of it, or a sample that a chart can draw.</summary>
internal static class BulkHistorySlice
{
    public const int Runs = 100;
    public const int Points = 25_000;
    public const int PointsOfARun = 2500;

    /// <summary>MLflow's metrics/get-history-bulk: run by run, each by time, up to a bound.</summary>
    public static async Task<IResult> HandleAll(Sent<BulkHistoryMessage> sent, Caller caller, MetricHistory history, CancellationToken cancellation)
    {
        var asked = sent.Message.RunId ?? sent.Message.RunIds ?? [];
        if (asked.Count == 0)
            return new Refused(Mlflow.Invalid("GetMetricHistoryBulk request must specify at least one run_id."));
        if (asked.Count > Runs)
            return new Refused(Mlflow.Invalid($"GetMetricHistoryBulk request cannot specify more than {Runs} run_ids. Received {asked.Count} run_ids."));
        if (string.IsNullOrEmpty(sent.Message.MetricKey))
            return new Refused(Mlflow.Invalid("GetMetricHistoryBulk request must specify a metric_key."));
        if (sent.Message.MaxResults is < 1)
            return new Refused(Mlflow.Invalid("Invalid value for parameter 'max_results' supplied: it must be a positive integer."));
        var (key, limit) = (sent.Message.MetricKey!, Math.Min(sent.Message.MaxResults ?? Points, Points));
        var runs = Named(asked);
        var series = await history.Find(caller.ProjectId, runs, key, cancellation);
        return new Answered(async (json, aborted) =>
        {
            var left = limit;
            foreach (var run in runs.Where(series.ContainsKey).Order())
            {
                await foreach (var point in history.Read(series[run], key, null, left, null, aborted))
                {
                    Write(json, run, point);
                    left--;
                }

                if (left == 0)
                    break;
            }
        });
    }

    /// <summary>MLflow's metrics/get-history-bulk-interval: the points at evenly spread steps, and at each run's first and last.</summary>
    public static async Task<IResult> HandleInterval(Sent<BulkHistoryMessage> sent, Caller caller, MetricHistory history, CancellationToken cancellation)
    {
        var message = sent.Message;
        var asked = message.RunIds ?? message.RunId ?? [];
        if (Check(message, asked) is { } bad)
            return new Refused(bad);
        var runs = Named(asked);
        var (key, limit) = (message.MetricKey!, (int)(message.MaxResults ?? PointsOfARun));
        var series = await history.Find(caller.ProjectId, runs, key, cancellation);
        var present = runs.Where(series.ContainsKey).ToList();
        // One run is the usual case: its points are read once. Several share their steps, and are read twice, one after the other, to hold none of them whole.
        var only = present is [var single] ? await history.Points(series[single], message.StartStep, message.EndStep, null, cancellation) : null;
        var steps = new List<long[]>();
        foreach (var run in present)
            steps.Add(only is not null ? [.. only.Select(p => p.Step)] : await history.Steps(series[run], message.StartStep, message.EndStep, cancellation));
        var sampled = Sampling.Steps(steps, limit);
        return new Answered(async (json, aborted) =>
        {
            foreach (var run in present)
            {
                var points = only?.Where(p => sampled.Contains(p.Step)) ?? await history.Points(series[run], null, null, [.. sampled], aborted);
                foreach (var point in points.Take(PointsOfARun))
                    Write(json, run, new(key, point.Value, point.Timestamp, point.Step));
            }
        });
    }

    // As in the original, a run that is none has no points.
    private static List<Guid> Named(IReadOnlyList<string> ids)
    {
        var runs = new List<Guid>();
        foreach (var id in ids.Distinct(StringComparer.Ordinal))
        {
            if (Rules.Named(id, null, out var run) is null)
                runs.Add(run);
        }

        return runs;
    }

    private static Refusal? Check(BulkHistoryMessage message, IReadOnlyList<string> asked) => message switch
    {
        _ when asked.Count == 0 => Mlflow.Missing("run_ids"),
        _ when asked.Count > Runs => Mlflow.Invalid($"GetMetricHistoryBulkInterval request must specify at most {Runs} run_ids. Received {asked.Count} run_ids."),
        { MetricKey: null or "" } => Mlflow.Missing("metric_key"),
        { MaxResults: < 1 or > PointsOfARun } => Mlflow.Invalid($"max_results must be between 1 and {PointsOfARun}. Got {message.MaxResults}."),
        { StartStep: null, EndStep: not null } or { StartStep: not null, EndStep: null } => Mlflow.Invalid("If either start step or end step are specified, both must be specified."),
        _ when message.StartStep > message.EndStep => Mlflow.Invalid($"end_step must be greater than start_step. Found start_step={message.StartStep} and end_step={message.EndStep}."),
        _ => null,
    };

    private static void Write(Utf8JsonWriter json, Guid run, MetricPoint point)
    {
        json.WriteStartObject();
        json.WriteString("key", point.Key);
        json.WritePropertyName("value");
        ProtoJson.WriteDouble(json, point.Value);
        json.WriteNumber("timestamp", point.Timestamp);
        json.WriteNumber("step", point.Step);
        json.WriteString("run_id", Run.IdOf(run));
        json.WriteEndObject();
    }

    private sealed class Answered(Func<Utf8JsonWriter, CancellationToken, Task> write) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = "application/json";
            await using var json = new Utf8JsonWriter(httpContext.Response.BodyWriter, WriterOptions.Relaxed);
            json.WriteStartObject();
            json.WriteStartArray("metrics");
            await write(json, httpContext.RequestAborted);
            json.WriteEndArray();
            json.WriteEndObject();
        }
    }
}

/// <summary>Which steps a chart gets when there are more than it can draw.</summary>
internal static class Sampling
{
    /// <summary>At most <paramref name="limit"/> steps, evenly spread over those that are there in any run, the last one, and each run's first and last.</summary>
    /// <param name="runs">The steps of each run, in any order.</param>
    /// <param name="limit">How many.</param>
    public static HashSet<long> Steps(IReadOnlyList<long[]> runs, int limit)
    {
        var all = Distinct(runs);
        if (all.Length <= limit)
            return [.. all];
        var sampled = new HashSet<long>(limit + (2 * runs.Count)) { all[^1] };
        var interval = (double)all.Length / limit;
        for (var i = 0; i < limit; i++)
            sampled.Add(all[(int)(i * interval)]);
        foreach (var run in runs.Where(run => run.Length > 0))
        {
            sampled.Add(run.Min());
            sampled.Add(run.Max());
        }

        return sampled;
    }

    private static long[] Distinct(IReadOnlyList<long[]> runs)
    {
        // Steps usually come in their order: then there is nothing to sort.
        if (runs is [var only] && IsRising(only))
            return only;
        return [.. runs.SelectMany(run => run).Distinct().Order()];
    }

    private static bool IsRising(long[] steps)
    {
        for (var i = 1; i < steps.Length; i++)
        {
            if (steps[i] <= steps[i - 1])
                return false;
        }

        return true;
    }
}
