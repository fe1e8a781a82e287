using JasperFx.Events;
using MlLifecycle.Experiments.Registry;

namespace MlLifecycle.Experiments.Views;

/// <summary>Something that was done to a model, by whom and when.</summary>
/// <param name="At">When it was recorded.</param>
/// <param name="Actor">The name of the token that did it.</param>
/// <param name="What"><c>registered</c>, <c>version-registered</c>, <c>stage-set</c>, <c>alias-set</c>, <c>alias-removed</c>, <c>renamed</c>, <c>version-deleted</c> or <c>deleted</c>.</param>
/// <param name="Version">The version it is about; null when it is about the model.</param>
/// <param name="Label">The alias, the stage, or the new name.</param>
/// <param name="Before">What stood there before: the version an alias named, the stage, or the name.</param>
public sealed record ModelHistoryEntry(DateTimeOffset At, string Actor, string What, int? Version, string? Label, string? Before);

/// <summary>A model told from its log, up to whichever event is the last.</summary>
internal sealed class ModelAccount
{
    public string Name { get; private set; } = "";

    public string Description { get; private set; } = "";

    public bool Deleted { get; private set; }

    public SortedDictionary<string, string> Tags { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, int> Aliases { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<int, VersionAccount> Versions { get; } = [];

    public List<ModelHistoryEntry> History { get; } = [];

    public static ModelAccount Of(IReadOnlyList<IEvent> log)
    {
        var account = new ModelAccount();
        foreach (var @event in log)
            account.Take(@event);
        return account;
    }

    private void Take(IEvent wrapped)
    {
        switch (wrapped.Data)
        {
            case ModelRegistered e:
                (Name, Description) = (e.Name, e.Description);
                foreach (var (key, value) in e.Tags)
                    Tags[key] = value;
                Note("registered", null, null, null);
                break;
            case VersionRegistered e:
                Versions[e.Version] = new(e.Version, e.RunId, e.Source, e.Description, e.Time, new(e.Tags.ToDictionary(), StringComparer.Ordinal));
                Note("version-registered", e.Version, null, null);
                break;
            case StageSet e when Versions.TryGetValue(e.Version, out var version):
                Note("stage-set", e.Version, e.Stage.ToLowerInvariant(), version.Stage.ToLowerInvariant());
                version.Stage = e.Stage;
                break;
            case AliasSet e:
                Note("alias-set", e.Version, e.Alias, Aliases.TryGetValue(e.Alias, out var before) ? VersionRow.Number(before) : null);
                Aliases[e.Alias] = e.Version;
                break;
            case AliasRemoved e:
                Note("alias-removed", Aliases.TryGetValue(e.Alias, out var named) ? named : null, e.Alias, null);
                Aliases.Remove(e.Alias);
                break;
            case ModelRenamed e:
                Note("renamed", null, e.Name, e.Before);
                Name = e.Name;
                break;
            case ModelDescribed e:
                Description = e.Description;
                break;
            case ModelTagSet e:
                Tags[e.Key] = e.Value;
                break;
            case ModelTagRemoved e:
                Tags.Remove(e.Key);
                break;
            case VersionDescribed e when Versions.TryGetValue(e.Version, out var version):
                version.Description = e.Description;
                break;
            case VersionTagSet e when Versions.TryGetValue(e.Version, out var version):
                version.Tags[e.Key] = e.Value;
                break;
            case VersionTagRemoved e when Versions.TryGetValue(e.Version, out var version):
                version.Tags.Remove(e.Key);
                break;
            case VersionDeleted e:
                Note("version-deleted", e.Version, null, null);
                Versions.Remove(e.Version);
                foreach (var alias in Aliases.Where(a => a.Value == e.Version).Select(a => a.Key).ToList())
                    Aliases.Remove(alias);
                break;
            case ModelDeleted:
                Note("deleted", null, null, null);
                Deleted = true;
                break;
        }

        void Note(string what, int? version, string? label, string? before) =>
            History.Add(new(wrapped.Timestamp.ToUniversalTime(), wrapped.UserName ?? "", what, version, label, before));
    }
}

/// <summary>A version, told the same way.</summary>
internal sealed class VersionAccount(int version, string? runId, string source, string description, long created, SortedDictionary<string, string> tags)
{
    public int Version => version;

    public string Stage { get; set; } = Stages.None;

    public string Description { get; set; } = description;

    public SortedDictionary<string, string> Tags => tags;

    public ModelVersionView View => new(version, runId, source, Stage.ToLowerInvariant(), "ready", RunView.Time(created));
}
