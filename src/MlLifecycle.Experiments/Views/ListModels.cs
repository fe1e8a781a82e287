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

/// <summary>The project's registered models, now or as they stood at a moment.</summary>
internal static class ListModels
{
    public static async Task<IResult> Handle(At at, Caller caller, ModelRows rows, NpgsqlDataSource source, IQuerySession session, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand($"SELECT {ModelRows.Columns} FROM tracking.models m WHERE m.project = $1 ORDER BY m.name");
        command.Parameters.Add(new() { Value = caller.ProjectId });
        var models = await rows.Whole(command, cancellation);
        foreach (var model in models)
            model.Versions.Clear();
        await rows.Fill(models, newestOnly: false, cancellation);
        var views = new List<ModelView>();
        foreach (var model in models)
        {
            if (at.Time is null)
                views.Add(new(model.Name, model.Aliases, [.. model.Versions.Select(v => View(v, v.Stage))]));
            else if (await session.Events.AggregateStreamAsync<RegisteredModel>(model.Stream, timestamp: at.Time, token: cancellation) is { } then)
                views.Add(new(then.Name, then.Aliases, [.. model.Versions.Where(v => then.Has(v.Version)).Select(v => View(v, then.StageOf(v.Version)))]));
        }

        return TypedResults.Ok(new Page<ModelView>(views, null));
    }

    private static ModelVersionView View(VersionRow version, string stage) => new(
        version.Version, version.RunId.Length > 0 ? version.RunId : null, version.Source, stage.ToLowerInvariant(), "ready", RunView.Time(version.Created));
}
