using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Registry;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Webhooks;

/// <summary>Something that happens in the registry, as webhooks name it.</summary>
internal sealed class WebhookEventMessage
{
    public string? Entity { get; init; }

    public string? Action { get; init; }
}

/// <summary>What webhooks can hear of, and what each says.</summary>
internal static class WebhookEvents
{
    private static readonly Dictionary<string, string[]> Kinds = new(StringComparer.Ordinal)
    {
        ["REGISTERED_MODEL"] = ["CREATED"],
        ["MODEL_VERSION"] = ["CREATED"],
        ["MODEL_VERSION_TAG"] = ["SET", "DELETED"],
        ["MODEL_VERSION_ALIAS"] = ["CREATED", "DELETED"],
        ["PROMPT"] = ["CREATED"],
        ["PROMPT_VERSION"] = ["CREATED"],
        ["PROMPT_TAG"] = ["SET", "DELETED"],
        ["PROMPT_VERSION_TAG"] = ["SET", "DELETED"],
        ["PROMPT_ALIAS"] = ["CREATED", "DELETED"],
    };

    /// <summary>An event's one name, as in <c>MODEL_VERSION.CREATED</c>.</summary>
    public static Refusal? Name(string parameter, WebhookEventMessage? message, out string name)
    {
        name = $"{message?.Entity}.{message?.Action}";
        return message?.Entity is { } entity && message.Action is { } action && Kinds.TryGetValue(entity, out var actions) && actions.Contains(action)
            ? null
            : Mlflow.Invalid($"Invalid value {Mlflow.Quoted(name)} for parameter '{parameter}' supplied: one of {string.Join(", ", Kinds.SelectMany(k => k.Value.Select(a => $"{k.Key}.{a}")))} is expected.");
    }

    /// <summary>What a fact of the registry is to webhooks; null when it is nothing to them.</summary>
    /// <param name="event">The fact.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="prompt">The model is a prompt.</param>
    public static (string Name, object Data, long Time)? Of(object @event, string model, bool prompt)
    {
        var (version, tag, alias) = prompt ? ("PROMPT_VERSION", "PROMPT_VERSION_TAG", "PROMPT_ALIAS") : ("MODEL_VERSION", "MODEL_VERSION_TAG", "MODEL_VERSION_ALIAS");
        return @event switch
        {
            ModelRegistered e => (prompt ? "PROMPT.CREATED" : "REGISTERED_MODEL.CREATED", new { e.Name, tags = Shown(e.Tags, prompt), e.Description }, e.Time),
            VersionRegistered e when prompt => (
                version + ".CREATED",
                new { name = model, version = VersionRow.Number(e.Version), template = e.Tags.GetValueOrDefault(PromptTags.Text), tags = Shown(e.Tags, prompt), description = OrNone(e.Description) },
                e.Time),
            VersionRegistered e => (
                version + ".CREATED", new { name = model, version = VersionRow.Number(e.Version), e.Source, run_id = e.RunId, e.Tags, description = OrNone(e.Description) }, e.Time),
            VersionTagSet e => (tag + ".SET", new { name = model, version = VersionRow.Number(e.Version), e.Key, e.Value }, e.Time),
            VersionTagRemoved e => (tag + ".DELETED", new { name = model, version = VersionRow.Number(e.Version), e.Key }, e.Time),
            AliasSet e => (alias + ".CREATED", new { name = model, e.Alias, version = VersionRow.Number(e.Version) }, e.Time),
            AliasRemoved e => (alias + ".DELETED", new { name = model, e.Alias }, e.Time),
            ModelTagSet e when prompt => ("PROMPT_TAG.SET", new { name = model, e.Key, e.Value }, e.Time),
            ModelTagRemoved e when prompt => ("PROMPT_TAG.DELETED", new { name = model, e.Key }, e.Time),
            _ => null,
        };
    }

    /// <summary>An example of an event, for a trial delivery: receivers are tried with the values that MLflow sends.</summary>
    public static object Example(string name)
    {
        var tags = new { example_key = "example_value" };
        return name switch
        {
            "REGISTERED_MODEL.CREATED" => new { name = "example_model", tags, description = "An example registered model" },
            "MODEL_VERSION.CREATED" => new { name = "example_model", version = "1", source = "models:/123", run_id = "abcd1234abcd5678", tags, description = "An example model version" },
            "MODEL_VERSION_TAG.SET" => new { name = "example_model", version = "1", key = "example_key", value = "example_value" },
            "MODEL_VERSION_TAG.DELETED" => new { name = "example_model", version = "1", key = "example_key" },
            "MODEL_VERSION_ALIAS.CREATED" => new { name = "example_model", alias = "example_alias", version = "1" },
            "MODEL_VERSION_ALIAS.DELETED" => new { name = "example_model", alias = "example_alias" },
            "PROMPT.CREATED" => new { name = "example_prompt", tags, description = "An example prompt" },
            "PROMPT_VERSION.CREATED" => new { name = "example_prompt", version = "1", template = "Hello {{name}}!", tags, description = "An example prompt version" },
            "PROMPT_TAG.SET" => new { name = "example_prompt", key = "example_key", value = "example_value" },
            "PROMPT_TAG.DELETED" => new { name = "example_prompt", key = "example_key" },
            "PROMPT_VERSION_TAG.SET" => new { name = "example_prompt", version = "1", key = "example_key", value = "example_value" },
            "PROMPT_VERSION_TAG.DELETED" => new { name = "example_prompt", version = "1", key = "example_key" },
            "PROMPT_ALIAS.CREATED" => new { name = "example_prompt", alias = "example_alias", version = "1" },
            "PROMPT_ALIAS.DELETED" => new { name = "example_prompt", alias = "example_alias" },
            _ => throw new InvalidOperationException($"There is no event {name}."),
        };
    }

    // The tags by which the registry knows a prompt are its own affair.
    private static IReadOnlyDictionary<string, string> Shown(IReadOnlyDictionary<string, string> tags, bool prompt) =>
        prompt ? tags.Where(t => t.Key is not (PromptTags.IsPrompt or PromptTags.Type or PromptTags.Text)).ToDictionary(StringComparer.Ordinal) : tags;

    private static string? OrNone(string text) => text.Length > 0 ? text : null;
}
