namespace MlLifecycle.Experiments.Runs;

public sealed record RunCreated(
    Guid ProjectId,
    long Experiment,
    string ExperimentName,
    string Name,
    string User,
    long StartTime,
    IReadOnlyDictionary<string, string> Tags);

public sealed record ParamsLogged(IReadOnlyDictionary<string, string> Params);

public sealed record TagsSet(IReadOnlyDictionary<string, string> Tags);

public sealed record TagRemoved(string Key);

public sealed record InputsLogged(IReadOnlyList<Input> Inputs);

public sealed record ModelsLinked(IReadOnlyList<RunModel> Models);

public sealed record RunRenamed(string Name);

/// <summary>The run is scheduled, or running (again).</summary>
/// <param name="Status">Which of the two.</param>
/// <param name="EndTime">MLflow keeps an end time that was given before.</param>
public sealed record StatusSet(RunStatus Status, long? EndTime);

/// <summary>The run came to an end, with all of it that others want to hear of.</summary>
/// <param name="RunId">MLflow's run id.</param>
/// <param name="Status">FINISHED, FAILED or KILLED.</param>
/// <param name="EndTime">Milliseconds since 1970, when the client said.</param>
/// <param name="Name">Its name.</param>
/// <param name="Experiment">The experiment's name.</param>
/// <param name="Algorithm">The parameter or tag of that name.</param>
/// <param name="Params">Its parameters, up to a bound.</param>
/// <param name="Metrics">The last finite value of each metric, up to a bound.</param>
/// <param name="Inputs">The data it used.</param>
public sealed record RunEnded(
    string RunId,
    RunStatus Status,
    long? EndTime,
    string Name,
    string Experiment,
    string? Algorithm,
    IReadOnlyDictionary<string, string> Params,
    IReadOnlyDictionary<string, double> Metrics,
    IReadOnlyList<UsedData> Inputs);

/// <summary>Which data, and what for.</summary>
/// <param name="Name">The dataset's name.</param>
/// <param name="Digest">Its fingerprint.</param>
/// <param name="Context">What for; may be empty.</param>
public sealed record UsedData(string Name, string Digest, string Context);

public sealed record RunDeleted;

public sealed record RunRestored;
