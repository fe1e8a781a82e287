using MlLifecycle.Portal.Console.Reads;

namespace MlLifecycle.Portal.Console.Charts;

/// <summary>A column's values of some runs, laid on a length of 0 to 100: numbers by their size, words one after the other.</summary>
public sealed class Axis
{
    private const double Factors = 30;
    private const int FewValues = 6;
    private const double Apart = 5;
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
            var factors = !column.IsMetric && numbers.Count > 0 && numbers.Min() is > 0 and < 1 && numbers.Max() / numbers.Min() >= Factors;
            var distinct = numbers.Distinct().Order().ToArray();
            _scale = factors ? Scale.Log(numbers) : Scale.Round(numbers);
            // The few values that were tried say more than round ones between them.
            if (!column.IsMetric && distinct.Length is > 1 and <= FewValues)
                _scale = new(distinct[0], distinct[^1], distinct, factors);
            return;
        }

        _words = [.. values.Distinct().Order(StringComparer.Ordinal)];
    }

    public RunColumn Column { get; }

    /// <summary>Places with what stands there.</summary>
    public IEnumerable<(double Place, string Label)> Marks
    {
        get
        {
            var last = double.NegativeInfinity;
            foreach (var mark in _scale is { } scale ? scale.Marks.Select(mark => (Place: scale.Of(mark), Say.Figure(mark))) : _words.Select((word, i) => (Place: PlaceOf(i), word)))
            {
                // Labels on top of each other nobody reads.
                if (mark.Place - last < Apart)
                    continue;
                last = mark.Place;
                yield return mark;
            }
        }
    }

    /// <summary>Where a run lies; null when it has no such value.</summary>
    public double? Of(Run run) => _scale is { } scale ? Column.Number(run) is { } number && double.IsFinite(number) ? scale.Of(number) : null
        : Column.Of(run) is { } word && _words.IndexOf(word) is >= 0 and var i ? PlaceOf(i) : null;

    /// <summary>How much two columns go together in some runs: 0 for not at all, 1 for in a line.</summary>
    public static double Together(RunColumn one, RunColumn other, IReadOnlyList<Run> runs)
    {
        var (along, up) = (new Axis(one, runs), new Axis(other, runs));
        var places = runs.Select(run => (X: along.Of(run), Y: up.Of(run))).Where(place => place is { X: not null, Y: not null }).Select(place => (X: place.X!.Value, Y: place.Y!.Value)).ToList();
        if (places.Count < 3)
            return 0;
        var (x, y) = (places.Average(place => place.X), places.Average(place => place.Y));
        var spread = Math.Sqrt(places.Sum(place => (place.X - x) * (place.X - x)) * places.Sum(place => (place.Y - y) * (place.Y - y)));
        return spread > 0 ? Math.Abs(places.Sum(place => (place.X - x) * (place.Y - y))) / spread : 0;
    }

    private double PlaceOf(int i) => _words.Count < 2 ? 50 : i * 100.0 / (_words.Count - 1);
}
