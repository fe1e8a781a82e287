using System.Text.Json;
using Marten;
using MlLifecycle.Lifecycle.Timeline;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Lifecycle.Views;

/// <summary>An entry of the timeline with the entries it rests on.</summary>
/// <param name="Because">On a walk: what ties it to the entries before it.</param>
public sealed record EntryView(
    Guid Id,
    string Type,
    DateTimeOffset At,
    string Actor,
    string Summary,
    string Subject,
    JsonElement Data,
    string CorrelationId,
    Guid? CausationId,
    IReadOnlyList<Guid> Causes,
    string? Because = null)
{
    public static EntryView Of(TimelineEntry e, IEnumerable<CausalLink> links, string? because = null) => new(
        e.Id, e.Type, e.At, e.Actor, e.Summary, e.Subject, e.Data, e.CorrelationId, e.CausationId, [.. links.Where(l => l.Effect == e.Id).Select(l => l.Cause)], because);
}

public static class ReadTimeline
{
    // As Marten writes these members in its indexes and queries.
    private const string Project = "CAST(d.data ->> 'projectId' as uuid)";
    private const string Time = "mt_immutable_timestamptz(d.data ->> 'at')";

    private sealed record Place(DateTimeOffset At, Guid Id);

    public static async Task<IResult> List(
        Caller caller, At at, IQuerySession session, int? limit, string? after, string? type, string? subject, CancellationToken cancellation)
    {
        if (Cursor.Decode<Place>(after, out var place) is { } refusal)
            return new Refused(refusal);
        if (Unwritable(type) || Unwritable(subject))
            return new Refused(Decision.InvalidInput(Unwritable(type) ? "type" : "subject", "must not contain the character U+0000."));
        var size = Cursor.Limit(limit, usual: 50, most: 500);
        List<string> conditions = [$"{Project} = ?"];
        List<object> values = [caller.ProjectId];
        If(at.Time is not null, $"{Time} <= ?", () => at.Time!.Value);
        If(!string.IsNullOrEmpty(type), "d.data ->> 'type' = ?", () => type!);
        If(!string.IsNullOrEmpty(subject), "d.data ->> 'subject' = ?", () => subject!);
        if (place is not null)
        {
            conditions.Add($"({Time}, d.id) < (?, ?)");
            values.AddRange([place.At.ToUniversalTime(), place.Id]);
        }

        values.Add(size + 1);
        var found = await session.QueryAsync<TimelineEntry>(
            $"where {string.Join(" and ", conditions)} order by {Time} desc, d.id desc limit ?", cancellation, [.. values]);
        var landmarks = await Landmarks.For(session, caller.ProjectId, found, at.Time, cancellation);
        var links = found.SelectMany(entry => CausalWalk.Links(entry, landmarks)).ToList();
        return TypedResults.Ok(Page.Of<EntryView>([.. found.Select(entry => EntryView.Of(entry, links))], size, e => new Place(e.At, e.Id)));

        static bool Unwritable(string? text) => text?.Contains('\0', StringComparison.Ordinal) == true;

        void If(bool asked, string condition, Func<object> value)
        {
            if (!asked)
                return;
            conditions.Add(condition);
            values.Add(value());
        }
    }
}
