using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Registry;

/// <summary>A request to change a model or one of its versions: what it is about is found, the change decided and committed, and the request answered.</summary>
internal sealed record RegistryChange(
    Sent<ModelMessages> Sent, Caller Caller, ModelRows Rows, IDocumentSession Session, TimeProvider Clock, CancellationToken Cancellation) : ISent
{
    public ModelMessages Message => Sent.Message;

    public Refusal? Refusal => Sent.Refusal;

    /// <summary>Milliseconds since 1970.</summary>
    public long Now => Clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Changes the model that the message names.</summary>
    /// <param name="decide">Decides with what is known of it.</param>
    /// <param name="answer">What is answered; without one, the empty message.</param>
    /// <param name="taken">The refusal where another model has the name already.</param>
    public async Task<IResult> OfModel(Func<ModelRow, RegisteredModel, Decision> decide, Func<Task<IResult>>? answer = null, Func<Refusal>? taken = null)
    {
        if (Names.CheckModelName("name", Message.Name) is { } bad)
            return new Refused(bad);
        return await Rows.Find(Caller.ProjectId, Message.Name!, Cancellation) is { } row
            ? await Commit(row.Stream, model => decide(row, model), answer, taken)
            : new Refused(ModelMessages.Unknown(Message.Name!));
    }

    /// <summary>Changes the version that the message names.</summary>
    /// <param name="decide">Decides with what is known of it.</param>
    /// <param name="answer">What is answered; without one, the empty message.</param>
    public async Task<IResult> OfVersion(Func<VersionRow, RegisteredModel, Decision> decide, Func<Task<IResult>>? answer = null)
    {
        if (Message.CheckVersion(out var version) is { } bad)
            return new Refused(bad);
        return await Rows.Find(Caller.ProjectId, Message.Name!, Cancellation) is { } model && await Rows.FindVersion(Caller.ProjectId, model.Name, version, Cancellation) is { } row
            ? await Commit(model.Stream, state => decide(row, state), answer)
            : new Refused(ModelMessages.UnknownVersion(Message.Name!, Message.Version));
    }

    /// <summary>Changes a tag, once its key and value are in order.</summary>
    public async Task<IResult> OfTag(Func<string, string, Task<IResult>> change) =>
        RegistryTags.Check("key", Message.Key, "value", Message.Value) is { } bad ? new Refused(bad) : await change(Message.Key!, Message.Value ?? "");

    public async Task<IResult> WholeModel(string name) => Answer.Of(new { registered_model = (await Rows.Find(Caller.ProjectId, name, Cancellation))?.Message });

    public async Task<IResult> WholeVersion() => Answer.Of(new
    {
        model_version = Message.CheckVersion(out var version) is null ? (await Rows.FindVersion(Caller.ProjectId, Message.Name!, version, Cancellation))?.Message : null,
    });

    private async Task<IResult> Commit(Guid stream, Func<RegisteredModel, Decision> decide, Func<Task<IResult>>? answer, Func<Refusal>? taken = null) =>
        await RegistryWrites.Commit(Session, Caller, stream, decide, Cancellation) switch
        {
            null => answer is null ? Answer.Empty : await answer(),
            { Code: "already-exists" } when taken is not null => new Refused(taken()),
            var refusal => new Refused(refusal),
        };
}
