using Marten;
using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.ErrorAnalysis.Tags;

public static class ReadTags
{
    /// <summary>The tag table of an evaluation, with what is known and decided by now, or was at a moment.</summary>
    public static async Task<IResult> Handle(
        string evaluation, Caller caller, IQuerySession session, HttpContext http, At at, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<int>(after, out var skip) is { } refusal)
            return new Refused(refusal);
        if (await ReadEvaluations.Find(session, caller, evaluation, at, ct) is not { } found)
            return new Refused(ReadEvaluations.Unknown());
        var book = await session.Past<TagBook>(caller.ProjectId, at, ct) ?? TagBook.Initial(caller.ProjectId);
        if (at.Time is null && await session.Events.FetchStreamStateAsync(caller.ProjectId, ct) is { } stream)
            http.Response.Headers.ETag = $"\"{stream.Version}\""; // of the tag book: what a PUT of a tag is matched against
        var take = Cursor.Limit(limit);
        var rows = TagTable.Of(found, book).Skip(Math.Max(0, skip)).Take(take + 1).ToList();
        return TypedResults.Ok(Page.Of(rows, take, _ => Math.Max(0, skip) + take));
    }
}
