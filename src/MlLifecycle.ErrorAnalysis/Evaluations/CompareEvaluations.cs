using Marten;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.ErrorAnalysis.Evaluations;

/// <summary>A tag in one of the compared evaluations.</summary>
public sealed record TagFigures(long Examples, long Errors, double ErrorRate, double Accuracy, double ShareOfErrors, double Prevalence);

/// <summary>A tag before and after.</summary>
/// <param name="Before">Null when the earlier evaluation does not have it.</param>
/// <param name="ErrorRateChange">After − before; negative is better. Null unless both have the tag.</param>
/// <param name="Regressed">Whether its error rate rose.</param>
/// <param name="PValue">How likely chance alone makes a difference this large (two-proportion z-test, two-sided, pooled).</param>
/// <param name="Significant">Whether that is below 0.05.</param>
public sealed record TagChange(string Tag, TagFigures? Before, TagFigures? After, double? ErrorRateChange, bool Regressed, double? PValue, bool Significant);

public sealed record ComparedEvaluation(Guid Id, string Name, string? Run, long Examples, long Errors, double Accuracy);

public sealed record Comparison(ComparedEvaluation Before, ComparedEvaluation After, double AccuracyChange, int Regressions, IReadOnlyList<TagChange> Items);

/// <summary>Two evaluations tag by tag: regressions first, those beyond chance before the others, the largest first.</summary>
public static class CompareEvaluations
{
    public static Comparison Compare(Evaluation before, Evaluation after)
    {
        var items = before.Tags.Concat(after.Tags).Select(t => t.Tag).Distinct(StringComparer.Ordinal)
            .Select(tag => Change(tag, Figures(before, tag), Figures(after, tag)))
            .OrderByDescending(c => c is { Regressed: true, Significant: true })
            .ThenByDescending(c => c.ErrorRateChange ?? double.MinValue)
            .ThenBy(c => c.Tag, StringComparer.Ordinal)
            .ToList();
        var (was, now) = (Of(before), Of(after));
        return new(was, now, now.Accuracy - was.Accuracy, items.Count(c => c.Regressed), items);
    }

    /// <summary>What changed from the first to the other.</summary>
    public static async Task<IResult> Handle(string evaluation, string other, Caller caller, IQuerySession session, At at, CancellationToken ct)
    {
        var before = await ReadEvaluations.Find(session, caller, evaluation, at, ct);
        var after = await ReadEvaluations.Find(session, caller, other, at, ct);
        return before is null || after is null ? new Refused(ReadEvaluations.Unknown()) : TypedResults.Ok(Compare(before, after));
    }

    private static ComparedEvaluation Of(Evaluation e) => new(e.Id, e.Name, e.Ask?.Run, e.Examples, e.Errors, TagTable.Share(e.Examples - e.Errors, e.Examples));

    private static TagFigures? Figures(Evaluation evaluation, string tag) => evaluation.Tag(tag) is not { } count ? null
        : TagTable.Row(evaluation, count, new(tag)) is var row ? new(row.Examples, row.Errors, row.ErrorRate, row.Accuracy, row.ShareOfErrors, row.Prevalence) : null;

    private static TagChange Change(string tag, TagFigures? before, TagFigures? after)
    {
        if (before is null || after is null)
            return new(tag, before, after, null, false, null, false);
        var change = after.ErrorRate - before.ErrorRate;
        var p = PValue(before, after);
        return new(tag, before, after, change, change > 0, p, p < 0.05);
    }

    // z = (p2 − p1) / √(p(1−p)(1/n1 + 1/n2)), p pooled over both.
    private static double PValue(TagFigures before, TagFigures after)
    {
        var pooled = TagTable.Share(before.Errors + after.Errors, before.Examples + after.Examples);
        var deviation = Math.Sqrt(pooled * (1 - pooled) * (1.0 / before.Examples + 1.0 / after.Examples));
        return deviation > 0 ? TwoSided(Math.Abs(after.ErrorRate - before.ErrorRate) / deviation) : 1;
    }

    // 2(1 − Φ(z)) = erfc(z/√2), by Abramowitz & Stegun 7.1.26 (error below 1.5e-7).
    private static double TwoSided(double z)
    {
        var x = z / Math.Sqrt(2);
        var t = 1 / (1 + 0.3275911 * x);
        var polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
        return Math.Min(1, polynomial * Math.Exp(-x * x));
    }
}
