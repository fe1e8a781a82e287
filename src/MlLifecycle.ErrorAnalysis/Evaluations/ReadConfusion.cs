using Marten;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.ErrorAnalysis.Evaluations;

/// <param name="Share">Of all errors.</param>
public sealed record ConfusedPairView(string Label, string Prediction, long Count, double Share);

/// <param name="Note">Why there is no matrix, when there is none.</param>
public sealed record ConfusionView(IReadOnlyList<string> Labels, IReadOnlyList<IReadOnlyList<long>> Counts, IReadOnlyList<ConfusedPairView> Pairs, string? Note);

public static class ReadConfusion
{
    public static async Task<IResult> Handle(string evaluation, Caller caller, IQuerySession session, At at, CancellationToken ct)
    {
        if (await ReadEvaluations.Find(session, caller, evaluation, at, ct) is not { } found)
            return new Refused(ReadEvaluations.Unknown());
        var (labels, counts, pairs) = found.Confusion;
        return TypedResults.Ok(new ConfusionView(
            labels,
            counts,
            [.. pairs.Select(p => new ConfusedPairView(p.Label, p.Prediction, p.Count, TagTable.Share(p.Count, found.Errors)))],
            labels.Count == 0 ? $"There are more than {Confusion.MostLabels} labels, too many for a matrix; the pairs are the most frequent confusions." : null));
    }
}
