using System.Text.Json;
using MlLifecycle.Monitoring.Drift;
using MlLifecycle.Monitoring.Predictions;

namespace MlLifecycle.Monitoring.Windows;

/// <summary>
/// Computes a window's figures from its predictions, in whatever order they come: values are sorted before anything is added up, so that the
/// same predictions give the same figures to the last digit.
/// </summary>
/// <param name="mostFeatures">Features that are looked at beside those of the reference.</param>
public sealed class WindowFigures(IReadOnlyList<ReferenceColumn> reference, int mostFeatures = 500)
{
    private const int MostClasses = 50;
    private readonly Dictionary<string, ReferenceColumn> _reference = reference.ToDictionary(c => c.Name, StringComparer.Ordinal);
    private readonly Dictionary<string, ColumnValues> _features = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _classes = new(StringComparer.Ordinal);
    private readonly List<double> _latencies = [];
    private readonly ColumnValues _outputs = new(reference.FirstOrDefault(c => c.Name == "prediction")?.Numeric);
    private readonly ColumnValues _scores = new(true);
    private DateTimeOffset _first = DateTimeOffset.MaxValue;
    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private long _rows;
    private long _nulls;

    public void Add(DateTimeOffset at, double? latencyMs, string? output, double? score, ReadOnlySpan<byte> features)
    {
        _rows++;
        _first = at < _first ? at : _first;
        _last = at > _last ? at : _last;
        if (latencyMs is { } latency)
            _latencies.Add(latency);
        if (score is { } number)
            _scores.Add(number);
        if (output is null)
        {
            _nulls++;
        }
        else
        {
            _classes[output] = _classes.GetValueOrDefault(output) + 1;
            _outputs.Add(output);
        }

        var json = new Utf8JsonReader(features);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            json.Read();
            Feature(name)?.Add(json.GetString()!);
        }
    }

    /// <param name="span">The span of time that the window is of; null when it is of rows only.</param>
    public WindowReport Report(WindowPlace place, string closedBy, TimeSpan? span, Guid? referenceId)
    {
        var (from, to) = span is { } length ? (Start(place.Span, length), Start(place.Span + 1, length)) : (_first, _last);
        var seconds = (to - from).TotalSeconds;
        var drift = reference.Select(Compare).ToList();
        var compared = drift.Where(c => c.Method is not null).ToList();
        double? share = compared.Count == 0 ? null : (double)compared.Count(c => c.Drifted) / compared.Count;
        return new(
            0, place, closedBy, from, to, _rows, Input(), Output(), Latency(), seconds > 0 ? _rows / seconds : null, referenceId, drift, share,
            share >= DriftRule.DatasetShare);
    }

    private static DateTimeOffset Start(long span, TimeSpan length) => DateTimeOffset.UnixEpoch + (span * length);

    private ColumnValues? Feature(string name)
    {
        if (_features.TryGetValue(name, out var known))
            return known;
        if (_features.Count >= mostFeatures && !_reference.ContainsKey(name))
            return null;
        return _features[name] = new(_reference.GetValueOrDefault(name)?.Numeric);
    }

    private ColumnComparison Compare(ReferenceColumn column) => DriftRule.Compare(column, column.Name switch
    {
        "prediction" => _outputs.Current(_rows),
        "score" => _scores.Current(_rows),
        _ => (_features.GetValueOrDefault(column.Name) ?? new(column.Numeric)).Current(_rows),
    });

    private List<ColumnFigures> Input() =>
    [
        .. _features.Keys.Union(_reference.Keys).Where(name => name is not ("prediction" or "score")).Order(StringComparer.Ordinal).Select(name =>
        {
            var current = (_features.GetValueOrDefault(name) ?? new(null)).Current(_rows);
            var missing = 1 - ((double)current.Values / _rows);
            return current.Sorted.Length == 0
                ? new ColumnFigures(name, missing, null, null, null, null, current.Counts.Count)
                : new(name, missing, Samples.Mean(current.Sorted), Samples.Deviation(current.Sorted), current.Sorted[0], current.Sorted[^1], null);
        }),
    ];

    private OutputFigures Output()
    {
        var scores = _scores.Current(_rows).Sorted;
        return new(
            (double)_nulls / _rows,
            [.. _classes.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(MostClasses).Select(c => new OutputCount(c.Key, c.Value, (double)c.Value / _rows))],
            _classes.Count,
            scores.Length == 0 ? null : Samples.Mean(scores));
    }

    private LatencyFigures? Latency()
    {
        if (_latencies.Count == 0)
            return null;
        _latencies.Sort();
        var sorted = _latencies.ToArray();
        return new(sorted.Length, Samples.Quantile(sorted, 0.5), Samples.Quantile(sorted, 0.95), Samples.Quantile(sorted, 0.99), Samples.Mean(sorted), sorted[^1]);
    }
}

/// <summary>The values of one column of a window.</summary>
/// <param name="numeric">Whether the reference has numbers there; null when it does not have the column.</param>
internal sealed class ColumnValues(bool? numeric)
{
    // More different texts than any reference keeps; what comes beyond them is unseen in any case, and counted together.
    private const int MostDifferent = 20_000;
    private const string Others = "(others)";
    private readonly List<double> _numbers = [];
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private long _notFinite;
    private long _unreadable;

    public void Add(double number) => _numbers.Add(number);

    public void Add(string cell)
    {
        var number = numeric == false ? null : Cell.Number(cell);
        if (number is { } value)
        {
            if (double.IsFinite(value))
                _numbers.Add(value);
            else
                _notFinite++;
        }
        else if (numeric == true)
        {
            _unreadable++;
        }
        else
        {
            Count(Cell.Class(cell));
        }
    }

    public CurrentColumn Current(long rows)
    {
        // A column that the reference does not have is one of numbers when all its values are.
        if (numeric is null && _counts.Count > 0)
        {
            foreach (var number in _numbers)
                Count(number.ToString("R", System.Globalization.CultureInfo.InvariantCulture));
            _numbers.Clear();
        }

        var sorted = _numbers.ToArray();
        Array.Sort(sorted);
        var values = sorted.Length + _counts.Values.Sum();
        return new(rows, rows - values - _notFinite - _unreadable, _notFinite, _unreadable, sorted, _counts);
    }

    private void Count(string value)
    {
        var name = _counts.Count < MostDifferent || _counts.ContainsKey(value) ? value : Others;
        _counts[name] = _counts.GetValueOrDefault(name) + 1;
    }
}
