using System.Globalization;
using System.Text.RegularExpressions;
using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Registry;

/// <summary>Registers a model that a run made as the next version of its name.</summary>
public sealed record RegisterVersion(
    string Name, string Source, string? RunId, string RunLink, string Description, string User, IReadOnlyDictionary<string, string> Tags)
{
    public string? ModelId { get; init; }

    /// <summary>Where its files are, when the source only refers to them.</summary>
    public string? Location { get; init; }

    /// <summary>Tells a retry of the request from another one; null when the caller gave no <c>Idempotency-Key</c>.</summary>
    public Guid? Request { get; init; }
}

internal sealed class RegisterVersionMessage
{
    public string? Name { get; init; }

    public string? Source { get; init; }

    public string? RunId { get; init; }

    public string? ModelId { get; init; }

    public string? RunLink { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<Entry>? Tags { get; init; }
}

internal static partial class RegisterVersionSlice
{
    [GeneratedRegex(@"\A[a-zA-Z][a-zA-Z0-9+.\-]*:", RegexOptions.CultureInvariant)]
    private static partial Regex Scheme { get; }

    public static Decision Decide(RegisteredModel model, RegisterVersion register, long now)
    {
        if (!model.Active)
            return ModelMessages.Unknown(register.Name);
        if (Made(model, register) is { } made)
        {
            return model.Has(made)
                ? Nothing
                : Mlflow.Unknown($"Model Version (name={register.Name}, version={made}) not found: this request made it, with the same Idempotency-Key, and it was deleted since.");
        }

        return Accept(new VersionRegistered(
            register.Name, model.Versions + 1, register.Source, register.RunId, register.RunLink, register.Description, register.User, now, register.Tags)
        {
            ModelId = register.ModelId,
            Location = register.Location,
            Request = register.Request,
        });
    }

    // The version that this very request made before.
    private static int? Made(RegisteredModel model, RegisterVersion register) =>
        register.Request is { } request && model.Requests.TryGetValue(request, out var version) ? version : null;

    /// <summary>A source is a place that can be named; a prompt has none, and says what it likes.</summary>
    public static Refusal? CheckSource(string? source, bool prompt = false)
    {
        if (string.IsNullOrEmpty(source))
            return Mlflow.Missing("source");
        if (Names.TooLong("source", source, 2048) is { } tooLong)
            return tooLong;
        // A path on some machine's disk means nothing to whoever reads the registry.
        if (!prompt && (!Scheme.IsMatch(source) || source.StartsWith("file:", StringComparison.OrdinalIgnoreCase) || source.Contains('\\', StringComparison.Ordinal)))
            return Mlflow.Invalid($"Invalid model version source: '{Names.Cut(source, 200)}'. To use a local path as a model version source, log it as an artifact of a run first: a source is a URI such as runs:/…, models:/… or mlflow-artifacts:/….");
        // '..' would lead out of where the source seems to point, and the character U+0000 ends a path early.
        var decoded = source;
        while (Uri.UnescapeDataString(decoded) is var further && further != decoded)
            decoded = further;
        return decoded.Split('/').Contains("..") || decoded.Any(char.IsControl)
            ? Mlflow.Invalid($"Invalid model version source: '{Names.Cut(source, 200)}'. If supplying a source as an http, https, s3, mlflow-artifacts or other URI, its path must be absolute: without '..' or control characters, encoded ones included.")
            : null;
    }

    public static async Task<IResult> Handle(
        Sent<RegisterVersionMessage> sent, Caller caller, ModelRows rows, ModelPlaces places, IDocumentSession session, TimeProvider clock, CancellationToken cancellation)
    {
        var message = sent.Message;
        var prompt = message.Tags?.Any(tag => tag.Key == PromptTags.IsPrompt) ?? false;
        if ((Names.CheckModelName("name", message.Name) ?? CheckSource(message.Source, prompt) ?? Names.TooLong("run_id", message.RunId, 256) ?? Names.TooLong("model_id", message.ModelId, 256)) is { } bad)
            return new Refused(bad);
        if (RegistryTags.Read(message.Tags, out var tags) is { } badTag)
            return new Refused(badTag);
        if (await rows.Find(caller.ProjectId, message.Name!, cancellation) is not { } row)
            return new Refused(ModelMessages.Unknown(message.Name!));
        var (location, nowhere) = await places.Pin(caller.ProjectId, message.Source!, cancellation);
        if (nowhere is not null)
            return new Refused(nowhere);
        var (run, noModel) = message.RunId is { Length: > 0 } said ? (said, null) : await places.RunOf(caller.ProjectId, message.Source!, message.ModelId, cancellation);
        if (noModel is not null)
            return new Refused(noModel);
        var register = new RegisterVersion(
            row.Name, message.Source!, run, message.RunLink ?? "", message.Description ?? "", caller.Actor, tags)
        {
            ModelId = message.ModelId is { Length: > 0 } modelId ? modelId : null,
            Location = location,
            Request = caller.IdempotencyKey is null ? null : caller.NewId($"version of {row.Stream}"),
        };
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var version = 0;
        var refusal = await RegistryWrites.Commit(
            session,
            caller,
            row.Stream,
            model =>
            {
                version = Made(model, register) ?? model.Versions + 1;
                return Decide(model, register, now);
            },
            cancellation);
        if (refusal is not null)
            return new Refused(refusal);
        return Answer.Of(new { model_version = (await rows.FindVersion(caller.ProjectId, row.Name, version, cancellation))?.Message });
    }
}

/// <summary>A request about a version of a model.</summary>
internal sealed class ModelMessages
{
    public string? Name { get; init; }

    public string? Version { get; init; }

    public string? NewName { get; init; }

    public string? Description { get; init; }

    public string? Key { get; init; }

    public string? Value { get; init; }

    public string? Stage { get; init; }

    public bool? ArchiveExistingVersions { get; init; }

    public string? Alias { get; init; }

    public IReadOnlyList<string>? Stages { get; init; }

    public static Refusal Unknown(string name) => Mlflow.Unknown($"Registered Model with name={name} not found");

    public static Refusal UnknownStage(string stage) => Mlflow.Invalid($"Invalid Model Version stage: {Names.Cut(stage, 200)}. Value must be one of {string.Join(", ", Registry.Stages.All)}.");

    public static Refusal UnknownVersion(string name, string? version) => Mlflow.Unknown($"Model Version (name={name}, version={version}) not found");

    public Refusal? CheckVersion(out int version)
    {
        version = 0;
        return Names.CheckModelName("name", Name)
            ?? (string.IsNullOrEmpty(Version) ? Mlflow.Missing("version")
                : int.TryParse(Version, NumberStyles.None, CultureInfo.InvariantCulture, out version) ? null
                : Mlflow.Invalid($"Parameter 'version' must be an integer, got '{Version[..Math.Min(Version.Length, 200)]}'."));
    }
}
