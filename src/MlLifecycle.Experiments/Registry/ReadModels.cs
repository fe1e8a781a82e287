using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Registry;

/// <summary>Reads the registry.</summary>
internal static class ReadModels
{
    public static async Task<IResult> Get(Sent<ModelMessages> sent, Caller caller, ModelRows rows, CancellationToken cancellation)
    {
        if (Names.CheckModelName("name", sent.Message.Name) is { } bad)
            return new Refused(bad);
        return await rows.Find(caller.ProjectId, sent.Message.Name!, cancellation) is { } model
            ? Answer.Of(new { registered_model = model.Message })
            : new Refused(ModelMessages.Unknown(sent.Message.Name!));
    }

    public static async Task<IResult> GetVersion(Sent<ModelMessages> sent, Caller caller, ModelRows rows, CancellationToken cancellation)
    {
        if (sent.Message.CheckVersion(out var version) is { } bad)
            return new Refused(bad);
        return await rows.FindVersion(caller.ProjectId, sent.Message.Name!, version, cancellation) is { } row
            ? Answer.Of(new { model_version = row.Message })
            : new Refused(ModelMessages.UnknownVersion(sent.Message.Name!, sent.Message.Version));
    }

    public static async Task<IResult> GetByAlias(Sent<ModelMessages> sent, Caller caller, ModelRows rows, CancellationToken cancellation)
    {
        var message = sent.Message;
        if ((Names.CheckModelName("name", message.Name) ?? Names.CheckAlias("alias", message.Alias)) is { } bad)
            return new Refused(bad);
        var model = await rows.Find(caller.ProjectId, message.Name!, cancellation);
        // Prompts are loaded so when no version of them is asked for.
        if (Names.IsLatest(message.Alias))
        {
            return model is null ? new Refused(ModelMessages.Unknown(message.Name!))
                : model.Latest.MaxBy(v => v.Version) is { } newest ? Answer.Of(new { model_version = newest.Message })
                : new Refused(Mlflow.Unknown($"Latest version not found for model {model.Name}."));
        }

        if (model is null || !model.Aliases.TryGetValue(message.Alias!, out var version))
            return new Refused(Mlflow.Invalid($"Registered model alias {message.Alias} not found."));
        return Answer.Of(new { model_version = (await rows.FindVersion(caller.ProjectId, model.Name, version, cancellation))?.Message });
    }

    public static async Task<IResult> Latest(Sent<ModelMessages> sent, Caller caller, ModelRows rows, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (Names.CheckModelName("name", message.Name) is { } bad)
            return new Refused(bad);
        if (message.Stages?.FirstOrDefault(s => Stages.Named(s) is null) is { } other)
            return new Refused(ModelMessages.UnknownStage(other));
        if (await rows.Find(caller.ProjectId, message.Name!, cancellation) is not { } model)
            return new Refused(ModelMessages.Unknown(message.Name!));
        var stages = message.Stages is { Count: > 0 } asked ? asked.Select(Stages.Named).ToHashSet() : null;
        return Answer.Of(new { model_versions = Answer.OrNone([.. model.Latest.Where(v => stages is null || stages.Contains(v.Stage)).Select(v => v.Message)]) });
    }

    /// <summary>Where a version's files are, after following what its source refers to.</summary>
    public static async Task<IResult> DownloadUri(Sent<ModelMessages> sent, Caller caller, ModelRows rows, ModelPlaces places, CancellationToken cancellation)
    {
        if (sent.Message.CheckVersion(out var version) is { } bad)
            return new Refused(bad);
        if (await rows.FindVersion(caller.ProjectId, sent.Message.Name!, version, cancellation) is not { } row)
            return new Refused(ModelMessages.UnknownVersion(sent.Message.Name!, sent.Message.Version));
        return Answer.Of(new { artifact_uri = row.Location ?? await places.Of(caller.ProjectId, row.Source, cancellation) });
    }
}
