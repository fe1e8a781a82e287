using System.Collections.Immutable;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.ErrorAnalysis;

/// <summary>
/// What a project's team knows and has decided about each tag. It is the project's, not an evaluation's: what people reach on blurred images, and
/// that somebody works on them, holds for the next evaluation too. Its stream has the project's id.
/// </summary>
public sealed record TagBook(Guid Id) : IFolded<TagBook>
{
    public ImmutableList<TagJudgement> Tags { get; init; } = [];

    public static TagBook Initial(Guid id) => new(id);

    public TagJudgement Of(string tag) => Tags.Find(t => t.Tag == tag) ?? new(tag);

    public TagBook Evolve(object @event) => @event switch
    {
        TagAppraised e => With(Of(e.Tag) with { HumanLevel = e.HumanLevel, Ease = e.Ease, Importance = e.Importance, Notes = e.Notes }),
        TagPrioritySet e => With(Of(e.Tag) with { Priority = e.Priority, Open = e.Open, Notes = e.Notes }),
        _ => this,
    };

    private TagBook With(TagJudgement judgement)
    {
        var place = Tags.FindIndex(t => t.Tag == judgement.Tag);
        return this with { Tags = place < 0 ? Tags.Add(judgement) : Tags.SetItem(place, judgement) };
    }
}

/// <summary>What is known of one tag.</summary>
/// <param name="Tag">As in <c>class=Shirt</c>.</param>
/// <param name="HumanLevel">The accuracy people reach on examples with the tag, 0..1.</param>
/// <param name="Ease">How easily accuracy on it can be improved, 0..1.</param>
/// <param name="Importance">How much it matters to do well on it, 0..1.</param>
/// <param name="Priority"><c>high</c>, <c>normal</c> or <c>low</c>; null while nobody has decided.</param>
/// <param name="Open">Whether work on it is still to be done.</param>
/// <param name="Notes">Why.</param>
public sealed record TagJudgement(
    string Tag, double? HumanLevel = null, double? Ease = null, double? Importance = null, string? Priority = null, bool Open = false, string? Notes = null);
