using Marten;
using MlLifecycle.Experiments.Registry;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Views;

/// <summary>A registered model in the suite's own terms.</summary>
public sealed record ModelView(string Name, IReadOnlyDictionary<string, int> Aliases, IReadOnlyList<ModelVersionView> Versions);

/// <summary>One of its versions, newest first.</summary>
public sealed record ModelVersionView(int Version, string? RunId, string Source, string Stage, string Status, DateTimeOffset? CreatedAt);

/// <summary>A version with all there is to know of it.</summary>
public sealed record ModelVersionDetail(
    int Version, string? RunId, string Source, string Stage, string Status, DateTimeOffset? CreatedAt, string Description, IReadOnlyDictionary<string, string> Tags, IReadOnlyList<string> Aliases);

/// <summary>A model with its versions and all that was ever done to it, the last first.</summary>
public sealed record ModelDetail(
    string Name,
    string Description,
    IReadOnlyDictionary<string, string> Tags,
    IReadOnlyDictionary<string, int> Aliases,
    IReadOnlyList<ModelVersionDetail> Versions,
    IReadOnlyList<ModelHistoryEntry> History);

/// <summary>The project's registered models, now or as they stood at a moment.</summary>
internal static class ListModels
{
    public static async Task<IResult> Handle(At at, Caller caller, ModelRows rows, NpgsqlDataSource source, IQuerySession session, CancellationToken cancellation)
    {
        if (at.Time is { } time)
        {
            var then = await At(session, caller.ProjectId, time, cancellation);
            return TypedResults.Ok(new Page<ModelView>([.. then.OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => new ModelView(m.Name, m.Aliases, [.. m.Versions.Values.Reverse().Select(v => v.View)]))], null));
        }

        await using var command = source.CreateCommand($"SELECT {ModelRows.Columns} FROM tracking.models m WHERE m.project = $1 ORDER BY m.name");
        command.Parameters.Add(new() { Value = caller.ProjectId });
        var models = await rows.Whole(command, cancellation);
        foreach (var model in models)
            model.Versions.Clear();
        await rows.Fill(models, newestOnly: false, cancellation);
        return TypedResults.Ok(new Page<ModelView>([.. models.Select(m => new ModelView(m.Name, m.Aliases, [.. m.Versions.Select(View)]))], null));
    }

    /// <summary>The project's models as they stood, from their logs: those that are deleted by now too.</summary>
    public static async Task<IReadOnlyList<ModelAccount>> At(IQuerySession session, Guid project, DateTimeOffset time, CancellationToken cancellation)
    {
        var accounts = new List<ModelAccount>();
        foreach (var model in await session.Query<RegisteredModel>().Where(m => m.ProjectId == project).ToListAsync(cancellation))
        {
            if (await session.Events.FetchStreamAsync(model.Id, timestamp: time, token: cancellation) is { Count: > 0 } log && ModelAccount.Of(log) is { Deleted: false } account)
                accounts.Add(account);
        }

        return accounts;
    }

    private static ModelVersionView View(VersionRow version) => new(
        version.Version, version.RunId.Length > 0 ? version.RunId : null, version.Source, version.Stage.ToLowerInvariant(), "ready", RunView.Time(version.Created));
}

/// <summary>One registered model with the history of its stages and aliases: who moved which version, and when.</summary>
internal static class ReadModel
{
    public static async Task<IResult> Handle(string name, At at, Caller caller, ModelRows rows, IQuerySession session, CancellationToken cancellation)
    {
        ModelAccount? account = null;
        if (at.Time is { } time)
            account = (await ListModels.At(session, caller.ProjectId, time, cancellation)).FirstOrDefault(m => m.Name == name);
        else if (await rows.Find(caller.ProjectId, name, cancellation) is { } row)
            account = ModelAccount.Of(await session.Events.FetchStreamAsync(row.Stream, token: cancellation));
        if (account is null)
            return new Refused(new(404, "model-unknown", $"The project has no model {name}."));
        return TypedResults.Ok(new ModelDetail(
            account.Name, account.Description, account.Tags, account.Aliases, [.. account.Versions.Values.Reverse().Select(v => Detail(v, account))], [.. account.History.AsEnumerable().Reverse()]));
    }

    private static ModelVersionDetail Detail(VersionAccount version, ModelAccount model)
    {
        var view = version.View;
        return new(
            view.Version, view.RunId, view.Source, view.Stage, view.Status, view.CreatedAt, version.Description, version.Tags, [.. model.Aliases.Where(a => a.Value == view.Version).Select(a => a.Key)]);
    }
}
