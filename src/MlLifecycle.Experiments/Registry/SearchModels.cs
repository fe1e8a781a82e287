using MlLifecycle.Experiments.Protocol;
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

/// <summary>Searches the registry.</summary>
internal static class SearchModels
{
    public static async Task<IResult> Models(Sent<SearchModelsMessage> sent, Caller caller, ModelRows rows, NpgsqlDataSource source, CancellationToken cancellation)
    {
        var (usual, most) = (100, 1000);
        if (RegistrySearch.Prepare(sent.Message, Vocabulary.Models, ["name", "last_updated_timestamp"], usual, most, RegistrySearch.ModelTerms, out var search) is { } refusal)
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

    public static async Task<IResult> Versions(Sent<SearchModelsMessage> sent, Caller caller, NpgsqlDataSource source, CancellationToken cancellation)
    {
        var (usual, most) = (10_000, 200_000);
        if (RegistrySearch.Prepare(sent.Message, Vocabulary.ModelVersions, ["name", "version_number", "creation_timestamp", "last_updated_timestamp"], usual, most, RegistrySearch.VersionTerms, out var search) is { } refusal)
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
