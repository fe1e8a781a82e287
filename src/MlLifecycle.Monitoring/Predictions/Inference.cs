using System.Globalization;
using System.Text.Json;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Tables;

namespace MlLifecycle.Monitoring.Predictions;

/// <summary>
/// A request and its response as rows of predictions, one per instance: a feature per name of an instance that is an object, <c>x0</c>, <c>x1</c>, …
/// of one that is a short list, its brightness of one that is an image. Of a list of class scores the largest is the prediction.
/// </summary>
public static class Inference
{
    private const int MostNumbers = 100; // a longer list is an image

    public static IReadOnlyList<Dictionary<string, string?>>? Rows(InferenceEvent request, InferenceEvent response, out Refusal? refusal)
    {
        var instances = Instances(request.Data, out refusal);
        if (instances is null)
            return null;
        var outputs = Outputs(response.Data, out refusal);
        if (outputs is null)
            return null;
        if (instances.Count != outputs.Count || instances.Count == 0)
        {
            refusal = Decision.InvalidInput("predictions", $"are {outputs.Count} for {instances.Count} instances.");
            return null;
        }

        var at = (request.At ?? response.At)?.ToString("O", CultureInfo.InvariantCulture);
        var latency = request.At is { } sent && response.At is { } answered && answered >= sent && request != response
            ? (answered - sent).TotalMilliseconds.ToString("R", CultureInfo.InvariantCulture)
            : null;
        for (var i = 0; i < instances.Count; i++)
        {
            var row = instances[i];
            row["id"] = instances.Count == 1 ? request.Id : $"{request.Id}/{i}";
            row["at"] = at;
            row["latencyMs"] = latency;
            (row["prediction"], row["score"]) = outputs[i];
        }

        return instances;
    }

    private static List<Dictionary<string, string?>>? Instances(JsonElement data, out Refusal? refusal)
    {
        refusal = null;
        if (data.TryGetProperty("inputs", out var tensors))
            return Tensors(tensors, "inputs", out refusal)?.Select(row => row.ToDictionary(c => c.Key, c => (string?)c.Value)).ToList();
        var instances = data.GetProperty("instances");
        if (instances.ValueKind != JsonValueKind.Array)
        {
            refusal = Decision.InvalidInput("instances", "must be a list.");
            return null;
        }

        var rows = new List<Dictionary<string, string?>>();
        foreach (var instance in instances.EnumerateArray())
        {
            var row = new Dictionary<string, string?>(StringComparer.Ordinal);
            if (instance.ValueKind == JsonValueKind.Object)
            {
                foreach (var feature in instance.EnumerateObject())
                    Feature(row, feature.Name, feature.Value);
            }
            else
            {
                Feature(row, "x", instance);
            }

            rows.Add(row);
        }

        return rows;
    }

    private static void Feature(Dictionary<string, string?> row, string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            row[name] = value.ValueKind switch
            {
                JsonValueKind.Null => null,
                JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : null,
                _ => value.GetRawText(),
            };
            return;
        }

        var flat = value.EnumerateArray().All(v => v.ValueKind != JsonValueKind.Array);
        if (flat && value.GetArrayLength() <= MostNumbers)
        {
            var place = 0;
            foreach (var item in value.EnumerateArray())
                Feature(row, $"{name}{place++}", item);
            return;
        }

