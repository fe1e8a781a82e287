namespace MlLifecycle.ErrorAnalysis.Tags;

/// <summary>How many examples carry a tag, and how many of them the model got wrong.</summary>
public sealed record TagCount(string Tag, long Examples, long Errors);

/// <summary>A tag's row of the table. All shares are 0..1.</summary>
/// <param name="ShareOfErrors">Of all errors, those with the tag.</param>
/// <param name="ErrorRate">Of the examples with the tag, the errors.</param>
/// <param name="Prevalence">Of all examples, those with the tag.</param>
/// <param name="Room">How far accuracy on the tag is below the human level; null while that is not known.</param>
/// <param name="Gain">Room × prevalence: what closing the gap would add to the accuracy on all examples.</param>
public sealed record TagRow(
    string Tag,
    long Examples,
    long Errors,
    double ShareOfErrors,
    double ErrorRate,
    double Accuracy,
    double Prevalence,
    double? HumanLevel,
    double? Room,
    double? Gain,
    double? Ease,
    double? Importance,
    string? Priority,
    bool Open,
    string? Notes);

/// <summary>
/// The tag table of error analysis (Andrew Ng, Machine Learning in Production, week 2). With E errors, T examples with the tag and D all examples:
/// share of errors |E∩T|/|E|, error rate |E∩T|/|T|, prevalence |T|/|D|, room = max(0, human level − accuracy), gain = room × prevalence. Tags may
/// overlap, so shares need not add up to 1.
/// </summary>
public static class TagTable
{
    /// <summary>The rows with the most to gain first; where the human level is not known, those with the most errors.</summary>
    public static IReadOnlyList<TagRow> Of(Evaluation evaluation, TagBook book)
    {
        var judgements = book.Tags.ToDictionary(t => t.Tag, StringComparer.Ordinal);
        return
        [
            .. evaluation.Tags
                .Select(tag => Row(evaluation, tag, judgements.GetValueOrDefault(tag.Tag) ?? new(tag.Tag)))
                .OrderByDescending(row => row.Gain ?? -1)
                .ThenByDescending(row => row.ShareOfErrors)
                .ThenBy(row => row.Tag, StringComparer.Ordinal),
        ];
    }

    public static TagRow Row(Evaluation evaluation, TagCount tag, TagJudgement judgement)
    {
        var accuracy = Share(tag.Examples - tag.Errors, tag.Examples);
        var prevalence = Share(tag.Examples, evaluation.Examples);
        var room = judgement.HumanLevel is { } human ? Math.Max(0, human - accuracy) : (double?)null;
        return new(
            tag.Tag,
            tag.Examples,
            tag.Errors,
            Share(tag.Errors, evaluation.Errors),
            Share(tag.Errors, tag.Examples),
            accuracy,
            prevalence,
            judgement.HumanLevel,
            room,
            room * prevalence,
            judgement.Ease,
            judgement.Importance,
            judgement.Priority,
            judgement.Open,
            judgement.Notes);
    }

    /// <summary>A part of a whole; nothing of nothing is none.</summary>
    public static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
