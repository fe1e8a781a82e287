using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
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

    public static async Task<IResult> HandleStage(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        if (sent.Message.CheckVersion(out var version) is { } bad)
            return new Refused(bad);
        if (string.IsNullOrEmpty(sent.Message.Stage))
            return new Refused(Mlflow.Missing("stage"));
        if (Stages.Named(sent.Message.Stage) is not { } stage)
            return new Refused(ModelMessages.UnknownStage(sent.Message.Stage));
        var archive = sent.Message.ArchiveExistingVersions ?? false;
        if (archive && stage is not (Stages.Staging or Stages.Production))
            return new Refused(Mlflow.Invalid($"Model version transition cannot archive existing model versions because '{stage}' is not an Active stage. Valid stages are Staging and Production."));
        return await Change(
            sent.Message.Name!,
            caller,
            rows,
            session,
            model => SetStage(model, version, stage, archive, Now(clock)),
            async () => Answer.Of(new { model_version = (await rows.FindVersion(caller.ProjectId, sent.Message.Name!, version, cancellation))?.Message }),
            cancellation);
    }

    public static async Task<IResult> HandleSetAlias(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        if ((sent.Message.CheckVersion(out var version) ?? Names.CheckNewAlias("alias", sent.Message.Alias)) is { } bad)
            return new Refused(bad);
        return await Change(
            sent.Message.Name!, caller, rows, session, model => SetAlias(model, sent.Message.Alias!, version, Now(clock)), () => Task.FromResult(Answer.Empty), cancellation);
    }

    public static async Task<IResult> HandleRemoveAlias(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        if ((Names.CheckModelName("name", sent.Message.Name) ?? Names.CheckAlias("alias", sent.Message.Alias)) is { } bad)
            return new Refused(bad);
        return await Change(
            sent.Message.Name!, caller, rows, session, model => RemoveAlias(model, sent.Message.Alias!, Now(clock)), () => Task.FromResult(Answer.Empty), cancellation);
    }

    private static async Task<IResult> Change(
        string name,
        Caller caller,
        ModelRows rows,
        IDocumentSession session,
        Func<RegisteredModel, Decision> decide,
        Func<Task<IResult>> answer,
        CancellationToken cancellation)
    {
        if (await rows.Find(caller.ProjectId, name, cancellation) is not { } row)
            return new Refused(ModelMessages.Unknown(name));
        var refusal = await RegistryWrites.Commit(session, caller, row.Stream, decide, cancellation);
        return refusal is null ? await answer() : new Refused(refusal);
    }

    private static long Now(TimeProvider clock) => clock.GetUtcNow().ToUnixTimeMilliseconds();
}
