using System.Globalization;
using Marten;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Metrics;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Views;

/// <summary>A run in the suite's own terms.</summary>
public sealed record RunView(
    string Id,
    string Name,
    string Experiment,
    string ExperimentId,
    string Status,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    string? Algorithm,
    IReadOnlyDictionary<string, string> Params,
    IReadOnlyDictionary<string, double?> Metrics,
    IReadOnlyDictionary<string, string> Tags,
    IReadOnlyList<RunInputView> Inputs)
{
    internal static RunView Of(RunRecord run)
    {
        var parameters = run.Params.ToDictionary(StringComparer.Ordinal);
        var tags = run.Tags.ToDictionary(StringComparer.Ordinal);
        return new(
            Run.IdOf(run.Id),
            run.Name,
            run.ExperimentName,
            run.Experiment.ToString(CultureInfo.InvariantCulture),
            run.Status.ToLowerInvariant(),
            Time(run.StartTime),
            run.EndTime is { } end ? Time(end) : null,
            parameters.GetValueOrDefault("algorithm") ?? tags.GetValueOrDefault("algorithm"),
            parameters,
            run.Metrics.ToDictionary(m => m.Key, m => PointView.Finite(m.Value), StringComparer.Ordinal),
            tags,
            [.. run.Inputs.Select(i => new RunInputView(i.Name, i.Digest, i.Context))]);
    }

    /// <summary>A client's milliseconds as a time; null when no calendar has it.</summary>
    internal static DateTimeOffset? Time(long milliseconds) =>
        milliseconds is >= -62_135_596_800_000 and <= 253_402_300_799_999 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
}

/// <summary>Data a run used.</summary>
public sealed record RunInputView(string Name, string Digest, string? Context);

/// <summary>One point of a metric.</summary>
public sealed record PointView(long Step, DateTimeOffset? Timestamp, double? Value)
{
    /// <summary>JSON has no not-a-number: it becomes null.</summary>
    internal static double? Finite(double value) => double.IsFinite(value) ? value : null;
}

/// <summary>The points of a metric: all of them, or a sample when one was asked for.</summary>
/// <param name="Key">The metric.</param>
/// <param name="Points">By time; a sample by step.</param>
/// <param name="Total">How many there are; null when no sample was asked for.</param>
/// <param name="Means">The mean of each stretch of a sample; null when the points are all there are.</param>
public sealed record MetricView(string Key, IReadOnlyList<PointView> Points, long? Total = null, IReadOnlyList<PointView>? Means = null);

/// <summary>The project's runs, now or as they were known at a moment.</summary>
internal static class ReadRuns
{
    /// <summary>As many points as are answered at once; curves of more are read through MLflow's own paging.</summary>
    private const int MostPoints = 25_000;

    public static async Task<IResult> List(
        string? experiment, string? filter, int? limit, string? after, At at, Caller caller, ExperimentRows experiments, RunSearch search, RunReader reader, PastRuns past, CancellationToken cancellation)
    {
        IReadOnlyList<string> ids;
        if (string.IsNullOrEmpty(experiment))
            ids = await experiments.AllIds(caller.ProjectId, cancellation);
        else
        {
            var named = await experiments.FindByName(caller.ProjectId, experiment, cancellation) ?? await experiments.Find(caller.ProjectId, experiment, cancellation);
            if (named is null)
                return new Refused(UnknownExperiment(experiment));
            ids = [named.Id];
        }

        var view = at.Time is null ? ViewType.ActiveOnly : ViewType.All;
        var (refusal, page) = await search.Find(caller.ProjectId, ids, filter, view, [], Cursor.Limit(limit), after, cancellation);
        if (refusal is not null)
            return new Refused(Decision.InvalidInput(refusal.Detail.Contains("page token", StringComparison.Ordinal) ? "after" : "filter", "is not understood. " + refusal.Detail));
        var runs = await reader.Many([.. page.Runs.Select(run => run.Key)], cancellation);
        if (at.Time is { } time)
            runs = await past.Of(runs, time, cancellation);
        return TypedResults.Ok(new Page<RunView>([.. runs.Select(RunView.Of)], page.Next));
    }

    public static async Task<IResult> One(string id, At at, Caller caller, RunReader reader, PastRuns past, IQuerySession session, HttpContext http, CancellationToken cancellation)
    {
        if (Rules.Named(id, null, out var run) is not null || await reader.One(caller.ProjectId, run, cancellation) is not { } record)
            return new Refused(Unknown(id));
        if (at.Time is { } time)
            return await past.Of([record], time, cancellation) is [var then] ? TypedResults.Ok(RunView.Of(then)) : new Refused(Unknown(id));
        if (await session.Events.FetchStreamStateAsync(run, cancellation) is { } stream)
            http.Response.Headers.ETag = $"\"{stream.Version}\"";
        return TypedResults.Ok(RunView.Of(record));
    }

    public static async Task<IResult> Metric(string id, string key, int? sample, At at, Caller caller, MetricHistory history, CancellationToken cancellation)
    {
        if (sample is < 2 or > MostPoints)
            return new Refused(Decision.InvalidInput("sample", $"must be from 2 to {MostPoints} points."));
        if (Rules.Named(id, null, out var run) is not null)
            return new Refused(Unknown(id));
        var (exists, series) = await history.Find(caller.ProjectId, run, key, cancellation);
        if (!exists)
            return new Refused(Unknown(id));
        if (series is not { } known)
            return new Refused(new(404, "metric-unknown", $"The run has no metric {key}."));
        if (sample is { } about)
            return TypedResults.Ok(await SampledCurve.Read(history, known, key, about, at, cancellation));
        var points = new List<PointView>();
        await foreach (var point in history.Read(known, key, null, MostPoints, at.Time, cancellation))
            points.Add(new(point.Step, RunView.Time(point.Timestamp), PointView.Finite(point.Value)));
        return TypedResults.Ok(new MetricView(key, points));
    }

    internal static Refusal UnknownExperiment(string experiment) => new(404, "experiment-unknown", $"The project has no experiment {experiment}, by name or by id.");

    private static Refusal Unknown(string id) => new(404, "run-unknown", $"The project has no run {id}.");
}
