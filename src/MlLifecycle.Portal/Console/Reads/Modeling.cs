using System.Text.Json.Serialization;

namespace MlLifecycle.Portal.Console.Reads;

// What Experiments and error analysis answer, as far as the pages show it.

public sealed record RunInput(string Name, string Digest, string? Context);

public sealed record Run(
    string Id, string Name, string Experiment, string ExperimentId, string Status, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, string? Algorithm, IReadOnlyDictionary<string, string> Params,
    IReadOnlyDictionary<string, double?> Metrics, IReadOnlyDictionary<string, string> Tags, IReadOnlyList<RunInput> Inputs);

public sealed record MetricPoint(long Step, DateTimeOffset? Timestamp, double? Value);

/// <summary>A curve; of a long one the lowest and highest point of each stretch, and its means.</summary>
public sealed record MetricCurve(string Key, IReadOnlyList<MetricPoint> Points, long? Total = null, IReadOnlyList<MetricPoint>? Means = null);

/// <summary>The ids of all runs found, in their order.</summary>
public sealed record RunIndex(IReadOnlyList<string> Ids, bool More);

public sealed record RunKeys(IReadOnlyList<string> Metrics, IReadOnlyList<string> Params, IReadOnlyList<string> Tags);

public sealed record Experiment([property: JsonPropertyName("experiment_id")] string Id, string Name);

public sealed record Experiments([property: JsonPropertyName("experiments")] IReadOnlyList<Experiment>? Items);

/// <summary>A file of a run, or a folder of them; its path is from the run's root.</summary>
public sealed record Artifact(string Path, [property: JsonPropertyName("is_dir")] bool IsFolder, [property: JsonPropertyName("file_size")] long? Size)
{
    public string Name => Path[(Path.LastIndexOf('/') + 1)..];
}

public sealed record Artifacts([property: JsonPropertyName("files")] IReadOnlyList<Artifact>? Items);

public sealed record ModelVersion(int Version, string? RunId, string Source, string Stage, string Status, DateTimeOffset? CreatedAt);

public sealed record Model(string Name, IReadOnlyDictionary<string, int> Aliases, IReadOnlyList<ModelVersion> Versions);

public sealed record ModelVersionDetail(
    int Version, string? RunId, string Source, string Stage, string Status, DateTimeOffset? CreatedAt, string Description, IReadOnlyDictionary<string, string> Tags,
    IReadOnlyList<string> Aliases);

/// <summary>Something that was done to a model: by whom, when, and what stood there before.</summary>
public sealed record ModelHistoryEntry(DateTimeOffset At, string Actor, string What, int? Version, string? Label, string? Before);

public sealed record ModelDetail(
    string Name, string Description, IReadOnlyDictionary<string, string> Tags, IReadOnlyDictionary<string, int> Aliases, IReadOnlyList<ModelVersionDetail> Versions,
    IReadOnlyList<ModelHistoryEntry> History);

public sealed record EvaluationLine(
    Guid Id, string Name, string? Run, string? Dataset, int? Version, long Examples, long Errors, double Accuracy, long RefusedRows, DateTimeOffset CreatedAt, string CreatedBy);

public sealed record TagRow(
    string Tag, long Examples, long Errors, double ShareOfErrors, double ErrorRate, double Accuracy, double Prevalence, double? HumanLevel, double? Room, double? Gain, double? Ease,
    double? Importance, string? Priority, bool Open, string? Notes);

/// <summary>What somebody says of a tag; what is null stays as it is.</summary>
public sealed record TagJudgement(double? HumanLevel = null, double? Ease = null, double? Importance = null, string? Priority = null, bool? Open = null, string? Notes = null);

public sealed record RankedTag(string Tag, double Score, int Rank, string Reason);

public sealed record RankedTags(IReadOnlyList<RankedTag> Items);

public sealed record ConfusedPair(string Label, string Prediction, long Count, double Share);

public sealed record Confusion(IReadOnlyList<string> Labels, IReadOnlyList<IReadOnlyList<long>> Counts, IReadOnlyList<ConfusedPair> Pairs, string? Note);

public sealed record TagFigures(long Examples, long Errors, double ErrorRate, double Accuracy);

public sealed record TagChange(string Tag, TagFigures? Before, TagFigures? After, double? ErrorRateChange, bool Regressed, double? PValue, bool Significant);

public sealed record ComparedEvaluation(Guid Id, string Name, double Accuracy);

public sealed record EvaluationComparison(ComparedEvaluation Before, ComparedEvaluation After, double AccuracyChange, int Regressions, IReadOnlyList<TagChange> Items);
