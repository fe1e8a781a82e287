using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Evaluation;

/// <summary>A set of questions, with what would be right, that versions of an application are measured on.</summary>
/// <param name="Id">The stream; behind <c>d-</c> it is MLflow's dataset id.</param>
public sealed record EvaluationDataset(Guid Id) : IFolded<EvaluationDataset>
{
    public bool Active { get; init; }

    public Guid ProjectId { get; init; }

    public string Name { get; init; } = "";

    public ImmutableList<string> Experiments { get; init; } = [];

    public ImmutableDictionary<string, string> Tags { get; init; } = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    public string CreatedBy { get; init; } = "";

    public string UpdatedBy { get; init; } = "";

    /// <summary>Milliseconds since 1970.</summary>
    public long Created { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public long Updated { get; init; }

    public static EvaluationDataset Initial(Guid id) => new(id);

    public static string IdOf(Guid id) => "d-" + id.ToString("N");

    public static Guid? Parse(string? id) => id is ['d', '-', ..] && Guid.TryParseExact(id[2..], "N", out var dataset) && IdOf(dataset) == id ? dataset : null;

    public EvaluationDataset Evolve(object @event) => @event switch
    {
        EvaluationDatasetCreated e => this with
        {
            Active = true,
            ProjectId = e.ProjectId,
            Name = e.Name,
            Experiments = [.. e.Experiments],
            Tags = Tags.SetItems(e.Tags),
            CreatedBy = e.By,
            UpdatedBy = e.By,
            Created = e.Time,
            Updated = e.Time,
        },
        EvaluationDatasetShared e => this with { Experiments = [.. e.Experiments], UpdatedBy = e.By, Updated = e.Time },
        EvaluationDatasetTagsSet e => this with { Tags = Tags.SetItems(e.Tags), Updated = e.Time },
        EvaluationDatasetTagRemoved e => this with { Tags = Tags.Remove(e.Key), Updated = e.Time },
        EvaluationRecordsChanged e => this with { UpdatedBy = e.By, Updated = e.Time },
        EvaluationDatasetDeleted => this with { Active = false },
        _ => this,
    };

    public object Message => new
    {
        dataset_id = IdOf(Id),
        Name,
        Tags = JsonSerializer.Serialize(new SortedDictionary<string, string>(Tags, StringComparer.Ordinal)),
        Digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Name}:{Updated}")))[..4]),
        created_time = Created,
        last_update_time = Updated,
        created_by = CreatedBy,
        last_updated_by = UpdatedBy,
        experiment_ids = Experiments,
    };
}

public sealed record EvaluationDatasetCreated(
    Guid ProjectId, string Name, IReadOnlyList<string> Experiments, IReadOnlyDictionary<string, string> Tags, string By, long Time);

/// <summary>Other experiments measure on it from now on.</summary>
public sealed record EvaluationDatasetShared(IReadOnlyList<string> Experiments, string By, long Time);

public sealed record EvaluationDatasetTagsSet(IReadOnlyDictionary<string, string> Tags, long Time);

public sealed record EvaluationDatasetTagRemoved(string Key, long Time);

/// <summary>Records were added, or what is right about them was added to.</summary>
public sealed record EvaluationRecordsChanged(int Inserted, int Updated, string By, long Time);

public sealed record EvaluationDatasetDeleted(long Time);
