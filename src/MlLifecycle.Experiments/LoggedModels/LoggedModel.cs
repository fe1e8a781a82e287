using System.Collections.Immutable;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.LoggedModels;

/// <summary>A model that training code logged: a thing of its own since MLflow 3, beside the run that made it.</summary>
/// <param name="Id">The stream; behind <c>m-</c> it is MLflow's model id.</param>
public sealed record LoggedModel(Guid Id) : IFolded<LoggedModel>
{
    private static readonly ImmutableDictionary<string, string> None = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    public bool Exists { get; init; }

    public bool Deleted { get; init; }

    public Guid ProjectId { get; init; }

    /// <summary>The experiment's number in its project.</summary>
    public long Experiment { get; init; }

    public string Name { get; init; } = "";

    public string ModelType { get; init; } = "";

    public string SourceRun { get; init; } = "";

    public string ArtifactUri { get; init; } = "";

    public string Creator { get; init; } = "";

    public LoggedModelStatus Status { get; init; } = LoggedModelStatus.LoggedModelPending;

    /// <summary>Milliseconds since 1970.</summary>
    public long Created { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public long Updated { get; init; }

    public ImmutableDictionary<string, string> Params { get; init; } = None;

    public ImmutableDictionary<string, string> Tags { get; init; } = None;

    public bool Active => Exists && !Deleted;

    public static LoggedModel Initial(Guid id) => new(id);

    public static string IdOf(Guid id) => "m-" + id.ToString("N");

    public static Guid? Parse(string? id) =>
        id is ['m', '-', ..] && Guid.TryParseExact(id[2..], "N", out var model) && IdOf(model) == id ? model : null;

    public LoggedModel Evolve(object @event) => @event switch
    {
        LoggedModelCreated e => this with
        {
            Exists = true,
            ProjectId = e.ProjectId,
            Experiment = e.Experiment,
            Name = e.Name,
            ModelType = e.ModelType,
            SourceRun = e.SourceRun,
            ArtifactUri = e.ArtifactUri,
            Creator = e.Creator,
            Created = e.Time,
            Updated = e.Time,
            Params = Params.SetItems(e.Params),
            Tags = Tags.SetItems(e.Tags),
        },
        LoggedModelFinalized e => this with { Status = e.Status, Updated = e.Time },
        LoggedModelParamsLogged e => this with { Params = Params.SetItems(e.Params), Updated = e.Time },
        LoggedModelTagsSet e => this with { Tags = Tags.SetItems(e.Tags), Updated = e.Time },
        LoggedModelTagRemoved e => this with { Tags = Tags.Remove(e.Key), Updated = e.Time },
        LoggedModelDeleted e => this with { Deleted = true, Updated = e.Time },
        _ => this,
    };
}

/// <summary>MLflow's names of a logged model's states.</summary>
public enum LoggedModelStatus
{
    LoggedModelPending = 1,
    LoggedModelReady = 2,
    LoggedModelUploadFailed = 3,
}

public sealed record LoggedModelCreated(
    Guid ProjectId,
    long Experiment,
    string Name,
    string ModelType,
    string SourceRun,
    string ArtifactUri,
    string Creator,
    long Time,
    IReadOnlyDictionary<string, string> Params,
    IReadOnlyDictionary<string, string> Tags);

public sealed record LoggedModelFinalized(LoggedModelStatus Status, long Time);

public sealed record LoggedModelParamsLogged(IReadOnlyDictionary<string, string> Params, long Time);

public sealed record LoggedModelTagsSet(IReadOnlyDictionary<string, string> Tags, long Time);

public sealed record LoggedModelTagRemoved(string Key, long Time);

public sealed record LoggedModelDeleted(long Time);
