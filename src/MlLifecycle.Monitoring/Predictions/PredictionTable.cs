using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Tables;

namespace MlLifecycle.Monitoring.Predictions;

/// <summary>One prediction as production reports it.</summary>
/// <param name="Id">What the caller knows it by; labels come under the same id.</param>
/// <param name="At">When it was made.</param>
/// <param name="Features">What it was made from: a JSON object of texts.</param>
public readonly record struct Prediction(string Id, DateTimeOffset At, double? LatencyMs, string? Output, double? Score, string Features);

/// <summary>Reads predictions out of a table: the columns <c>id</c>, <c>at</c>, <c>latencyMs</c>, <c>prediction</c>, <c>score</c>; all others are features.</summary>
public sealed class PredictionTable
{
    /// <summary>How far ahead of this service's clock a prediction may be dated.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    /// <summary>Features of a prediction, at most; fewer in large windows, since a window's values are in memory while it is evaluated.</summary>
    private const int MostFeatures = 500;
    private const int MostValues = 20_000_000;
    private const int LongestId = 200;
    private const int LongestClass = 200;
    private const int LongestText = 4000;
    private static readonly JsonWriterOptions AsWritten = new() { SkipValidation = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IReadOnlyList<string> _names;
    private readonly int _id;
    private readonly int _at;
    private readonly int _latency;
    private readonly int _prediction;
    private readonly int _score;
    private readonly int _brightness;
    private readonly int[] _features;
    private readonly ArrayBufferWriter<byte> _buffer = new();

    private PredictionTable(IReadOnlyList<string> names)
    {
        _names = names;
        var places = names.ToList();
        (_id, _at, _latency, _prediction, _score) = (places.IndexOf("id"), places.IndexOf("at"), places.IndexOf("latencyMs"), places.IndexOf("prediction"), places.IndexOf("score"));
        _brightness = places.IndexOf(Cell.Brightness);
        _features = [.. Enumerable.Range(0, names.Count).Where(i => i != _id && i != _at && i != _latency && i != _prediction && i != _score)];
    }

    /// <summary>How many features predictions may have in windows of so many.</summary>
    public static int Most(int windowRows) => Math.Min(MostFeatures, MostValues / windowRows);

    public static PredictionTable? Of(IReadOnlyList<string> names, int windowRows, out Refusal? refusal)
    {
        var table = new PredictionTable(names);
        refusal = table._id < 0 ? Missing("id", names)
            : table._prediction < 0 ? Missing("prediction", names)
            : table._features.Length > Most(windowRows) ? Decision.InvalidInput("columns", $"are {names.Count}: in windows of {windowRows} a prediction may have at most {Most(windowRows)} features. Send those that are worth watching.")
            : null;
        return refusal is null ? table : null;
    }

    /// <summary>Reads a row's cells, or says what is wrong with them.</summary>
    public RefusedRow? Read(long row, ReadOnlySpan<string?> cells, DateTimeOffset now, out Prediction prediction)
    {
        prediction = default;
        if (cells[_id] is not { } id)
            return new(row, "id", "is missing: each prediction needs an id, so that a retry is not a second prediction.");
        if (id.Length > LongestId || id.Any(char.IsControl))
            return new(row, "id", $"must have at most {LongestId} characters, none of them a control character.");
        var at = now;
        if (Text(cells, _at) is { } time)
        {
            if (!DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out at) || at.Year < 1970)
                return new(row, "at", $"is '{Cell.Shown(time)}', which is no time as in 2026-03-03T12:00:00Z.");
            if (at > now + Ahead)
                return new(row, "at", $"is '{Cell.Shown(time)}', which lies in the future.");
        }

        if (Finite(cells, _latency, out var latency) is { } badLatency || latency < 0)
            return new(row, "latencyMs", $"is '{Cell.Shown(cells[_latency]!)}', which is no time in milliseconds.");
        if (Finite(cells, _score, out var score) is not null)
            return new(row, "score", $"is '{Cell.Shown(cells[_score]!)}', which is not a finite number.");
        var output = cells[_prediction] is { } said ? Cell.Class(said) : null;
        if (output is not null && (output.Length > LongestClass || output.Any(char.IsControl)))
            return new(row, "prediction", $"must have at most {LongestClass} characters, none of them a control character.");
        if (Features(row, cells, out var features) is { } refused)
            return refused;
        prediction = new(id, at, latency, output, score, features);
        return null;
    }

    private static Refusal Missing(string name, IReadOnlyList<string> names) => new(
        400, "column-missing", $"{name}: the table has no column '{name}'. Its columns are {string.Join(", ", names.Take(20))}{(names.Count > 20 ? $" and {names.Count - 20} more" : "")}.") { Field = name };

    private static string? Text(ReadOnlySpan<string?> cells, int place) => place < 0 ? null : cells[place];

    private static string? Finite(ReadOnlySpan<string?> cells, int place, out double? number)
    {
        number = null;
        if (Text(cells, place) is not { } cell)
            return null;
        number = Cell.Number(cell);
        return number is { } value && double.IsFinite(value) ? null : cell;
    }

    private RefusedRow? Features(long row, ReadOnlySpan<string?> cells, out string features)
    {
        features = "";
        _buffer.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_buffer, AsWritten);
        json.WriteStartObject();
        foreach (var place in _features)
        {
            if (cells[place] is not { } cell)
                continue; // a feature that is not there is counted as missing
            var name = _names[place];
            if (name == Cell.Image)
            {
                if (_brightness >= 0 && cells[_brightness] is not null)
                    return new(row, Cell.Brightness, "is there twice: as a value of its own and as that of the image. Leave one out.");
                if (Cell.BrightnessOf(cell) is not { } brightness)
                    return new(row, name, "is no image in base64, one byte per pixel.");
                json.WriteString(Cell.Brightness, brightness);
            }
            else if (cell.Length > LongestText)
            {
                return new(row, name, $"has {cell.Length} characters; a feature may have at most {LongestText}.");
            }
            else
            {
                json.WriteString(name, cell);
            }
        }

        json.WriteEndObject();
        json.Flush();
        features = Encoding.UTF8.GetString(_buffer.WrittenSpan);
        return null;
    }
}
