using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Registry;

internal sealed class SearchModelsMessage
{
    public string? Filter { get; init; }

    public long? MaxResults { get; init; }

    public IReadOnlyList<string>? OrderBy { get; init; }

    public string? PageToken { get; init; }
}

/// <summary>Reads and searches the registry.</summary>
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
        if (await rows.Find(caller.ProjectId, message.Name!, cancellation) is not { } model)
            return new Refused(ModelMessages.Unknown(message.Name!));
        if (!model.Aliases.TryGetValue(message.Alias!, out var version))
            return new Refused(Mlflow.Invalid($"Registered model alias {message.Alias} not found."));
        return Answer.Of(new { model_version = (await rows.FindVersion(caller.ProjectId, model.Name, version, cancellation))?.Message });
    }

    public static async Task<IResult> Latest(Sent<ModelMessages> sent, Caller caller, ModelRows rows, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (Names.CheckModelName("name", message.Name) is { } bad)
            return new Refused(bad);
        if (message.Stages?.FirstOrDefault(s => Stages.Named(s) is null) is { } other)
            return new Refused(Mlflow.Invalid($"Invalid Model Version stage: {Mlflow.Quoted(other)}. Value must be one of {string.Join(", ", Stages.All)}."));
        if (await rows.Find(caller.ProjectId, message.Name!, cancellation) is not { } model)
            return new Refused(ModelMessages.Unknown(message.Name!));
        var stages = message.Stages is { Count: > 0 } asked ? asked.Select(Stages.Named).ToHashSet() : null;
        return Answer.Of(new { model_versions = Answer.OrNone([.. model.Latest.Where(v => stages is null || stages.Contains(v.Stage)).Select(v => v.Message)]) });
    }

    /// <summary>Where a version's files are, after following what its source refers to.</summary>
    public static async Task<IResult> DownloadUri(Sent<ModelMessages> sent, Caller caller, ModelRows rows, RunReader runs, CancellationToken cancellation)
    {
        if (sent.Message.CheckVersion(out var version) is { } bad)
            return new Refused(bad);
        if (await rows.FindVersion(caller.ProjectId, sent.Message.Name!, version, cancellation) is not { } row)
            return new Refused(ModelMessages.UnknownVersion(sent.Message.Name!, sent.Message.Version));
        var source = row.Source;
        for (var hops = 0; hops < 8 && source.StartsWith("models:/", StringComparison.Ordinal); hops++)
        {
            var parts = source["models:/".Length..].Split('/');
            if (parts.Length != 2 || !int.TryParse(parts[1], out var number) || await rows.FindVersion(caller.ProjectId, parts[0], number, cancellation) is not { } next)
                break;
            source = next.Source;
        }

        if (source.StartsWith("runs:/", StringComparison.Ordinal) && source["runs:/".Length..].Split('/', 2) is [var id, .. var rest]
            && Rules.Named(id, null, out var run) is null && await runs.One(caller.ProjectId, run, cancellation) is { } record)
            source = rest is [var path] ? $"{record.ArtifactUri}/{path}" : record.ArtifactUri;
        return Answer.Of(new { artifact_uri = source });
    }

    public static async Task<IResult> Search(Sent<SearchModelsMessage> sent, Caller caller, ModelRows rows, NpgsqlDataSource source, CancellationToken cancellation)
    {
        var (usual, most) = (100, 1000);
        if (RegistrySearch.Prepare(sent.Message, Vocabulary.Models, usual, most, RegistrySearch.ModelTerms, out var search) is { } refusal)
            return new Refused(refusal);
        if (RegistrySearch.Command(search, source, caller.ProjectId, ModelRows.Columns, "tracking.models m", "m", RegistrySearch.ModelColumn) is not { } command)
            return new Refused(Mlflow.Invalid("Invalid page token."));
        await using var _ = command;
        var found = await rows.Whole(command, cancellation);
        return Answer.Of(new
        {
            registered_models = Answer.OrNone([.. found.Take((int)search.Limit).Select(m => m.Message)]),
            next_page_token = found.Count > search.Limit ? search.TokenAfter(RegistrySearch.PlaceOf(found[(int)search.Limit - 1])) : null,
        });
    }

    public static async Task<IResult> SearchVersions(Sent<SearchModelsMessage> sent, Caller caller, NpgsqlDataSource source, CancellationToken cancellation)
    {
        var (usual, most) = (10_000, 200_000);
        if (RegistrySearch.Prepare(sent.Message, Vocabulary.ModelVersions, usual, most, RegistrySearch.VersionTerms, out var search) is { } refusal)
            return new Refused(refusal);
        if (RegistrySearch.Command(
            search, source, caller.ProjectId, ModelRows.VersionColumns, "tracking.model_versions v JOIN tracking.models m ON m.stream = v.stream", "v", RegistrySearch.VersionColumn) is not { } command)
            return new Refused(Mlflow.Invalid("Invalid page token."));
        await using var _ = command;
        var found = await ModelRows.Versions(command, cancellation);
        return Answer.Of(new
        {
            model_versions = Answer.OrNone([.. found.Take((int)search.Limit).Select(v => v.Message)]),
            next_page_token = found.Count > search.Limit ? search.TokenAfter(RegistrySearch.PlaceOf(found[(int)search.Limit - 1])) : null,
        });
    }
}
