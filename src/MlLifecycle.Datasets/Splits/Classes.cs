using System.Globalization;
using MlLifecycle.Datasets.Examples;

namespace MlLifecycle.Datasets.Splits;

/// <summary>
/// The label's values as a split counts them. A number with many values, as in regression, is cut at its deciles: no two examples may share a
/// value, yet every part should have its low and its high ones.
/// </summary>
public sealed class Classes
{
    public const string None = "(none)";
    private const int MostDiscrete = 20;
    private const int NumberBins = 10;
    private readonly int[] _ofStratum;

    private Classes(IReadOnlyList<string> names, int[] ofStratum) => (Names, _ofStratum) = (names, ofStratum);

    /// <summary>The classes, numbers in their order, other text by code point, no label last.</summary>
    public IReadOnlyList<string> Names { get; }

    public static Classes Of(ExampleSet examples)
    {
        var labels = examples.Strata.Select(s => s.Label).OfType<string>().Distinct().ToList();
        var numbers = labels.Select(Number).ToList();
        var numeric = labels.Count > 0 && numbers.All(n => n is not null);
        return numeric && labels.Count > MostDiscrete
            ? Binned(examples)
            : Discrete(examples, numeric ? [.. labels.OrderBy(l => Number(l)).ThenBy(l => l, StringComparer.Ordinal)] : [.. labels.Order(StringComparer.Ordinal)]);
    }

    public int Of(ExampleSet examples, int example) => _ofStratum[examples.StratumOf[example]];

    /// <summary>Of each example, the rank of its stratum: by class, then by tags.</summary>
    public int[] Ranks(ExampleSet examples)
    {
        var order = Enumerable.Range(0, examples.Strata.Count)
            .GroupBy(s => (Class: _ofStratum[s], examples.Strata[s].Tags))
            .OrderBy(g => g.Key.Class).ThenBy(g => g.Key.Tags, StringComparer.Ordinal);
        var rank = new int[examples.Strata.Count];
        foreach (var (place, group) in order.Index())
        {
            foreach (var stratum in group)
                rank[stratum] = place;
        }

        return [.. examples.StratumOf.Select(stratum => rank[stratum])];
    }

    private static Classes Discrete(ExampleSet examples, List<string> labels)
    {
        var places = labels.Index().ToDictionary(l => l.Item, l => l.Index);
        return new(
            examples.Strata.Exists(s => s.Label is null) ? [.. labels, None] : labels,
            [.. examples.Strata.Select(s => s.Label is { } label ? places[label] : labels.Count)]);
    }

    private static Classes Binned(ExampleSet examples)
    {
        var ofStratum = examples.Strata.Select(s => s.Label is { } label ? Number(label) : null).ToArray();
        var sorted = examples.StratumOf.Select(stratum => ofStratum[stratum]).OfType<double>().Order().ToArray();
        var edges = Enumerable.Range(0, NumberBins).Select(i => sorted[(int)((long)i * sorted.Length / NumberBins)]).Distinct().ToArray();
        var names = edges.Select((edge, i) => i + 1 < edges.Length
            ? FormattableString.Invariant($"[{edge:R}, {edges[i + 1]:R})")
            : FormattableString.Invariant($"[{edge:R}, {sorted[^1]:R}]")).ToList();
        var missing = Array.Exists(ofStratum, value => value is null);
        return new(
            missing ? [.. names, None] : names,
            Array.ConvertAll(ofStratum, value => value is { } v ? Array.FindLastIndex(edges, edge => edge <= v) : names.Count));
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
}
