using Marten;
using Marten.Linq.MatchesSql;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Datasets;

public sealed record HeadView(int Number, string Digest);

/// <param name="Examples">Null until a check or a split has counted those of the head.</param>
public sealed record DatasetView(
    Guid Id, string Name, string Modality, string Description, LabelDefinition? Label, FeedbackPlan? Feedback, IReadOnlyList<ImportantCase> Cases, HeadView? Head, int Versions,
    long? Examples, DateTimeOffset CreatedAt, string CreatedBy)
{
    public static DatasetView Of(Dataset d) => new(
        d.Id, d.Name, d.Modality, d.Description, d.Label, d.Feedback, d.Cases, d.Head is { } head ? new(head.Number, head.Manifest) : null, d.Versions, d.Examples, d.CreatedAt,
        d.CreatedBy);
}

public static class ReadDatasets
{
    /// <summary>The project's datasets by name, now or as they were at a moment.</summary>
    public static async Task<IResult> List(Caller caller, IQuerySession session, At at, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<string>(after, out var name) is { } refusal)
            return new Refused(refusal);
        var take = Cursor.Limit(limit);
        var found = await session.Query<Dataset>()
            .Where(d => d.ProjectId == caller.ProjectId && d.MatchesSql("d.data ->> 'name' > ?", name ?? ""))
            .OrderBy(d => d.Name).Take(take + 1).ToListAsync(ct);
        var page = Page.Of(found, take, d => d.Name);
        var items = new List<DatasetView>();
        foreach (var dataset in page.Items)
        {
            if (await session.AsOf(dataset, at, ct) is { } then)
                items.Add(DatasetView.Of(then));
        }

        return TypedResults.Ok(new Page<DatasetView>(items, page.Next));
    }

    public static async Task<IResult> One(string dataset, Caller caller, IQuerySession session, HttpContext http, At at, CancellationToken ct)
    {
        if (await session.FindDataset(caller, dataset, ct, at) is not { } found)
            return new Refused(Dataset.Unknown(dataset));
        if (at.Time is null && await session.Events.FetchStreamStateAsync(found.Id, ct) is { } stream)
            http.Response.Headers.ETag = $"\"{stream.Version}\"";
        return TypedResults.Ok(DatasetView.Of(found));
    }

    /// <summary>The dataset of this name in the caller's project, now or as it was at a moment; null when there is, or was, none.</summary>
    public static async Task<Dataset?> FindDataset(this IQuerySession session, Caller caller, string name, CancellationToken ct, At at = default)
    {
        var now = await session.Query<Dataset>().FirstOrDefaultAsync(d => d.ProjectId == caller.ProjectId && d.Name == name, ct);
        return now is null ? null : await session.AsOf(now, at, ct);
    }

    private static async Task<Dataset?> AsOf(this IQuerySession session, Dataset now, At at, CancellationToken ct) =>
        at.Time is null ? now : await session.Past<Dataset>(now.Id, at, ct) is { Registered: true } then ? then : null;
}
