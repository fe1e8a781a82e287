using System.Globalization;

namespace MlLifecycle.ErrorAnalysis.Evaluations;

/// <summary>Examples of one label that were taken for another.</summary>
public sealed record ConfusedPair(string Label, string Prediction, long Count);

/// <summary>Who is taken for whom. Row i, column j of the counts: examples with label i predicted as j.</summary>
/// <param name="Labels">Every label or prediction that occurs; empty when there are too many for a matrix.</param>
/// <param name="Pairs">The most frequent confusions, largest first.</param>
public sealed record Confusion(IReadOnlyList<string> Labels, IReadOnlyList<IReadOnlyList<long>> Counts, IReadOnlyList<ConfusedPair> Pairs)
{
    public const int MostLabels = 100;
    public const int MostPairs = 100;

    public static readonly Confusion None = new([], [], []);

    /// <summary>Numbers by size, anything else by code point.</summary>
    public static IReadOnlyList<string> InOrder(IReadOnlyCollection<string> labels) =>
        labels.All(label => double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            ? [.. labels.OrderBy(label => double.Parse(label, CultureInfo.InvariantCulture)).ThenBy(label => label, StringComparer.Ordinal)]
            : [.. labels.Order(StringComparer.Ordinal)];
}
