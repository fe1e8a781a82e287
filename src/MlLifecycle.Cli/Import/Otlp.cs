using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>
/// Writes spans, as MLflow has them in JSON, as OTLP's ExportTraceServiceRequest (opentelemetry-proto, trace/v1 and common/v1): the only form in which
/// a server takes spans into its own store. By hand, since it is four messages deep.
/// </summary>
internal static class Otlp
{
    /// <summary>The request.</summary>
    /// <param name="spans">The spans.</param>
    /// <param name="trace">The trace that each must be of, as in <c>tr-…</c>.</param>
    /// <exception cref="FormatException">A span is not what OTLP can carry.</exception>
    public static byte[] Write(IReadOnlyList<JsonNode> spans, string trace)
    {
        using var scope = new MemoryStream();
        foreach (var span in spans)
            Message(scope, 2, into => Span(into, span, trace));
        using var resource = new MemoryStream();
        Bytes(resource, 2, scope.GetBuffer().AsSpan(0, (int)scope.Length));
        using var request = new MemoryStream();
        Bytes(request, 1, resource.GetBuffer().AsSpan(0, (int)resource.Length));
        return request.ToArray();
    }

    private static void Span(MemoryStream into, JsonNode span, string trace)
    {
        var (id, own) = (Id(span.Text("trace_id"), 16), Id(span.Text("span_id"), 8));
        if (trace != "tr-" + Convert.ToHexStringLower(id))
            throw new FormatException("A span is of another trace.");
        Bytes(into, 1, id);
        Bytes(into, 2, own);
        if (span.Text("parent_span_id") is { Length: > 0 } parent)
            Bytes(into, 4, Id(parent, 8));
        Text(into, 5, span.Text("name"));
        Fixed(into, 7, Nanoseconds(span["start_time_unix_nano"]));
        Fixed(into, 8, Nanoseconds(span["end_time_unix_nano"]));
        Attributes(into, 9, Own(span["attributes"]));
        foreach (var happened in span.Items("events"))
        {
            Message(into, 11, of =>
            {
                Fixed(of, 1, Nanoseconds(happened["time_unix_nano"]));
                Text(of, 2, happened.Text("name"));
                Attributes(of, 3, happened["attributes"]);
            });
        }

        Message(into, 15, of =>
        {
            Text(of, 2, span["status"].Text("message"));
            Number(of, 3, span["status"].Text("code") switch { "STATUS_CODE_OK" or "OK" => 1UL, "STATUS_CODE_ERROR" or "ERROR" => 2, _ => 0 });
        });
    }

    // A span has each value as JSON in a text, and OTLP the value itself. Whoever reads spans adds the trace's id.
    private static JsonObject Own(JsonNode? attributes) => new((attributes as JsonObject ?? [])
        .Where(attribute => attribute.Key != "mlflow.traceRequestId")
        .Select(attribute => KeyValuePair.Create(attribute.Key, Said(attribute.Value))));

    private static JsonNode? Said(JsonNode? value)
    {
        if (value?.GetValueKind() != JsonValueKind.String)
            return value?.DeepClone();
        try
        {
            return JsonNode.Parse(value.GetValue<string>());
        }
        catch (JsonException)
        {
            return value.DeepClone(); // a text as it is
        }
    }

    private static void Attributes(MemoryStream into, int field, JsonNode? attributes)
    {
        foreach (var (key, value) in attributes as JsonObject ?? [])
        {
            Message(into, field, of =>
            {
                Text(of, 1, key);
                Message(of, 2, held => Value(held, value));
            });
        }
    }

    private static void Value(MemoryStream into, JsonNode? value)
    {
        switch (value?.GetValueKind())
        {
            case JsonValueKind.String:
                Text(into, 1, value.GetValue<string>(), always: true);
                break;
            case JsonValueKind.True or JsonValueKind.False:
                Number(into, 2, value.GetValue<bool>() ? 1UL : 0);
                break;
            case JsonValueKind.Number when long.TryParse(value.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole):
                Number(into, 3, (ulong)whole);
                break;
            case JsonValueKind.Number:
                Fixed(into, 4, BitConverter.DoubleToUInt64Bits(value.GetValue<double>()));
                break;
            case JsonValueKind.Array:
                Message(into, 5, of =>
                {
                    foreach (var item in value.AsArray())
                        Message(of, 1, held => Value(held, item));
                });
                break;
            case JsonValueKind.Object:
                Message(into, 6, of => Attributes(of, 1, value));
                break;
        }
    }

    private static byte[] Id(string? base64, int length) =>
        base64 is not null && Convert.FromBase64String(base64) is var id && id.Length == length ? id : throw new FormatException($"A span's id has not {length} bytes.");

    private static ulong Nanoseconds(JsonNode? time) => time is null ? 0 : ulong.Parse(time.ToString(), NumberStyles.None, CultureInfo.InvariantCulture);

    private static void Message(MemoryStream into, int field, Action<MemoryStream> write)
    {
        using var message = new MemoryStream();
        write(message);
        Bytes(into, field, message.GetBuffer().AsSpan(0, (int)message.Length));
    }

    private static void Text(MemoryStream into, int field, string? text, bool always = false)
    {
        if (always || text is { Length: > 0 })
            Bytes(into, field, Encoding.UTF8.GetBytes(text ?? ""));
    }

    private static void Bytes(MemoryStream into, int field, ReadOnlySpan<byte> bytes)
    {
        Varint(into, ((uint)field << 3) | 2);
        Varint(into, (ulong)bytes.Length);
        into.Write(bytes);
    }

    private static void Fixed(MemoryStream into, int field, ulong value)
    {
        Varint(into, ((uint)field << 3) | 1);
        Span<byte> bytes = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        into.Write(bytes);
    }

    private static void Number(MemoryStream into, int field, ulong value)
    {
        Varint(into, (uint)field << 3);
        Varint(into, value);
    }

    private static void Varint(MemoryStream into, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            into.WriteByte((byte)(value | 0x80));
        into.WriteByte((byte)value);
    }
}
