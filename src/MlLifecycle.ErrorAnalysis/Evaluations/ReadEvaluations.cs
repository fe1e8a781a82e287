using Marten;
using MlLifecycle.ErrorAnalysis.Tables;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Tables;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.ErrorAnalysis.Evaluations;

public sealed record EvaluationView(
    Guid Id,
    string Name,
    string? Run,
    string? Dataset,
    int? Version,
    long Examples,
    long Errors,
    double Accuracy,
    int TagCount,
    IReadOnlyList<Column> Columns,
    string Table,
    IReadOnlyList<RefusedRow> Refused,
    long RefusedRows,
    DateTimeOffset CreatedAt,
    string CreatedBy)
{
    public static EvaluationView Of(Evaluation e) => new(
        e.Id, e.Name, e.Ask!.Run, e.Ask.Dataset, e.Ask.Version, e.Examples, e.Errors, TagTable.Share(e.Examples - e.Errors, e.Examples), e.Tags.Count, e.Columns,
        e.Table, e.Refused, e.RefusedRows, e.CreatedAt, e.CreatedBy);
}

/// <summary>An evaluation in a list.</summary>
public sealed record EvaluationLine(
    Guid Id, string Name, string? Run, string? Dataset, int? Version, long Examples, long Errors, double Accuracy, long RefusedRows, DateTimeOffset CreatedAt, string CreatedBy);

public static class ReadEvaluations
{
    /// <summary>The project's evaluations, newest first.</summary>
    public static async Task<IResult> List(
        Caller caller, IQuerySession session, At at, string? run, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<Place>(after, out var place) is { } refusal)
            return new Refused(refusal);
        var take = Cursor.Limit(limit);
        var query = session.Query<Evaluation>().Where(e => e.ProjectId == caller.ProjectId);
        if (run is not null)
            query = query.Where(e => e.Ask!.Run == run);
        if (at.Time is { } time)
            query = query.Where(e => e.CreatedAt <= time);
        if (place is not null)
            query = query.Where(e => e.CreatedAt < place.At || e.CreatedAt == place.At && e.Id < place.Id);
        var found = await query.OrderByDescending(e => e.CreatedAt).ThenByDescending(e => e.Id).Take(take + 1)
            .Select(e => new { e.Id, e.Name, e.Ask, e.Examples, e.Errors, e.RefusedRows, e.CreatedAt, e.CreatedBy }).ToListAsync(ct);
        var page = Page.Of(found, take, e => new Place(e.CreatedAt, e.Id));
        return TypedResults.Ok(new Page<EvaluationLine>(
            [.. page.Items.Select(e => new EvaluationLine(
                e.Id, e.Name, e.Ask!.Run, e.Ask.Dataset, e.Ask.Version, e.Examples, e.Errors, TagTable.Share(e.Examples - e.Errors, e.Examples), e.RefusedRows, e.CreatedAt, e.CreatedBy))],
            page.Next));
    }

    public static async Task<IResult> One(string evaluation, Caller caller, IQuerySession session, HttpContext http, At at, CancellationToken ct)
    {
        if (await Find(session, caller, evaluation, at, ct) is not { } found)
            return new Refused(Unknown());
        http.Response.Headers.ETag = "\"1\""; // recorded once, never changed
        return TypedResults.Ok(EvaluationView.Of(found));
    }

    /// <summary>The evaluation of that id or name in the caller's project, if it existed by then.</summary>
    public static async Task<Evaluation?> Find(IQuerySession session, Caller caller, string idOrName, At at, CancellationToken ct)
    {
        var id = Guid.TryParse(idOrName, out var given) ? given : Evaluation.IdOf(caller.ProjectId, idOrName);
        var found = await session.LoadAsync<Evaluation>(id, ct);
        return found?.ProjectId == caller.ProjectId && (at.Time is null || found.CreatedAt <= at.Time) ? found : null;
    }

    public static Refusal Unknown() => new(404, "evaluation-unknown", "This project has no such evaluation. GET …/evaluations lists those it has.");

    private sealed record Place(DateTimeOffset At, Guid Id);
}
