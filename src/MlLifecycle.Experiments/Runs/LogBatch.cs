using MlLifecycle.Experiments.LoggedModels;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Runs;

/// <summary>Records parameters, tags and metric points of a run together: all of them, or with one bad entry none.</summary>
public sealed record LogBatch(IReadOnlyDictionary<string, string> Params, IReadOnlyDictionary<string, string> Tags, IReadOnlyList<MetricPoint> Points);

internal sealed class LogBatchMessage
{
    public string? RunId { get; init; }

    public IReadOnlyList<MetricMessage>? Metrics { get; init; }

    public IReadOnlyList<Entry>? Params { get; init; }

    public IReadOnlyList<Entry>? Tags { get; init; }
}

internal static class LogBatchSlice
{
    public static Decision Decide(Run run, LogBatch batch)
    {
        var parameters = LogParamSlice.Decide(run, batch.Params);
        if (parameters.Refusal is not null)
            return parameters;
        var tags = SetTagSlice.Decide(run, batch.Tags);
        return (object[])[.. parameters.Events, .. tags.Events] is { Length: > 0 } events ? Accept(events) : Nothing;
    }

    /// <summary>Checks a batch before anything of it is looked up.</summary>
    /// <param name="message">As sent.</param>
    /// <param name="batch">As it will be decided on.</param>
    public static Refusal? Check(LogBatchMessage message, out LogBatch batch)
    {
        batch = null!;
        var (metrics, parameters, tags) = (message.Metrics ?? [], message.Params ?? [], message.Tags ?? []);
        if ((TooMany("metrics", Mlflow.MetricsPerBatch, metrics.Count)
            ?? TooMany("params", Mlflow.ParamsPerBatch, parameters.Count)
            ?? TooMany("tags", Mlflow.TagsPerBatch, tags.Count)
            ?? TooMany("metrics, params, and tags", Mlflow.EntriesPerBatch, metrics.Count + parameters.Count + tags.Count)) is { } tooMany)
            return tooMany;

        var points = new MetricPoint[metrics.Count];
        for (var i = 0; i < points.Length; i++)
        {
            // The place is spelled out only for the one metric that is wrong: there are up to a thousand in a batch.
            if (Rules.Point("", metrics[i], out points[i]) is not null)
                return Rules.Point($"metrics[{i}].", metrics[i], out _);
        }

        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < parameters.Count; i++)
        {
            if (Rules.Param($"params[{i}].", parameters[i], out var value) is { } bad)
                return bad;
            if (!values.TryAdd(parameters[i].Key!, value))
                return Mlflow.Invalid($"Duplicate parameter keys have been submitted: ['{parameters[i].Key}']. Please ensure the request contains only one param value per param key.");
        }

        if (Rules.Tags(tags, out var set) is { } badTag)
            return badTag;
        batch = new(values, set, points);
        return null;

        static Refusal? TooMany(string what, int most, int count) => count <= most
            ? null
            : Mlflow.Invalid($"A batch logging request can contain at most {most} {what}. Got {count} {what}. Please split up {what} across multiple requests and try again.");
    }

    public static async Task<IResult> Handle(Sent<LogBatchMessage> sent, Caller caller, RunJournal journal, LoggedModelRows models, CancellationToken cancellation)
    {
        if (Rules.Named(sent.Message.RunId, null, out var run) is { } badRun)
            return new Refused(badRun);
        if (Check(sent.Message, out var batch) is { } bad)
            return new Refused(bad);
        if (await models.CheckMeasured(caller.ProjectId, batch.Points, cancellation) is { } unknown)
            return new Refused(unknown);
        var command = new RunCommand(run, caller.Origin, state => Decide(state, batch))
        {
            Points = batch.Points,
            Params = [.. batch.Params.Keys],
            Tags = [.. batch.Tags.Keys],
        };
        var outcome = await journal.Commit(command, cancellation);
        return outcome.Refusal is { } refusal ? new Refused(refusal) : Answer.Empty;
    }
}
