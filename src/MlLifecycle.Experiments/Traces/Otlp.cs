using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using MlLifecycle.Experiments.Runs;

namespace MlLifecycle.Experiments.Traces;

/// <summary>A span as it came over OTLP.</summary>
/// <param name="Trace">The trace, as MLflow's clients know it: what they say in an attribute, else <c>tr-</c> and 32 lower-case hex digits.</param>
/// <param name="Span">16 lower-case hex digits.</param>
/// <param name="Parent">Its parent's; null for the root.</param>
/// <param name="Name">What was done.</param>
/// <param name="StartNs">Nanoseconds since 1970.</param>
/// <param name="EndNs">Nanoseconds since 1970.</param>
/// <param name="Error">It failed.</param>
/// <param name="Content">The span as it is kept: as MLflow writes it, but for the attributes, whose values are JSON's own.</param>
internal sealed record ReceivedSpan(string Trace, string Span, string? Parent, string Name, long StartNs, long EndNs, bool Error, string Content);

/// <summary>
/// Reads OTLP's ExportTraceServiceRequest off its wire format (opentelemetry-proto, trace/v1 and common/v1). By hand: it is four messages deep, and
/// each span becomes JSON as it is read.
/// </summary>
internal static class Otlp
{
    // Clients read messages that are at most 100 deep; each level of a value is three of them.
    private const int Deepest = 30;

    /// <summary>The spans of a request.</summary>
    /// <exception cref="FormatException">The bytes are no such request.</exception>
    public static List<ReceivedSpan> Read(ReadOnlySpan<byte> request)
    {
        var spans = new List<ReceivedSpan>();
        for (var resources = new Wire(request); resources.Next();)
        {
            if (resources.Field != 1)
                continue;
            for (var scopes = new Wire(resources.Bytes); scopes.Next();)
            {
                if (scopes.Field != 2)
                    continue;
                for (var of = new Wire(scopes.Bytes); of.Next();)
                {
                    if (of.Field == 2)
                        spans.Add(Span(of.Bytes));
                }
            }
        }

        return spans;
    }

