using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Registry;

/// <summary>Moves versions between stages and gives them aliases. Who did it, and when, stays in the model's log.</summary>
internal static class PromoteSlice
{
    public static Decision SetStage(RegisteredModel model, int version, string stage, bool archiveOthers, long now)
    {
        if (!model.Has(version))
            return ModelMessages.UnknownVersion(model.Name, VersionRow.Number(version));
        var events = new List<object>();
        if (model.StageOf(version) != stage)
            events.Add(new StageSet(model.Name, version, stage, now));
        if (archiveOthers)
            events.AddRange(model.Stages.Where(s => s.Value == stage && s.Key != version).OrderBy(s => s.Key).Select(s => new StageSet(model.Name, s.Key, Stages.Archived, now)));
        return events.Count == 0 ? Nothing : Accept([.. events]);
    }

    public static Decision SetAlias(RegisteredModel model, string alias, int version, long now) =>
        !model.Has(version) ? ModelMessages.UnknownVersion(model.Name, VersionRow.Number(version))
        : model.Aliases.TryGetValue(alias, out var named) && named == version ? Nothing
        : Accept(new AliasSet(model.Name, alias, version, now));

    public static Decision RemoveAlias(RegisteredModel model, string alias, long now) =>
        model.Aliases.ContainsKey(alias) ? Accept(new AliasRemoved(alias, now)) : Nothing;

    public static async Task<IResult> HandleStage([AsParameters] RegistryChange change)
    {
        var message = change.Message;
        if (message.CheckVersion(out _) is { } bad)
            return new Refused(bad);
        if (string.IsNullOrEmpty(message.Stage))
            return new Refused(Mlflow.Missing("stage"));
        if (Stages.Named(message.Stage) is not { } stage)
            return new Refused(ModelMessages.UnknownStage(message.Stage));
        var archive = message.ArchiveExistingVersions ?? false;
        if (archive && stage is not (Stages.Staging or Stages.Production))
            return new Refused(Mlflow.Invalid($"Model version transition cannot archive existing model versions because '{stage}' is not an Active stage. Valid stages are Staging and Production."));
        return await change.OfVersion((row, model) => SetStage(model, row.Version, stage, archive, change.Now), change.WholeVersion);
    }

    public static async Task<IResult> HandleSetAlias([AsParameters] RegistryChange change) =>
        (change.Message.CheckVersion(out _) ?? Names.CheckNewAlias("alias", change.Message.Alias)) is { } bad
            ? new Refused(bad)
            : await change.OfVersion((row, model) => SetAlias(model, change.Message.Alias!, row.Version, change.Now));

    public static async Task<IResult> HandleRemoveAlias([AsParameters] RegistryChange change) =>
        Names.CheckAlias("alias", change.Message.Alias) is { } bad ? new Refused(bad) : await change.OfModel((_, model) => RemoveAlias(model, change.Message.Alias!, change.Now));
}
