using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Runs;

/// <summary>What holds for every command on a run. Each check answers null when all is well.</summary>
internal static class Rules
{
    /// <summary>The run an id names.</summary>
    /// <param name="runId">MLflow's run id.</param>
    /// <param name="runUuid">The same under its old name.</param>
    /// <param name="run">The run.</param>
    public static Refusal? Named(string? runId, string? runUuid, out Guid run)
    {
        run = default;
        var id = string.IsNullOrEmpty(runId) ? runUuid : runId;
        if (string.IsNullOrEmpty(id))
            return Mlflow.Missing("run_id");
        // Ids have one spelling: other letters' cases and hyphens name no run.
        return Guid.TryParseExact(id, "N", out run) && Run.IdOf(run) == id ? null : Mlflow.UnknownRun(id.Length > 64 ? id[..64] : id);
    }

    public static Refusal? Active(Run run) => run.Active
        ? null
        : Mlflow.Invalid($"The run {Run.IdOf(run.Id)} must be in the 'active' state. Current state is deleted.");

    /// <summary>A metric as it is stored: an infinity becomes the largest number there is, as MLflow does.</summary>
    /// <param name="at">Where it stands in the request, as in <c>metrics[3].</c>; empty at its root.</param>
    /// <param name="sent">The metric as sent.</param>
    /// <param name="point">The point.</param>
    public static Refusal? Point(string at, MetricMessage sent, out MetricPoint point)
    {
        point = null!;
        if (Names.CheckKey(at + "key", sent.Key) is { } badKey)
            return badKey;
        if (sent.Value is not { } value)
            return Mlflow.Missing(at + "value");
        if (sent.Timestamp is not { } timestamp)
            return Mlflow.Missing(at + "timestamp");
        if (timestamp < 0)
            return Mlflow.Invalid($"Invalid value {timestamp} for parameter '{at}timestamp' supplied: it must be a nonnegative number of milliseconds.");
        if (double.IsInfinity(value))
            value = value > 0 ? double.MaxValue : double.MinValue;
        point = new(sent.Key!, value, timestamp, sent.Step ?? 0);
        if (!string.IsNullOrEmpty(sent.ModelId))
        {
            if (LoggedModels.LoggedModel.Parse(sent.ModelId) is not { } model)
                return LoggedModels.ChangeLoggedModelSlice.Unknown(sent.ModelId);
            point = point with { Model = new(model, sent.DatasetName ?? "", sent.DatasetDigest ?? "") };
        }

        return null;
    }

    public static Refusal? Param(string at, Entry? sent, out string value)
    {
        value = Names.Cut(sent?.Value ?? "", Names.ParamValue);
        return Names.CheckKey(at + "key", sent?.Key);
    }

    public static Refusal? Tag(string at, Entry? sent, out string value, bool ofNewRun = false)
    {
        value = Names.Cut(sent?.Value ?? "", Names.TagValue);
        return (ofNewRun ? Names.CheckFirstTag(at + "key", sent?.Key) : Names.CheckKey(at + "key", sent?.Key))
            ?? (sent?.Key == Mlflow.RunNameTag ? Names.TooLong(at + "value", value, Names.RunName) : null);
    }

    /// <summary>Tags of a request, the last of each key.</summary>
    /// <param name="sent">As sent.</param>
    /// <param name="tags">As stored.</param>
    /// <param name="ofNewRun">They come with the run's creation.</param>
    public static Refusal? Tags(IReadOnlyList<Entry>? sent, out Dictionary<string, string> tags, bool ofNewRun = false)
    {
        tags = new(StringComparer.Ordinal);
        for (var i = 0; i < sent?.Count; i++)
        {
            if (Tag($"tags[{i}].", sent[i], out var value, ofNewRun) is { } bad)
                return bad;
            tags[sent[i].Key!] = value;
        }

        return null;
    }
}

internal sealed class MetricMessage
{
    public string? RunId { get; init; }

    public string? RunUuid { get; init; }

    public string? Key { get; init; }

    public double? Value { get; init; }

    public long? Timestamp { get; init; }

    public long? Step { get; init; }

    public string? ModelId { get; init; }

    public string? DatasetName { get; init; }

    public string? DatasetDigest { get; init; }
}
