using System.Collections.Immutable;
using MlLifecycle.Datasets.Checks;
using MlLifecycle.Datasets.Splits;
using MlLifecycle.Datasets.Versions;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Datasets;

/// <summary>A dataset: the fold of its stream. Its versions, checks and splits are documents of their own; here is what decisions need.</summary>
public sealed record Dataset(Guid Id) : IFolded<Dataset>
{
    public const string NameIndex = "dataset_name";

    public Guid ProjectId { get; init; }

    public string Name { get; init; } = "";

    public string Modality { get; init; } = "";

    public string Description { get; init; } = "";

    public LabelDefinition? Label { get; init; }

    public FeedbackPlan? Feedback { get; init; }

    public ImmutableList<ImportantCase> Cases { get; init; } = [];

    public DateTimeOffset CreatedAt { get; init; }

    public string CreatedBy { get; init; } = "";

    /// <summary>How many versions there are; they are numbered from 1.</summary>
    public int Versions { get; init; }

    /// <summary>The latest version.</summary>
    public VersionCommitted? Head { get; init; }

    /// <summary>Examples in the head, once a check or a split has counted them.</summary>
    public long? Examples { get; init; }

    /// <summary>The splits that exist: their ids follow from what they were asked for.</summary>
    public ImmutableHashSet<Guid> Splits { get; init; } = [];

    /// <summary>The last verdicts, by check.</summary>
    public ImmutableDictionary<string, VersionChecked> Checks { get; init; } = ImmutableDictionary<string, VersionChecked>.Empty;

    public bool Registered => Name.Length > 0;

    public static Dataset Initial(Guid id) => new(id);

    public Dataset Evolve(object @event) => @event switch
    {
        Registered e => this with
        {
            ProjectId = e.ProjectId,
            Name = e.Name,
            Modality = e.Modality,
            Description = e.Description,
            Label = e.Label,
            Feedback = e.Feedback,
            Cases = [.. e.Cases],
            CreatedAt = e.At,
            CreatedBy = e.By,
        },
        Described e => this with { Description = e.Description, Label = e.Label, Feedback = e.Feedback, Cases = [.. e.Cases] },
        VersionCommitted e => this with { Versions = e.Number, Head = e, Examples = null },
        VersionChecked e => this with { Checks = Checks.SetItem(e.Check, e), Examples = e.Version == Versions ? e.Examples : Examples },
        SplitMade e => this with { Splits = Splits.Add(e.Id), Examples = e.Version == Versions ? e.Counts.All : Examples },
        _ => this,
    };

    /// <summary>The refusal for a command on a dataset that is not there.</summary>
    public static Refusal Unknown(string name) => new(404, "dataset-unknown", $"There is no dataset '{name}' in this project. Register it first.");
}

/// <summary>What the label means and where it stands.</summary>
/// <param name="Column">The column that carries it, in tables.</param>
/// <param name="Definition">The rule by which people label.</param>
public sealed record LabelDefinition(string? Column = null, string? Definition = null);

/// <summary>How labels come back from production.</summary>
/// <param name="Plan">In a sentence.</param>
/// <param name="Delay">How long it takes, as in <c>2 days</c>.</param>
public sealed record FeedbackPlan(string Plan, string? Delay = null);

/// <summary>A case the data must cover.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Column">The column that tells it; <c>label</c> for IDX labels.</param>
/// <param name="Value">Its value there.</param>
/// <param name="Minimum">The least number of examples.</param>
public sealed record ImportantCase(string Name, string Column, string Value, long Minimum);
