using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Registry;

/// <summary>Renames, describes, tags and deletes registered models. A deleted model's name is free again; its log stays.</summary>
internal static class ChangeModelSlice
{
    public static Decision Rename(RegisteredModel model, string name, long now) => model switch
    {
        { Active: false } => ModelMessages.Unknown(model.Name),
        _ when model.Name == name => Nothing,
        _ => Accept(new ModelRenamed(name, model.Name, now)),
    };

    /// <summary>Describes a model anew.</summary>
    /// <param name="model">The model.</param>
    /// <param name="description">The description.</param>
    /// <param name="present">What it is now.</param>
    /// <param name="now">Milliseconds since 1970.</param>
    public static Decision Describe(RegisteredModel model, string description, string present, long now) =>
        !model.Active ? ModelMessages.Unknown(model.Name) : description == present ? Nothing : Accept(new ModelDescribed(description, now));

    public static Decision SetTag(RegisteredModel model, string key, string value, string? present, long now) =>
        !model.Active ? ModelMessages.Unknown(model.Name) : value == present ? Nothing : Accept(new ModelTagSet(key, value, now));

    public static Decision RemoveTag(RegisteredModel model, string key, string? present, long now) =>
        !model.Active ? ModelMessages.Unknown(model.Name) : present is null ? Nothing : Accept(new ModelTagRemoved(key, now));

    public static Decision Delete(RegisteredModel model, long now) => model.Active ? Accept(new ModelDeleted(now)) : ModelMessages.Unknown(model.Name);

    public static async Task<IResult> HandleRename(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        if (Names.CheckModelName("new_name", sent.Message.NewName) is { } bad)
            return new Refused(bad);
        var name = sent.Message.NewName!;
        return await Change(
            sent.Message, caller, rows, session, row => model => Rename(model, name, Now(clock)), async () => await Whole(rows, caller, name, cancellation), cancellation,
            () => Mlflow.Taken($"Registered Model (name={name}) already exists."));
    }

    public static Task<IResult> HandleDescribe(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) => Change(
        sent.Message,
        caller,
        rows,
        session,
        row => model => Describe(model, sent.Message.Description ?? "", row.Description, Now(clock)),
        () => Whole(rows, caller, sent.Message.Name!, cancellation),
        cancellation);

    public static Task<IResult> HandleDelete(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) =>
        Change(sent.Message, caller, rows, session, _ => model => Delete(model, Now(clock)), Done, cancellation);

    public static async Task<IResult> HandleSetTag(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var (key, value) = (sent.Message.Key, sent.Message.Value ?? "");
        return RegistryTags.Check("key", key, "value", value) is { } bad
            ? new Refused(bad)
            : await Change(
                sent.Message, caller, rows, session, row => model => SetTag(model, key!, value, row.Tags.GetValueOrDefault(key!), Now(clock)), Done, cancellation);
    }

    public static async Task<IResult> HandleRemoveTag(
        Sent<ModelMessages> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var key = sent.Message.Key;
        return RegistryTags.Check("key", key, "value", null) is { } bad
            ? new Refused(bad)
            : await Change(sent.Message, caller, rows, session, row => model => RemoveTag(model, key!, row.Tags.GetValueOrDefault(key!), Now(clock)), Done, cancellation);
    }

    public static long Now(TimeProvider clock) => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static Task<IResult> Done() => Task.FromResult(Answer.Empty);

    private static async Task<IResult> Whole(ModelRows rows, Caller caller, string name, CancellationToken cancellation) =>
        Answer.Of(new { registered_model = (await rows.Find(caller.ProjectId, name, cancellation))?.Message });

    private static async Task<IResult> Change(
        ModelMessages message,
        Caller caller,
        ModelRows rows,
        IDocumentSession session,
        Func<ModelRow, Func<RegisteredModel, Decision>> decide,
        Func<Task<IResult>> answer,
        CancellationToken cancellation,
        Func<Refusal>? taken = null)
    {
        if (Names.CheckModelName("name", message.Name) is { } bad)
            return new Refused(bad);
        if (await rows.Find(caller.ProjectId, message.Name!, cancellation) is not { } row)
            return new Refused(ModelMessages.Unknown(message.Name!));
        return await RegistryWrites.Commit(session, caller, row.Stream, decide(row), cancellation) switch
        {
            null => await answer(),
            { Code: "already-exists" } when taken is not null => new Refused(taken()),
            var refusal => new Refused(refusal),
        };
    }
}
