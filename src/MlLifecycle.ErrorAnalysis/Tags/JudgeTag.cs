using Marten;
using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.ErrorAnalysis.Tags;

/// <summary>States what is known of a tag and what is to be done about it. What is left out stays as it is.</summary>
/// <param name="Priority">The first priority of a tag opens it, unless <paramref name="Open"/> says otherwise.</param>
public sealed record JudgeTag(
    double? HumanLevel = null, double? Ease = null, double? Importance = null, string? Priority = null, bool? Open = null, string? Notes = null);

public sealed record TagAppraised(string Tag, double? HumanLevel, double? Ease, double? Importance, string? Notes, DateTimeOffset At, string By);

/// <param name="Gain">In the evaluation it was decided on; null when the human level was not known then.</param>
public sealed record TagPrioritySet(
    Guid EvaluationId, string Evaluation, string Tag, string Priority, bool Open, double? Gain, string? Notes, DateTimeOffset At, string By);

public static class JudgeTagSlice
{
    public static readonly string[] Priorities = ["high", "normal", "low"];

    public static Decision Decide(TagBook book, Evaluation? evaluation, string tag, JudgeTag judge, DateTimeOffset now, string actor)
    {
        if (evaluation is null)
            return ReadEvaluations.Unknown();
        if (evaluation.Tag(tag) is not { } count)
            return Refuse(404, "tag-unknown", $"The evaluation '{evaluation.Name}' has no tag '{tag}'. GET its tags lists them.");
        if (Check(judge) is { } refusal)
            return refusal;

        var was = book.Of(tag);
        var next = was with
        {
            HumanLevel = judge.HumanLevel ?? was.HumanLevel,
            Ease = judge.Ease ?? was.Ease,
            Importance = judge.Importance ?? was.Importance,
            Priority = judge.Priority ?? was.Priority ?? (judge.Open is null ? null : "normal"),
            Open = judge.Open ?? (was.Open || was.Priority is null && judge.Priority is not null),
            Notes = judge.Notes ?? was.Notes,
        };
        var decided = next.Priority is not null && (next.Priority, next.Open, next.Notes) != (was.Priority, was.Open, was.Notes);
        var appraised = (next.HumanLevel, next.Ease, next.Importance) != (was.HumanLevel, was.Ease, was.Importance) || !decided && next.Notes != was.Notes;
        List<object> events = [];
        if (appraised)
            events.Add(new TagAppraised(tag, next.HumanLevel, next.Ease, next.Importance, next.Notes, now, actor));
        if (decided)
        {
            var gain = TagTable.Row(evaluation, count, next).Gain;
            events.Add(new TagPrioritySet(evaluation.Id, evaluation.Name, tag, next.Priority!, next.Open, gain, next.Notes, now, actor));
        }

        return events.Count == 0 ? Nothing : Accept([.. events]);
    }

    public static async Task<IResult> Handle(
        string evaluation, string tag, JudgeTag command, Caller caller, IDocumentSession session, TimeProvider clock, IfMatch ifMatch, CancellationToken ct)
    {
        tag = tag.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase); // the one escape the server leaves in a path
        var judged = await ReadEvaluations.Find(session, caller, evaluation, default, ct);
        var recorded = judged is null ? [] : await session.Events.FetchStreamAsync(judged.Id, token: ct);
        var origin = caller.Origin with { CausationId = recorded.Count == 0 ? null : recorded[0].Id.ToString() };
        var outcome = await session.Decide<TagBook>(
            caller.ProjectId, origin, book => Decide(book, judged, tag, command, clock.GetUtcNow(), caller.Actor), ct, ifMatch);
        return outcome.ToResult(book => TypedResults.Ok(TagTable.Row(judged!, judged!.Tag(tag)!, book.Of(tag))));
    }

    private static Refusal? Check(JudgeTag judge) =>
        Share("humanLevel", judge.HumanLevel)
        ?? Share("ease", judge.Ease)
        ?? Share("importance", judge.Importance)
        ?? (judge.Priority is { } priority && !Priorities.Contains(priority) ? InvalidInput("priority", $"must be one of high, normal, low; it is '{priority}'.") : null)
        ?? (judge.Notes is { Length: > 4000 } ? InvalidInput("notes", $"must have at most 4000 characters; it has {judge.Notes.Length}.") : null);

    private static Refusal? Share(string field, double? value) =>
        value is { } share && !(share is >= 0 and <= 1) ? InvalidInput(field, "must lie between 0 and 1.") : null;
}
