using System.Collections.Immutable;
using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Facts;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Moves;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Lifecycle;

/// <summary>
/// Where a project stands: the fold of its lifecycle stream, which holds the facts the other services announced, as they were heard, and what
/// this service decided on them.
/// </summary>
public sealed record Standing(Guid Id) : IFolded<Standing>
{
    /// <summary>How many events the stream holds: its version.</summary>
    public long Length { get; init; }

    /// <summary>The project's slug.</summary>
    public string Project { get; init; } = "";

    public string Name { get; init; } = "";

    /// <summary>Null until the first fact.</summary>
    public Stage? Stage { get; init; }

    public int Iteration { get; init; } = 1;

    /// <summary>When the stage was entered.</summary>
    public DateTimeOffset Since { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Gates that must be passed again, by stage name, and from when on a fact counts for them.</summary>
    public ImmutableDictionary<string, DateTimeOffset> Renewed { get; init; } = ImmutableDictionary<string, DateTimeOffset>.Empty;

    public ScopeFacts Scope { get; init; } = new();

    public DataFacts Data { get; init; } = new();

    public ModelFacts Models { get; init; } = new();

    public ProductionFacts Production { get; init; } = new();

    public ImmutableList<Waiver> Waivers { get; init; } = [];

    /// <summary>When the next waiver ends by itself.</summary>
    public DateTimeOffset? NextExpiry => Waivers.Min(w => w.Until);

    /// <summary>What was last announced of each requirement, by <c>gate/requirement</c>; one that is not here is missing.</summary>
    public ImmutableDictionary<string, Status> Announced { get; init; } = ImmutableDictionary<string, Status>.Empty;

    public static Standing Initial(Guid id) => new(id);

    public DateTimeOffset RenewedAt(Stage gate) => Renewed.GetValueOrDefault(gate.Name());

    /// <summary>The waiver of a requirement, in force or not; there is at most one.</summary>
    public Waiver? Waiver(Stage gate, string requirement) => Waivers.Find(w => w.Gate == gate && w.Requirement == requirement);

    /// <summary>Which of a gate's requirements a waiver covers at this moment.</summary>
    public Predicate<string> Waived(Stage gate, DateTimeOffset now)
    {
        var since = RenewedAt(gate);
        return id => Waiver(gate, id)?.InForce(now, since) == true;
    }

    /// <summary>A path of the API under this project.</summary>
    public string Path(string rest) => $"/api/projects/{Project}/{rest}";

    public Standing Evolve(object @event) => After(@event) with { Length = Length + 1 };

    private Standing After(object @event) => @event switch
    {
        IntegrationEvent fact => Hear(fact),
        RunRecalled e => this with { Models = Models.Hear(e.Run) },
        Moved e => this with { Stage = e.To, Iteration = e.Iteration, Since = e.At, UpdatedAt = Latest(e.At) },
        SentBack e => this with
        {
            Iteration = e.Iteration,
            Renewed = Renewed.SetItems(StageNames.All.Where(stage => stage >= e.BackTo).Select(stage => KeyValuePair.Create(stage.Name(), e.Since))),
            UpdatedAt = Latest(e.At),
        },
        RequirementTurned e => this with { Announced = Announced.SetItem(Requirement.Key(e.Gate, e.Requirement), e.Status), UpdatedAt = Latest(e.At) },
        RequirementWaived { Waiver: var w } => this with { Waivers = Without(w.Gate, w.Requirement).Add(w), UpdatedAt = Latest(w.At) },
        WaiverExpired e => this with { Waivers = Without(e.Gate, e.Requirement), UpdatedAt = Latest(e.At) },
        _ => this,
    };

    private Standing Hear(IntegrationEvent fact)
    {
        var heard = this with { Project = fact.Project, UpdatedAt = Latest(fact.OccurredAt) };
        return fact switch
        {
            ProjectCreated e => heard with { Name = e.Name },
            ScopeChanged e => heard with { Scope = Scope.Hear(e) },
            DatasetRegistered or DatasetVersionCommitted or DatasetChecked or DatasetSplit => heard with { Data = Data.Hear(fact) },
            RunFinished or EvaluationCompleted or TagPrioritized => heard with { Models = Models.Hear(fact) },
            DeploymentStarted or ReferenceProfileSet or AlertRuleDefined or AlertRaised or AlertResolved => heard with { Production = Production.Hear(fact) },
            _ => heard,
        };
    }

    private DateTimeOffset Latest(DateTimeOffset at) => at > UpdatedAt ? at : UpdatedAt;

    private ImmutableList<Waiver> Without(Stage gate, string requirement) => Waivers.RemoveAll(w => w.Gate == gate && w.Requirement == requirement);
}