        var (sum, count, most) = Sum(value);
        if (count > 0)
            row[Cell.Brightness] = (sum / count / (most > 1 ? 255 : 1)).ToString("R", CultureInfo.InvariantCulture);
    }

    private static (double Sum, long Count, double Most) Sum(JsonElement pixels)
    {
        if (pixels.ValueKind == JsonValueKind.Number)
            return (pixels.GetDouble(), 1, pixels.GetDouble());
        var all = (Sum: 0.0, Count: 0L, Most: 0.0);
        if (pixels.ValueKind == JsonValueKind.Array)
        {
            foreach (var part in pixels.EnumerateArray())
            {
                var (sum, count, most) = Sum(part);
                all = (all.Sum + sum, all.Count + count, Math.Max(all.Most, most));
            }
        }

        return all;
    }

    private static List<(string? Prediction, string? Score)>? Outputs(JsonElement data, out Refusal? refusal)
    {
        refusal = null;
        if (data.TryGetProperty("outputs", out var tensors))
        {
            return Tensors(tensors, "outputs", out refusal)?
                .Select(row => row.Count == 1 ? (row.Values.First(), null) : Largest([.. row.Values])).ToList();
        }

        var predictions = data.GetProperty("predictions");
        if (predictions.ValueKind != JsonValueKind.Array)
        {
            refusal = Decision.InvalidInput("predictions", "must be a list.");
            return null;
        }

        var outputs = new List<(string?, string?)>();
        foreach (var prediction in predictions.EnumerateArray())
        {
            switch (prediction.ValueKind)
            {
                case JsonValueKind.Array:
                    outputs.Add(Largest([.. prediction.EnumerateArray().Select(v => v.GetRawText())]));
                    break;
                case JsonValueKind.Object when prediction.TryGetProperty("prediction", out var said):
                    outputs.Add((Text(said), prediction.TryGetProperty("score", out var score) ? Text(score) : null));
                    break;
                case JsonValueKind.Object:
                    refusal = Decision.InvalidInput($"predictions[{outputs.Count}]", "has no 'prediction'.");
                    return null;
                default:
                    outputs.Add((Text(prediction), null));
                    break;
            }
        }

        return outputs;
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : null,
        _ => value.GetRawText(),
    };

    // A list of scores: the class is the place of the largest. What is no list of numbers has none.
    private static (string? Prediction, string? Score) Largest(IReadOnlyList<string> scores)
    {
        var best = -1;
        var most = double.NegativeInfinity;
        for (var i = 0; i < scores.Count; i++)
        {
            if (Cell.Number(scores[i]) is { } score && score > most)
                (best, most) = (i, score);
        }

        return best < 0 ? (null, null) : scores.Count == 1 ? (scores[0], null) : (best.ToString(CultureInfo.InvariantCulture), scores[best]);
    }

    // Protocol V2: tensors in row-major order, the first dimension counts the instances.
    private static List<Dictionary<string, string>>? Tensors(JsonElement tensors, string field, out Refusal? refusal)
    {
        refusal = Decision.InvalidInput(field, "must be a list of tensors with name, shape and data of that shape.");
        if (tensors.ValueKind != JsonValueKind.Array || tensors.GetArrayLength() == 0)
            return null;
        List<Dictionary<string, string>>? rows = null;
        foreach (var tensor in tensors.EnumerateArray())
        {
            if (tensor.ValueKind != JsonValueKind.Object
                || !tensor.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String
                || !tensor.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Array
                || !tensor.TryGetProperty("shape", out var shape) || shape.ValueKind != JsonValueKind.Array
                || shape.GetArrayLength() == 0 || shape[0].ValueKind != JsonValueKind.Number || !shape[0].TryGetInt32(out var count) || count < 1)
                return null;
            var values = data.EnumerateArray().SelectMany(Flat).ToList();
            if (values.Count % count != 0 || (rows is not null && rows.Count != count))
                return null;
            rows ??= [.. Enumerable.Range(0, count).Select(_ => new Dictionary<string, string>(StringComparer.Ordinal))];
            var width = values.Count / count;
            for (var i = 0; i < count; i++)
                Add(rows[i], name.GetString()!, values[(i * width)..((i + 1) * width)], field == "inputs");
        }

        refusal = null;
        return rows;
    }

    private static void Add(Dictionary<string, string> row, string name, List<string> values, bool input)
    {
        if (input && values.Count > MostNumbers)
        {
            var numbers = values.Select(v => Cell.Number(v) ?? 0).ToList();
            row[Cell.Brightness] = (numbers.Average() / (numbers.Max() > 1 ? 255 : 1)).ToString("R", CultureInfo.InvariantCulture);
            return;
        }

        for (var i = 0; i < values.Count; i++)
            row[values.Count == 1 ? name : $"{name}{i}"] = values[i];
    }

    private static IEnumerable<string> Flat(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? value.EnumerateArray().SelectMany(Flat)
        : [value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()];
}

/// <summary>Rows that are in memory already.</summary>
internal sealed class MemoryRows : IRows
{
    private readonly IReadOnlyList<Dictionary<string, string?>> _rows;

    public MemoryRows(IReadOnlyList<Dictionary<string, string?>> rows) =>
        (_rows, Columns) = (rows, [.. rows.SelectMany(r => r.Keys).Distinct().Order(StringComparer.Ordinal)]);

    public IReadOnlyList<string> Columns { get; }

    public long Row { get; private set; }

    public bool Read(Span<string?> cells, out RefusedRow? refused)
    {
        refused = null;
        if (Row == _rows.Count)
            return false;
        var row = _rows[(int)Row++];
        for (var i = 0; i < cells.Length; i++)
            cells[i] = row.GetValueOrDefault(Columns[i]);
        return true;
    }

    public void Dispose()
    {
    }
}
