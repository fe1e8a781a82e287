using System.Buffers;
using Marten;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.LoggedModels;

internal sealed class LoggedModelMessage
{
    public string? ExperimentId { get; init; }

    public string? Name { get; init; }

    public string? ModelType { get; init; }

    public string? SourceRunId { get; init; }

    public LoggedModelStatus? Status { get; init; }

    public bool? AllowDeleted { get; init; }

    public IReadOnlyList<Entry>? Params { get; init; }

    public IReadOnlyList<Entry>? Tags { get; init; }
}

/// <summary>Logs models, says when their files are there, and changes what is said of them.</summary>
internal static class ChangeLoggedModelSlice
{
    private static readonly SearchValues<char> NotInNames = SearchValues.Create("/:.%\"'");

    public static Decision Create(LoggedModel model, LoggedModelCreated created) => model.Exists ? Nothing : Accept(created);

    public static Decision Finalize(LoggedModel model, LoggedModelStatus status, long now) =>
        Gone(model) is { } gone ? gone : model.Status == status ? Nothing : Accept(new LoggedModelFinalized(status, now));

    public static Decision LogParams(LoggedModel model, IReadOnlyDictionary<string, string> sent, long now)
    {
        if (Gone(model) is { } gone)
            return gone;
        if (sent.FirstOrDefault(p => model.Params.TryGetValue(p.Key, out var present) && present != p.Value) is { Key: { } key })
            return Mlflow.Invalid($"Changing param values is not allowed. The model's param '{key}' was already logged with value={Mlflow.Quoted(model.Params[key])}.");
        var news = sent.Where(p => !model.Params.ContainsKey(p.Key)).ToDictionary(StringComparer.Ordinal);
        return news.Count == 0 ? Nothing : Accept(new LoggedModelParamsLogged(news, now));
    }

    public static Decision SetTags(LoggedModel model, IReadOnlyDictionary<string, string> sent, long now)
    {
        if (Gone(model) is { } gone)
            return gone;
        var news = sent.Where(t => model.Tags.GetValueOrDefault(t.Key) != t.Value).ToDictionary(StringComparer.Ordinal);
        return news.Count == 0 ? Nothing : Accept(new LoggedModelTagsSet(news, now));
    }

    public static Decision RemoveTag(LoggedModel model, string key, long now) =>
        Gone(model) is { } gone ? gone
        : model.Tags.ContainsKey(key) ? Accept(new LoggedModelTagRemoved(key, now))
        : Mlflow.Unknown($"No tag with key '{key}' found for model with ID '{LoggedModel.IdOf(model.Id)}'.");

    public static Decision Delete(LoggedModel model, long now) => model.Deleted ? Nothing /* a retry */ : Gone(model) is { } gone ? gone : Accept(new LoggedModelDeleted(now));

    public static async Task<IResult> HandleCreate(
        Sent<LoggedModelMessage> sent, Caller caller, ExperimentRows experiments, LoggedModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var message = sent.Message;
        if ((CheckName(message.Name) ?? Names.TooLong("model_type", message.ModelType, 500) ?? Names.TooLong("source_run_id", message.SourceRunId, 32)) is { } bad)
            return new Refused(bad);
        if (Params(message.Params, out var parameters) is { } badParam)
            return new Refused(badParam);
        if (Rules.Tags(message.Tags, out var tags) is { } badTag)
            return new Refused(badTag);
        if (await experiments.Find(caller.ProjectId, message.ExperimentId, cancellation) is not { } experiment)
            return new Refused(Mlflow.UnknownExperiment(message.ExperimentId));
        if (experiment.Deleted)
            return new Refused(Mlflow.Invalid($"The experiment {experiment.Id} must be in the 'active' state. Current state is deleted."));
        var id = caller.NewId("logged-model");
        var created = new LoggedModelCreated(
            caller.ProjectId,
            experiment.Number,
            message.Name is { Length: > 0 } name ? name : RunNames.Of(id),
            message.ModelType ?? "",
            message.SourceRunId ?? "",
            ArtifactStore.Under(experiment.ArtifactLocation, $"models/{LoggedModel.IdOf(id)}/artifacts"),
            caller.Actor,
            Now(clock),
            parameters,
            tags);
        return await Commit(id, caller, rows, session, model => Create(model, created), whole: true, cancellation);
    }

