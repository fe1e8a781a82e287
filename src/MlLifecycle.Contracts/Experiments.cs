namespace MlLifecycle.Contracts;

/// <summary>A data set as a run names it.</summary>
/// <param name="Name">The dataset's name.</param>
/// <param name="Digest">The digest the client gave; for a dataset of the suite, the version's digest (or a prefix of at least 8 hex digits).</param>
/// <param name="Context">What the run used it for, as in <c>training</c>; may be empty.</param>
public sealed record RunInput(string Name, string Digest, string Context);

/// <summary>A run came to its end.</summary>
/// <param name="RunId">32 lower-case hex digits.</param>
/// <param name="RunName">Its name.</param>
/// <param name="Experiment">The experiment's name.</param>
/// <param name="Status"><c>FINISHED</c>, <c>FAILED</c> or <c>KILLED</c>.</param>
/// <param name="Algorithm">The run's parameter or tag <c>algorithm</c>; null when it has none.</param>
/// <param name="Params">Hyper-parameters.</param>
/// <param name="Metrics">The last value of each metric; not-a-number values are left out.</param>
/// <param name="Inputs">The data it used.</param>
public sealed record RunFinished(
    string RunId,
    string RunName,
    string Experiment,
    string Status,
    string? Algorithm,
    IReadOnlyDictionary<string, string> Params,
    IReadOnlyDictionary<string, double> Metrics,
    IReadOnlyList<RunInput> Inputs) : IntegrationEvent;

/// <summary>A version of a registered model exists.</summary>
/// <param name="Model">The registered model's name.</param>
/// <param name="Version">Counted from 1.</param>
/// <param name="RunId">The run it came from, when known.</param>
/// <param name="Source">Where its files are.</param>
public sealed record ModelVersionRegistered(string Model, int Version, string? RunId, string Source) : IntegrationEvent;

/// <summary>A model version was given an alias or a stage.</summary>
/// <param name="Model">The registered model's name.</param>
/// <param name="Version">The version's number.</param>
/// <param name="Label">The alias, as in <c>champion</c>, or the stage, as in <c>Production</c>.</param>
public sealed record ModelVersionPromoted(string Model, int Version, string Label) : IntegrationEvent;
