using System.Collections.Immutable;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Runs;

/// <summary>One execution of training code: what went in, what came out, how it ended.</summary>
/// <param name="Id">The stream; without hyphens it is MLflow's run id.</param>
public sealed record Run(Guid Id) : IFolded<Run>
{
    public static readonly ImmutableDictionary<string, string> NoText = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);
    public static readonly ImmutableDictionary<string, MetricPoint> NoMetrics = ImmutableDictionary.Create<string, MetricPoint>(StringComparer.Ordinal);

    public bool Exists { get; init; }

    public Guid ProjectId { get; init; }

    /// <summary>The experiment's number in its project, which clients know as its id.</summary>
    public long Experiment { get; init; }

    public string ExperimentName { get; init; } = "";

    public string Name { get; init; } = "";

    public string User { get; init; } = "";

    public RunStatus Status { get; init; } = RunStatus.Running;

    /// <summary>Milliseconds since 1970, as the client says.</summary>
    public long StartTime { get; init; }

    public long? EndTime { get; init; }

    /// <summary>Deleted itself.</summary>
    public bool Deleted { get; init; }

    /// <summary>Deleted with its experiment; not of this stream.</summary>
    public bool ExperimentDeleted { get; init; }

    public ImmutableDictionary<string, string> Params { get; init; } = NoText;

    public ImmutableDictionary<string, string> Tags { get; init; } = NoText;

    public ImmutableList<Input> Inputs { get; init; } = [];

    /// <summary>Logged models it made or used.</summary>
    public ImmutableList<RunModel> Models { get; init; } = [];

    /// <summary>The latest point of each metric; points are kept beside the stream.</summary>
    public ImmutableDictionary<string, MetricPoint> Metrics { get; init; } = NoMetrics;

    public bool Active => !Deleted && !ExperimentDeleted;

    public static string IdOf(Guid id) => id.ToString("N");

    public static Run Initial(Guid id) => new(id);

    public Run Evolve(object @event) => @event switch
    {
        RunCreated e => this with
        {
            Exists = true,
            ProjectId = e.ProjectId,
            Experiment = e.Experiment,
            ExperimentName = e.ExperimentName,
            Name = e.Name,
            User = e.User,
            StartTime = e.StartTime,
            Tags = Tags.SetItems(e.Tags),
        },
        ParamsLogged e => this with { Params = Params.SetItems(e.Params) },
        TagsSet e => this with { Tags = Tags.SetItems(e.Tags) },
        TagRemoved e => this with { Tags = Tags.Remove(e.Key) },
        InputsLogged e => this with { Inputs = Inputs.AddRange(e.Inputs) },
        ModelsLinked e => this with { Models = Models.AddRange(e.Models) },
        RunRenamed e => this with { Name = e.Name, Tags = Tags.SetItem(Protocol.Mlflow.RunNameTag, e.Name) },
        StatusSet e => this with { Status = e.Status, EndTime = e.EndTime },
        RunEnded e => this with { Status = e.Status, EndTime = e.EndTime },
        RunDeleted => this with { Deleted = true },
        RunRestored => this with { Deleted = false },
        _ => this,
    };

    /// <summary>The state with points taken in, of which the latest by step, then time, then value counts.</summary>
    /// <param name="points">New points.</param>
    public Run With(IReadOnlyList<MetricPoint> points)
    {
        if (points.Count == 0)
            return this;
        var metrics = Metrics.ToBuilder();
        foreach (var point in points)
        {
            if (!metrics.TryGetValue(point.Key, out var latest) || point.IsAfter(latest))
                metrics[point.Key] = point;
        }

        return this with { Metrics = metrics.ToImmutable() };
    }
}

/// <summary>MLflow's names of a run's states.</summary>
public enum RunStatus
{
    Running = 1,
    Scheduled = 2,
    Finished = 3,
    Failed = 4,
    Killed = 5,
}

/// <summary>A value of a metric at a moment and step.</summary>
/// <param name="Key">The metric.</param>
/// <param name="Value">Finite or not a number.</param>
/// <param name="Timestamp">Milliseconds since 1970.</param>
/// <param name="Step">The client's own count.</param>
public sealed record MetricPoint(string Key, double Value, long Timestamp, long Step)
{
    /// <summary>The logged model it was measured of, when the client said.</summary>
    public MeasuredModel? Model { get; init; }

    /// <summary>Whether it is later, and of the same moment larger; not-a-number counts as 0 there, as MLflow has it.</summary>
    public bool IsAfter(MetricPoint other) =>
        (Step, Timestamp, Size).CompareTo((other.Step, other.Timestamp, other.Size)) > 0;

    private double Size => double.IsNaN(Value) ? 0 : Value;
}

/// <summary>A data set a run used.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Digest">Its fingerprint.</param>
/// <param name="SourceType">What kind of place it comes from.</param>
/// <param name="Source">The place, in that kind's own words.</param>
/// <param name="Schema">MLflow's schema, when given.</param>
/// <param name="Profile">MLflow's profile, when given.</param>
/// <param name="Tags">Tags of this use of the data.</param>
public sealed record Input(
    string Name, string Digest, string SourceType, string Source, string? Schema, string? Profile, IReadOnlyDictionary<string, string> Tags)
{
    /// <summary>What the run used it for, as in <c>training</c>.</summary>
    public string? Context => Tags.GetValueOrDefault(Protocol.Mlflow.ContextTag);
}

/// <summary>A logged model that a run made or used.</summary>
/// <param name="ModelId">The model.</param>
/// <param name="Output">The run made it; otherwise it used it.</param>
/// <param name="Step">At which step it made it.</param>
public sealed record RunModel(string ModelId, bool Output, long Step);

/// <summary>A logged model that a metric was measured of.</summary>
/// <param name="ModelId">The model.</param>
/// <param name="DatasetName">On which data; may be empty.</param>
/// <param name="DatasetDigest">Their fingerprint; may be empty.</param>
public sealed record MeasuredModel(Guid ModelId, string DatasetName, string DatasetDigest);
