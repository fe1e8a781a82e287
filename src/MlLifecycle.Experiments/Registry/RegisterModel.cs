using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Webhooks;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Registry;

/// <summary>Gives a model a name in the project.</summary>
public sealed record RegisterModel(Guid ProjectId, string Name, string Description, IReadOnlyDictionary<string, string> Tags);

internal sealed class RegisterModelMessage
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<Entry>? Tags { get; init; }
}

internal static class RegisterModelSlice
{
    public static Decision Decide(RegisteredModel model, RegisterModel register, long now) => model switch
    {
        { Deleted: true } => Mlflow.Unknown($"Registered Model with name={register.Name} not found: this request made it, with the same Idempotency-Key, and it was deleted since."),
        { Exists: true } => Taken(register.Name, model.Prompt, register.Tags),
        _ => Accept(new ModelRegistered(register.ProjectId, register.Name, register.Description, now, register.Tags)),
    };

    // Prompts and models share their names.
    private static Refusal Taken(string name, bool byPrompt, IReadOnlyDictionary<string, string> tags)
    {
        var (there, asked) = (Kind(byPrompt), Kind(tags.ContainsKey(PromptTags.IsPrompt)));
        return Mlflow.Taken(there == asked
            ? $"{asked} (name={name}) already exists."
            : $"Tried to create a {asked.ToLowerInvariant()} with name '{name}', but the name is already taken by a {there.ToLowerInvariant()}. A model and a prompt cannot have the same name.");

        static string Kind(bool prompt) => prompt ? "Prompt" : "Registered Model";
    }

    public static async Task<IResult> Handle(
        Sent<RegisterModelMessage> sent, Caller caller, ModelRows rows, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (Names.CheckModelName("name", message.Name) is { } bad)
            return new Refused(bad);
        if (RegistryTags.Read(message.Tags, out var tags) is { } badTag)
            return new Refused(badTag);
        var id = caller.NewId("model");
        if (await rows.Find(caller.ProjectId, message.Name!, cancellation) is { } there)
            return there.Stream == id ? Answer.Of(new { registered_model = there.Message }) : new Refused(Taken(there.Name, there.Tags.ContainsKey(PromptTags.IsPrompt), tags));
        var register = new RegisterModel(caller.ProjectId, message.Name!, message.Description ?? "", tags);
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var refusal = await RegistryWrites.Commit(session, caller, id, model => Decide(model, register, now), cancellation);
        var made = await rows.Find(caller.ProjectId, message.Name!, cancellation);
        if (refusal is { Code: "already-exists" })
            refusal = Taken(message.Name!, made?.Tags.ContainsKey(PromptTags.IsPrompt) ?? false, tags);
        return refusal is null ? Answer.Of(new { registered_model = made?.Message }) : new Refused(refusal);
    }
}

/// <summary>Tags in the registry.</summary>
internal static class RegistryTags
{
    public static Refusal? Check(string keyParameter, string? key, string valueParameter, string? value) =>
        Names.CheckKey(keyParameter, key) ?? Names.TooLong(valueParameter, value, Names.RegistryTagValue);

    public static Refusal? Read(IReadOnlyList<Entry>? sent, out Dictionary<string, string> tags)
    {
        tags = new(StringComparer.Ordinal);
        for (var i = 0; i < sent?.Count; i++)
        {
            if (Check($"tags[{i}].key", sent[i].Key, $"tags[{i}].value", sent[i].Value) is { } bad)
                return bad;
            tags[sent[i].Key!] = sent[i].Value ?? "";
        }

        return null;
    }
}

/// <summary>Commits decisions on models together with their rows.</summary>
internal static class RegistryWrites
{
    public static async Task<Refusal?> Commit(
        IDocumentSession session, Caller caller, Guid stream, Func<RegisteredModel, Decision> decide, CancellationToken cancellation)
    {
        IReadOnlyList<object> events = [];
        var outcome = await session.Decide<RegisteredModel>(
            stream,
            caller.Origin,
            model =>
            {
                var decision = decide(model);
                events = decision.Events;
                return decision;
            },
            cancellation,
            alongside: (work, state) =>
            {
                foreach (var @event in events)
                {
                    ModelRows.Write(work, stream, @event);
                    if (WebhookEvents.Of(@event, state.Name, state.Prompt) is { } heard)
                        WebhookStore.Enqueue(work, caller.ProjectId, heard.Name, heard.Data, heard.Time);
                }
            });
        return outcome.Refusal;
    }
}
