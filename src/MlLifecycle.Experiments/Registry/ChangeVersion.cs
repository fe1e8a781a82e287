using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Registry;

/// <summary>Describes, tags and deletes versions. A deleted version's number is never given again.</summary>
internal static class ChangeVersionSlice
{
    public static Decision Describe(RegisteredModel model, int version, string description, string present, long now) =>
        Unknown(model, version) ?? (description == present ? Nothing : Accept(new VersionDescribed(version, description, now)));

    public static Decision SetTag(RegisteredModel model, int version, string key, string value, string? present, long now) =>
        Unknown(model, version) ?? (value == present ? Nothing : Accept(new VersionTagSet(version, key, value, now)));

    public static Decision RemoveTag(RegisteredModel model, int version, string key, string? present, long now) =>
        Unknown(model, version) ?? (present is null ? Nothing : Accept(new VersionTagRemoved(version, key, now)));

    public static Decision Delete(RegisteredModel model, int version, long now) => Unknown(model, version) ?? Accept(new VersionDeleted(version, now));

    public static Task<IResult> HandleDescribe(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) => Change(
        sent.Message,
        caller,
        rows,
        session,
        row => model => Describe(model, row.Version, sent.Message.Description ?? "", row.Description, ChangeModelSlice.Now(clock)),
        async row => Answer.Of(new { model_version = (await rows.FindVersion(caller.ProjectId, row.Model, row.Version, cancellation))?.Message }),
        cancellation);

    public static Task<IResult> HandleDelete(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) =>
        Change(sent.Message, caller, rows, session, row => model => Delete(model, row.Version, ChangeModelSlice.Now(clock)), Done, cancellation);

    public static async Task<IResult> HandleSetTag(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var (key, value) = (sent.Message.Key, sent.Message.Value ?? "");
        return RegistryTags.Check("key", key, "value", value) is { } bad
            ? new Refused(bad)
            : await Change(
                sent.Message,
                caller,
                rows,
                session,
                row => model => SetTag(model, row.Version, key!, value, row.Tags.GetValueOrDefault(key!), ChangeModelSlice.Now(clock)),
                Done,
                cancellation);
    }

    public static async Task<IResult> HandleRemoveTag(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var key = sent.Message.Key;
        return RegistryTags.Check("key", key, "value", null) is { } bad
            ? new Refused(bad)
            : await Change(
                sent.Message,
                caller,
                rows,
                session,
                row => model => RemoveTag(model, row.Version, key!, row.Tags.GetValueOrDefault(key!), ChangeModelSlice.Now(clock)),
                Done,
                cancellation);
    }

    private static Decision? Unknown(RegisteredModel model, int version)
    {
        if (model.Has(version))
            return null;
        return FromRefusal(ModelMessages.UnknownVersion(model.Name, VersionRow.Number(version)));
    }

    private static Task<IResult> Done(VersionRow row) => Task.FromResult(Answer.Empty);

    private static async Task<IResult> Change(
        ModelMessages message,
        Caller caller,
        ModelRows rows,
        IDocumentSession session,
        Func<VersionRow, Func<RegisteredModel, Decision>> decide,
        Func<VersionRow, Task<IResult>> answer,
        CancellationToken cancellation)
    {
        if (message.CheckVersion(out var version) is { } bad)
            return new Refused(bad);
        if (await rows.Find(caller.ProjectId, message.Name!, cancellation) is not { } model
            || await rows.FindVersion(caller.ProjectId, message.Name!, version, cancellation) is not { } row)
            return new Refused(ModelMessages.UnknownVersion(message.Name!, message.Version));
        return await RegistryWrites.Commit(session, caller, model.Stream, decide(row), cancellation) is { } refusal ? new Refused(refusal) : await answer(row);
    }
}
