using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    /// <summary>How many records there are.</summary>
    public int Records { get; init; }

    /// <summary>What they are made of; null while there are none.</summary>
    public RecordSchema? Schema { get; init; }

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
        // Without a new time, as that would make its digest another one: the same questions are the same dataset.
        EvaluationDatasetTagsSet e => this with { Tags = Tags.SetItems(e.Tags) },
        EvaluationDatasetTagRemoved e => this with { Tags = Tags.Remove(e.Key) },
        EvaluationRecordsChanged e => this with { UpdatedBy = e.By, Updated = e.Time, Records = Records + e.Inserted, Schema = (Schema ?? new()).With(e.Records) },
        EvaluationDatasetDeleted => this with { Active = false },
        _ => this,
    };

    public object Message => new
    {
        dataset_id = IdOf(Id),
        Name,
        Tags = JsonSerializer.Serialize(new SortedDictionary<string, string>(Tags, StringComparer.Ordinal)),
        Digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Name}:{Updated}")))[..4]),
        Schema = Schema?.ToJson(),
        Profile = Records > 0 ? string.Create(CultureInfo.InvariantCulture, $"{{\"num_records\": {Records}}}") : null,
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
/// <param name="Inserted">How many inputs are new.</param>
/// <param name="Updated">How often something was added to what is known of inputs.</param>
/// <param name="By">Who sent them.</param>
/// <param name="Time">Milliseconds since 1970.</param>
/// <param name="Records">Each record that changed, once, in the order they were sent.</param>
public sealed record EvaluationRecordsChanged(int Inserted, int Updated, string By, long Time, IReadOnlyList<RecordChange> Records);

/// <summary>What a record gained.</summary>
/// <param name="Id">The record; behind <c>dr-</c> it is MLflow's record id.</param>
/// <param name="Key">The inputs' digest, by content.</param>
/// <param name="Inputs">What the application is asked; null where the record was there before.</param>
/// <param name="Expectations">What would be right: laid over what was known.</param>
/// <param name="Tags">Laid over the tags that were there.</param>
/// <param name="Source">Where it comes from; null leaves it as it was.</param>
/// <param name="Outputs">What the application answered, of any shape; null leaves it as it was.</param>
public sealed record RecordChange(Guid Id, string Key, JsonObject? Inputs, JsonObject Expectations, JsonObject Tags, JsonObject? Source, JsonNode? Outputs)
{
    /// <summary>There are no outputs any more.</summary>
    public bool Unanswered { get; init; }
}

public sealed record EvaluationDatasetDeleted(long Time);