    private static ReceivedSpan Span(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> trace = default, span = default, parent = default, status = default;
        var (name, start, end) = ("", 0L, 0L);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, WriterOptions.Relaxed))
        {
            json.WriteStartObject();
            for (var wire = new Wire(bytes); wire.Next();)
            {
                switch (wire.Field)
                {
                    case 1: trace = wire.Bytes; break;
                    case 2: span = wire.Bytes; break;
                    case 4: parent = wire.Bytes; break;
                    case 5: name = Text(wire.Bytes); break;
                    case 7: start = (long)wire.Number; break;
                    case 8: end = (long)wire.Number; break;
                    case 15: status = wire.Bytes; break;
                }
            }

            if (trace.Length != 16 || span.Length != 8)
                throw new FormatException("A span needs a trace_id of 16 bytes and a span_id of 8.");
            json.WriteString("trace_id", Convert.ToBase64String(trace));
            json.WriteString("span_id", Convert.ToBase64String(span));
            json.WritePropertyName("parent_span_id");
            if (parent.Length == 8)
                json.WriteStringValue(Convert.ToBase64String(parent));
            else
                json.WriteNullValue();
            json.WriteString("name", name);
            json.WriteNumber("start_time_unix_nano", start);
            json.WriteNumber("end_time_unix_nano", end);
            json.WriteStartArray("events");
            for (var wire = new Wire(bytes); wire.Next();)
            {
                if (wire.Field == 11)
                    Event(json, wire.Bytes);
            }

            json.WriteEndArray();
            var (code, message) = Status(status);
            json.WriteStartObject("status");
            json.WriteString("code", code switch { 1 => "STATUS_CODE_OK", 2 => "STATUS_CODE_ERROR", _ => "STATUS_CODE_UNSET" });
            json.WriteString("message", message);
            json.WriteEndObject();
            json.WriteStartObject("attributes");
            Attributes(json, bytes, 9);
            json.WriteEndObject();
            json.WriteEndObject();
            json.Flush();
            var parentId = parent.Length == 8 && parent.ContainsAnyExcept((byte)0) ? Convert.ToHexStringLower(parent) : null;
            return new(Named(bytes) ?? "tr-" + Convert.ToHexStringLower(trace), Convert.ToHexStringLower(span), parentId, name, start, end, code == 2, Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        }
    }

    // MLflow's clients write attributes as JSON.
    private static string? Named(ReadOnlySpan<byte> span)
    {
        for (var wire = new Wire(span); wire.Next();)
        {
            if (wire.Field != 9)
                continue;
            var entry = Entry(wire.Bytes);
            if (!entry.Key.SequenceEqual("mlflow.traceRequestId"u8))
                continue;
            for (var said = new Wire(entry.Value); said.Next();)
            {
                if (said.Field == 1 && Text(said.Bytes).Trim('"') is { Length: > 0 and <= RecordTraceSlice.IdLength } id)
                    return id;
            }
        }

        return null;
    }

    private static (ulong Code, string Message) Status(ReadOnlySpan<byte> bytes)
    {
        var (code, message) = (0UL, "");
        for (var wire = new Wire(bytes); wire.Next();)
        {
            if (wire.Field == 2)
                message = Text(wire.Bytes);
            else if (wire.Field == 3)
                code = wire.Number;
        }

        return (code, message);
    }

    private static void Event(Utf8JsonWriter json, ReadOnlySpan<byte> bytes)
    {
        json.WriteStartObject();
        for (var wire = new Wire(bytes); wire.Next();)
        {
            if (wire.Field == 1)
                json.WriteNumber("time_unix_nano", (long)wire.Number);
            else if (wire.Field == 2)
                json.WriteString("name", Text(wire.Bytes));
        }

        json.WriteStartObject("attributes");
        Attributes(json, bytes, 3);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Attributes(Utf8JsonWriter json, ReadOnlySpan<byte> bytes, int field, int depth = 0)
    {
        for (var wire = new Wire(bytes); wire.Next();)
        {
            if (wire.Field != field)
                continue;
            var entry = Entry(wire.Bytes);
            json.WritePropertyName(Text(entry.Key));
            Value(json, entry.Value, depth);
        }
    }

    private static Pair Entry(ReadOnlySpan<byte> bytes)
    {
        var pair = default(Pair);
        for (var entry = new Wire(bytes); entry.Next();)
        {
            if (entry.Field == 1)
                pair.Key = entry.Bytes;
            else if (entry.Field == 2)
                pair.Value = entry.Bytes;
        }

        return pair;
    }

    private static void Value(Utf8JsonWriter json, ReadOnlySpan<byte> bytes, int depth)
    {
        if (depth > Deepest)
            throw new FormatException($"An attribute is nested more than {Deepest} deep.");
        for (var wire = new Wire(bytes); wire.Next();)
        {
            switch (wire.Field)
            {
                case 1:
                    json.WriteStringValue(Text(wire.Bytes));
                    return;
                case 2:
                    json.WriteBooleanValue(wire.Number != 0);
                    return;
                case 3:
                    json.WriteNumberValue((long)wire.Number);
                    return;
                case 4:
                    Real(json, BitConverter.UInt64BitsToDouble(wire.Number));
                    return;
                case 5:
                    json.WriteStartArray();
                    for (var items = new Wire(wire.Bytes); items.Next();)
                    {
                        if (items.Field == 1)
                            Value(json, items.Bytes, depth + 1);
                    }

                    json.WriteEndArray();
                    return;
                case 6:
                    json.WriteStartObject();
                    Attributes(json, wire.Bytes, 1, depth + 1);
                    json.WriteEndObject();
                    return;
                case 7:
                    json.WriteBase64StringValue(wire.Bytes);
                    return;
            }
        }

        json.WriteNullValue();
    }

    // A whole one with its point, as Python writes it: so it stays what it is.
    private static void Real(Utf8JsonWriter json, double value)
    {
        if (double.IsInteger(value) && Math.Abs(value) < 1e15)
            json.WriteRawValue(value.ToString("F1", CultureInfo.InvariantCulture));
        else
            Protocol.ProtoJson.WriteDouble(json, value);
    }

    // PostgreSQL's text cannot hold U+0000.
    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes).Replace("\0", "", StringComparison.Ordinal);

    private ref struct Pair
    {
        public ReadOnlySpan<byte> Key;
        public ReadOnlySpan<byte> Value;
    }

    /// <summary>Walks over the fields of a protobuf message.</summary>
    private ref struct Wire(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public int Field { get; private set; }

        public ulong Number { get; private set; }

        public ReadOnlySpan<byte> Bytes { get; private set; }

        public bool Next()
        {
            if (_rest.IsEmpty)
                return false;
            var tag = Varint();
            (Field, Number) = ((int)(tag >> 3), 0);
            Bytes = default;
            switch (tag & 7)
            {
                case 0:
                    Number = Varint();
                    break;
                case 1:
                    Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                    break;
                case 2:
                    var length = Varint();
                    Bytes = Take(length > int.MaxValue ? int.MaxValue : (int)length);
                    break;
                case 5:
                    Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                    break;
                default:
                    throw new FormatException("The bytes are not protobuf.");
            }

            return true;
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > _rest.Length)
                throw new FormatException("The bytes end in the middle of a field.");
            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }

        private ulong Varint()
        {
            ulong value = 0;
            for (var shift = 0; shift < 64; shift += 7)
            {
                var next = Take(1)[0];
                value |= (ulong)(next & 0x7F) << shift;
                if ((next & 0x80) == 0)
                    return value;
            }

            throw new FormatException("The bytes are not protobuf.");
        }
    }
}
