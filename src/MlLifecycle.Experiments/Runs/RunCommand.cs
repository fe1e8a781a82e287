using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;

namespace MlLifecycle.Experiments.Runs;

/// <summary>Something a caller wants of one run, with what must be known of the run to decide on it.</summary>
/// <param name="Run">The run.</param>
/// <param name="Origin">On whose behalf.</param>
/// <param name="Decide">The pure decision.</param>
internal sealed record RunCommand(Guid Run, Origin Origin, Func<Run, Decision> Decide)
{
    /// <summary>For a run that is to be created: its experiment's number in the caller's project.</summary>
    public long? NewIn { get; init; }

    /// <summary>The parameters whose present values the decision asks about.</summary>
    public IReadOnlyCollection<string> Params { get; init; } = [];

    /// <summary>The tags whose present values the decision asks about.</summary>
    public IReadOnlyCollection<string> Tags { get; init; } = [];

    /// <summary>The decision asks about all there is to the run: parameters, tags, inputs, latest metrics.</summary>
    public bool Whole { get; init; }

    /// <summary>
    /// Points to add when the decision is not a refusal. They are no events: a point is an immutable fact with its own time of record already,
    /// and an event beside each would double the cost of the hottest path there is.
    /// </summary>
    public IReadOnlyList<MetricPoint> Points { get; init; } = [];
}

/// <summary>How it went.</summary>
/// <param name="State">The run after it; before it, when refused. Only what the command asked about is filled in.</param>
/// <param name="Refusal">Why not; null when carried out.</param>
/// <param name="ArtifactLocation">Under which the artifacts of its experiment are.</param>
internal sealed record RunOutcome(Run State, Refusal? Refusal, string ArtifactLocation = "");
