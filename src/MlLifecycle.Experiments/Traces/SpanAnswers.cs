using System.Text.Json;
using System.Text.Json.Nodes;
using MlLifecycle.Experiments.Protocol;

namespace MlLifecycle.Experiments.Traces;

/// <summary>Spans as protobuf's JSON has OTLP's, which clients read into their own Span message; and as MLflow's files have them.</summary>
internal static class SpanAnswers
{
    private const string OfMany = "attributes";
    private const string TraceIdAttribute = "mlflow.traceRequestId";

    /// <summary>A span.</summary>
    /// <param name="content">The span as it is kept.</param>
    public static JsonObject Of(string content)
    {
        using var kept = JsonDocument.Parse(content);
        return Message(kept.RootElement);
    }

    /// <summary>A span as a file of spans has it: each attribute's value is JSON in a text, and one of them names the trace, without which clients cannot read it.</summary>
    /// <param name="content">The span as it is kept.</param>
    /// <param name="traceId">The trace's id.</param>
    public static JsonObject InFile(string content, string traceId)
    {
        using var kept = JsonDocument.Parse(content);
        var span = new JsonObject();
        foreach (var part in kept.RootElement.EnumerateObject())
            span[part.Name] = part.Name == OfMany ? Texts(part.Value, traceId) : As(part.Value);
        return span;
    }

    private static JsonObject Texts(JsonElement attributes, string traceId)
    {
        var texts = new JsonObject { [TraceIdAttribute] = JsonSerializer.Serialize(traceId) };
        foreach (var entry in attributes.EnumerateObject())
            texts[entry.Name] = SpacedJson.Of(entry.Value);
        return texts;
    }

    private static JsonObject Message(JsonElement kept)
    {
        var message = new JsonObject();
        foreach (var part in kept.EnumerateObject())
        {
            message[part.Name] = part.Name switch
            {
                OfMany => Entries(part.Value),
                "events" => new JsonArray([.. part.Value.EnumerateArray().Select(Message)]),
                _ => As(part.Value),
            };
        }

        return message;
    }

    // Element by element: a sender may have named one twice.
    private static JsonArray Entries(JsonElement entries) =>
        new([.. entries.EnumerateObject().Select(entry => new JsonObject { ["key"] = entry.Name, ["value"] = Value(entry.Value) })]);

    private static JsonObject Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => new() { ["string_value"] = As(value) },
        JsonValueKind.True or JsonValueKind.False => new() { ["bool_value"] = As(value) },
        JsonValueKind.Number => new() { [value.TryGetInt64(out _) ? "int_value" : "double_value"] = As(value) },
        JsonValueKind.Array => new() { ["array_value"] = new JsonObject { ["values"] = new JsonArray([.. value.EnumerateArray().Select(Value)]) } },
        JsonValueKind.Object => new() { ["kvlist_value"] = new JsonObject { ["values"] = Entries(value) } },
        _ => [], // nothing is the empty message
    };

    private static JsonNode? As(JsonElement value) => value.Deserialize<JsonNode>();
}
