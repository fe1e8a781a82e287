using System.Collections.Immutable;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Registry;

/// <summary>A model by name, with its versions, what they are called and how far each has come.</summary>
/// <param name="Id">The stream.</param>
public sealed record RegisteredModel(Guid Id) : IFolded<RegisteredModel>
{
    public bool Exists { get; init; }

    public bool Deleted { get; init; }

    public bool Active => Exists && !Deleted;

    /// <summary>It is a prompt, which the registry carries like a model.</summary>
    public bool Prompt { get; init; }

    public Guid ProjectId { get; init; }

    public string Name { get; init; } = "";

    /// <summary>How many versions there have been; the last one's number.</summary>
    public int Versions { get; init; }

    /// <summary>Which version each request made that named itself, so that it makes no second one when it is sent again.</summary>
    public ImmutableDictionary<Guid, int> Requests { get; init; } = ImmutableDictionary<Guid, int>.Empty;

    /// <summary>Versions that were deleted.</summary>
    public ImmutableHashSet<int> Gone { get; init; } = [];

    /// <summary>The stage of each version that is in one.</summary>
    public ImmutableDictionary<int, string> Stages { get; init; } = ImmutableDictionary<int, string>.Empty;

    /// <summary>Which version each alias names.</summary>
    public ImmutableDictionary<string, int> Aliases { get; init; } = ImmutableDictionary.Create<string, int>(StringComparer.Ordinal);

    public static RegisteredModel Initial(Guid id) => new(id);

    public bool Has(int version) => Active && version >= 1 && version <= Versions && !Gone.Contains(version);

    public string StageOf(int version) => Stages.GetValueOrDefault(version, Registry.Stages.None);

    public RegisteredModel Evolve(object @event) => @event switch
    {
        ModelRegistered e => this with { Exists = true, ProjectId = e.ProjectId, Name = e.Name, Prompt = e.Tags.GetValueOrDefault(PromptTags.IsPrompt) == "true" },
        VersionRegistered e => this with { Versions = e.Version, Requests = e.Request is { } request ? Requests.SetItem(request, e.Version) : Requests },
        StageSet e => this with { Stages = e.Stage == Registry.Stages.None ? Stages.Remove(e.Version) : Stages.SetItem(e.Version, e.Stage) },
        AliasSet e => this with { Aliases = Aliases.SetItem(e.Alias, e.Version) },
        AliasRemoved e => this with { Aliases = Aliases.Remove(e.Alias) },
        ModelRenamed e => this with { Name = e.Name },
        ModelDeleted => this with { Deleted = true, Aliases = Aliases.Clear(), Stages = Stages.Clear() },
        VersionDeleted e => this with
        {
            Gone = Gone.Add(e.Version),
            Stages = Stages.Remove(e.Version),
            Aliases = Aliases.RemoveRange(Aliases.Where(a => a.Value == e.Version).Select(a => a.Key)),
        },
        _ => this,
    };
}

/// <summary>The tags by which the registry carries prompts.</summary>
internal static class PromptTags
{
    public const string IsPrompt = "mlflow.prompt.is_prompt";
    public const string Text = "mlflow.prompt.text";
    public const string Type = "_mlflow_prompt_type";
}

/// <summary>MLflow's stages.</summary>
public static class Stages
{
    public const string None = "None";
    public const string Staging = "Staging";
    public const string Production = "Production";
    public const string Archived = "Archived";

    public static readonly IReadOnlyList<string> All = [None, Staging, Production, Archived];

    /// <summary>The stage that is meant, in whatever case it is written; null when there is none of that name.</summary>
    /// <param name="name">As sent.</param>
    public static string? Named(string? name) => All.FirstOrDefault(stage => stage.Equals(name, StringComparison.OrdinalIgnoreCase));
}

public sealed record ModelRegistered(Guid ProjectId, string Name, string Description, long Time, IReadOnlyDictionary<string, string> Tags);

public sealed record VersionRegistered(
    string Model, int Version, string Source, string? RunId, string RunLink, string Description, string User, long Time, IReadOnlyDictionary<string, string> Tags)
{
    /// <summary>The logged model it was made from, when the client said.</summary>
    public string? ModelId { get; init; }

    /// <summary>Where its files were at that moment, when the source only refers to them.</summary>
    public string? Location { get; init; }

    /// <summary>Tells a retry of the request from another one; null when the caller gave no <c>Idempotency-Key</c>.</summary>
    public Guid? Request { get; init; }
}

public sealed record StageSet(string Model, int Version, string Stage, long Time);

public sealed record AliasSet(string Model, string Alias, int Version, long Time);

public sealed record AliasRemoved(string Alias, long Time);

public sealed record ModelRenamed(string Name, string Before, long Time);

public sealed record ModelDescribed(string Description, long Time);

public sealed record ModelTagSet(string Key, string Value, long Time);

public sealed record ModelTagRemoved(string Key, long Time);

public sealed record ModelDeleted(long Time);

public sealed record VersionDescribed(int Version, string Description, long Time);

public sealed record VersionTagSet(int Version, string Key, string Value, long Time);

public sealed record VersionTagRemoved(int Version, string Key, long Time);

public sealed record VersionDeleted(int Version, long Time);