    public static Task<IResult> HandleFinalize(
        string id, Sent<LoggedModelMessage> sent, Caller caller, LoggedModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) =>
        sent.Message.Status is { } status
            ? Change(id, caller, rows, session, model => Finalize(model, status, Now(clock)), whole: true, cancellation)
            : Task.FromResult<IResult>(new Refused(Mlflow.Missing("status")));

    public static Task<IResult> HandleParams(
        string id, Sent<LoggedModelMessage> sent, Caller caller, LoggedModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) =>
        Params(sent.Message.Params, out var parameters) is { } bad
            ? Task.FromResult<IResult>(new Refused(bad))
            : Change(id, caller, rows, session, model => LogParams(model, parameters, Now(clock)), whole: false, cancellation);

    public static Task<IResult> HandleTags(
        string id, Sent<LoggedModelMessage> sent, Caller caller, LoggedModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) =>
        Rules.Tags(sent.Message.Tags, out var set) is { } bad
            ? Task.FromResult<IResult>(new Refused(bad))
            : Change(id, caller, rows, session, model => SetTags(model, set, Now(clock)), whole: true, cancellation);

    public static Task<IResult> HandleRemoveTag(
        string id, string key, Caller caller, LoggedModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) =>
        Change(id, caller, rows, session, model => RemoveTag(model, key, Now(clock)), whole: false, cancellation);

    public static Task<IResult> HandleDelete(string id, Caller caller, LoggedModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation) =>
        Change(id, caller, rows, session, model => Delete(model, Now(clock)), whole: false, cancellation, deleted: true);

    public static Refusal Unknown(string? id) => Mlflow.Unknown($"Logged model with ID {Mlflow.Quoted(id)} not found.");

    public static Refusal? CheckName(string? name) => name is not null && name.AsSpan().ContainsAny(NotInNames)
        ? Mlflow.InvalidValue("name", name, "A logged model's name cannot contain any of / : . % \" '.")
        : Names.TooLong("name", name, Names.ExperimentName);

    private static Refusal? Gone(LoggedModel model) => model.Active ? null : Unknown(LoggedModel.IdOf(model.Id));

    private static Refusal? Params(IReadOnlyList<Entry>? sent, out Dictionary<string, string> parameters)
    {
        parameters = new(StringComparer.Ordinal);
        for (var i = 0; i < sent?.Count; i++)
        {
            if (Rules.Param($"params[{i}].", sent[i], out var value) is { } bad)
                return bad;
            parameters[sent[i].Key!] = value;
        }

        return null;
    }

    private static long Now(TimeProvider clock) => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static async Task<IResult> Change(
        string id, Caller caller, LoggedModelRows rows, IDocumentSession session, Func<LoggedModel, Decision> decide, bool whole, CancellationToken cancellation, bool deleted = false) =>
        LoggedModel.Parse(id) is { } model && await rows.Find(caller.ProjectId, model, cancellation, deleted) is not null
            ? await Commit(model, caller, rows, session, decide, whole, cancellation)
            : new Refused(Unknown(id));

    private static async Task<IResult> Commit(
        Guid id, Caller caller, LoggedModelRows rows, IDocumentSession session, Func<LoggedModel, Decision> decide, bool whole, CancellationToken cancellation)
    {
        var outcome = await session.Decide(id, caller.Origin, decide, cancellation, alongside: LoggedModelRows.Write);
        if (outcome.Refusal is { } refusal)
            return new Refused(refusal);
        return whole ? Answer.Of(new { Model = (await rows.Find(caller.ProjectId, id, cancellation))?.Message }) : Answer.Empty;
    }
}
