using System.Text;
using System.Text.Json;
using MlLifecycle.Experiments.Runs;

namespace MlLifecycle.Experiments.Protocol;

/// <summary>JSON with a space after each comma and colon, as Python writes it: where MLflow keeps JSON as text, clients compare that text.</summary>
internal static class SpacedJson
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = WriterOptions.Relaxed.Encoder };

    /// <summary>The text of a value.</summary>
    /// <param name="value">The value; its numbers stay as they are written.</param>
    public static string Of(JsonElement value)
    {
        var text = new StringBuilder();
        Write(value, text);
        return text.ToString();
    }

    private static void Write(JsonElement value, StringBuilder text)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                var next = false;
                foreach (var entry in value.EnumerateObject())
                {
                    text.Append(next ? ", " : "").Append(JsonSerializer.Serialize(entry.Name, Relaxed)).Append(": ");
                    Write(entry.Value, text);
                    next = true;
                }

                text.Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[');
                for (var i = 0; i < value.GetArrayLength(); i++)
                {
                    text.Append(i > 0 ? ", " : "");
                    Write(value[i], text);
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                text.Append(JsonSerializer.Serialize(value.GetString(), Relaxed));
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }
}
