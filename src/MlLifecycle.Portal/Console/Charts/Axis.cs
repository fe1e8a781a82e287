using MlLifecycle.Portal.Console.Reads;

namespace MlLifecycle.Portal.Console.Charts;

/// <summary>A column's values of some runs, laid on a length of 0 to 100: numbers by their size, words one after the other.</summary>
public sealed class Axis
{
    private const double Factors = 100;
    private readonly Scale? _scale;
    private readonly List<string> _words = [];

    public Axis(RunColumn column, IReadOnlyList<Run> runs)
    {
        Column = column;
        var values = runs.Select(column.Of).OfType<string>().Where(value => value.Length > 0).ToList();
        var numbers = runs.Select(column.Number).OfType<double>().Where(double.IsFinite).ToList();
        if (column.IsMetric || (numbers.Count > 0 && numbers.Count == values.Count))
        {
            // Learning rates and the like are chosen by factors.
            var factors = !column.IsMetric && numbers.Count > 0 && numbers.Min() > 0 && numbers.Max() / numbers.Min() >= Factors;
            _scale = factors ? Scale.Log(numbers) : Scale.Round(numbers);
            return;
        }

        _words = [.. values.Distinct().Order(StringComparer.Ordinal)];
    }

    public RunColumn Column { get; }

    /// <summary>Places with what stands there.</summary>
    public IEnumerable<(double Place, string Label)> Marks => _scale is { } scale ? scale.Marks.Select(mark => (scale.Of(mark), Say.Figure(mark))) : _words.Select((word, i) => (PlaceOf(i), word));

    /// <summary>Where a run lies; null when it has no such value.</summary>
    public double? Of(Run run) => _scale is { } scale ? Column.Number(run) is { } number && double.IsFinite(number) ? scale.Of(number) : null
        : Column.Of(run) is { } word && _words.IndexOf(word) is >= 0 and var i ? PlaceOf(i) : null;

    private double PlaceOf(int i) => _words.Count < 2 ? 50 : i * 100.0 / (_words.Count - 1);
}
