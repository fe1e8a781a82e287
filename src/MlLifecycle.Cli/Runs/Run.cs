using System.Globalization;
using System.Text.Json.Serialization;

namespace MlLifecycle.Cli.Runs;

/// <summary>A run in the suite's own terms, as its API answers and as <c>--json</c> shows it.</summary>
internal sealed record Run(
    string Id,
    string Name,
    string Experiment,
    string ExperimentId,
    string Status,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    IReadOnlyDictionary<string, string> Params,
    IReadOnlyDictionary<string, double?> Metrics,
    IReadOnlyDictionary<string, string> Tags,
    IReadOnlyList<RunInput> Inputs)
{
    /// <summary>A run as MLflow's search answers it.</summary>
    public static Run Of(FoundRun found, string experiment)
    {
        var info = found.Info;
        return new(
            info.RunId,
            info.RunName ?? "",
            experiment,
            info.ExperimentId,
            info.Status.ToLowerInvariant(),
            Time(info.StartTime),
            Time(info.EndTime),
            Pairs(found.Data?.Params),
            (found.Data?.Metrics ?? []).ToDictionary(m => m.Key, m => double.IsFinite(m.Value) ? (double?)m.Value : null, StringComparer.Ordinal),
            Pairs(found.Data?.Tags),
            [.. (found.Inputs?.DatasetInputs ?? []).Select(i => new RunInput(i.Dataset.Name, i.Dataset.Digest, i.Tags?.FirstOrDefault(t => t.Key == "mlflow.data.context")?.Value))]);
    }

    private static Dictionary<string, string> Pairs(IReadOnlyList<Pair>? pairs) => (pairs ?? []).ToDictionary(p => p.Key, p => p.Value ?? "", StringComparer.Ordinal);

    private static DateTimeOffset? Time(long? milliseconds) =>
        milliseconds is >= -62_135_596_800_000 and <= 253_402_300_799_999 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds.Value) : null;
}

/// <summary>Data that a run used.</summary>
internal sealed record RunInput(string Name, string Digest, string? Context);

/// <summary>A key with its value, as MLflow has parameters and tags.</summary>
internal sealed record Pair(string Key, string? Value);

/// <summary>A run as MLflow's protocol has it.</summary>
internal sealed record FoundRun(FoundInfo Info, FoundData? Data, FoundInputs? Inputs, FoundOutputs? Outputs);

internal sealed record FoundInfo
{
    [JsonPropertyName("run_id")]
    public string RunId { get; init; } = "";

    [JsonPropertyName("experiment_id")]
    public string ExperimentId { get; init; } = "";

    [JsonPropertyName("run_name")]
    public string? RunName { get; init; }

    [JsonPropertyName("user_id")]
    public string? UserId { get; init; }

    public string Status { get; init; } = "";

    [JsonPropertyName("start_time")]
    public long? StartTime { get; init; }

    [JsonPropertyName("end_time")]
    public long? EndTime { get; init; }

    [JsonPropertyName("artifact_uri")]
    public string? ArtifactUri { get; init; }

    [JsonPropertyName("lifecycle_stage")]
    public string? LifecycleStage { get; init; }

    [JsonIgnore]
    public bool Deleted => LifecycleStage == "deleted";

    /// <summary>Whether it has come to an end, good or bad: nothing more is to be expected of it.</summary>
    [JsonIgnore]
    public bool Ended => Status is "FINISHED" or "FAILED" or "KILLED";
}

internal sealed record FoundData(IReadOnlyList<Point>? Metrics, IReadOnlyList<Pair>? Params, IReadOnlyList<Pair>? Tags);

/// <summary>A point of a metric.</summary>
internal sealed record Point(string Key, double Value, long Timestamp, long Step);

internal sealed record FoundInputs
{
    [JsonPropertyName("dataset_inputs")]
    public IReadOnlyList<DatasetInput>? DatasetInputs { get; init; }

    [JsonPropertyName("model_inputs")]
    public IReadOnlyList<ModelReference>? ModelInputs { get; init; }
}

internal sealed record FoundOutputs
{
    [JsonPropertyName("model_outputs")]
    public IReadOnlyList<ModelReference>? ModelOutputs { get; init; }
}

internal sealed record ModelReference
{
    [JsonPropertyName("model_id")]
    public string ModelId { get; init; } = "";

    /// <summary>Of a model that the run made: at which step.</summary>
    public long? Step { get; init; }
}

internal sealed record DatasetInput(IReadOnlyList<Pair>? Tags, Data Dataset);

internal sealed record Data
{
    public string Name { get; init; } = "";

    public string Digest { get; init; } = "";

    [JsonPropertyName("source_type")]
    public string? SourceType { get; init; }

    public string? Source { get; init; }

    public string? Schema { get; init; }

    public string? Profile { get; init; }
}

/// <summary>An answer to a search for runs.</summary>
internal sealed record RunPage
{
    public IReadOnlyList<FoundRun>? Runs { get; init; }

    [JsonPropertyName("next_page_token")]
    public string? NextPageToken { get; init; }
}

/// <summary>Figures as people read them.</summary>
internal static class Figures
{
    public static string Short(double? value) => value switch
    {
        null => "",
        { } v when v == Math.Floor(v) && Math.Abs(v) < 1e9 => v.ToString("0", CultureInfo.InvariantCulture),
        { } v => v.ToString("G6", CultureInfo.InvariantCulture),
    };
}
