using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MlLifecycle.Experiments.Runs;

namespace MlLifecycle.Experiments.Protocol;

/// <summary>
/// JSON as protobuf's mapping reads and writes it: snake_case names, unknown fields ignored, null as absent, 64-bit integers as numbers or
/// strings, not-a-number and infinities as strings.
/// </summary>
public static class ProtoJson
{
    public static readonly JsonSerializerOptions Options = Make();

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { RefuseNullItems } },
            Converters = { new Integer(), new Float(), new Truth(), new Text(), new EnumValue<ViewType>(), new EnumValue<RunStatus>(), new EnumValue<LoggedModels.LoggedModelStatus>(), new EnumValue<Traces.TraceState>() },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    // A repeated field holds messages or values, never nothing.
    private static void RefuseNullItems(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.Set is not { } set || !typeof(IEnumerable<object>).IsAssignableFrom(property.PropertyType))
                continue;
            property.Set = (message, value) =>
            {
                var at = 0;
                foreach (var item in (IEnumerable<object?>?)value ?? [])
                {
                    if (item is null)
                        throw new JsonException($"{property.Name}[{at}] may not be null.");
                    at++;
                }

                set(message, value);
            };
        }
    }

    private sealed class Integer : JsonConverter<long>
    {
        public override long Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.Number when reader.TryGetInt64(out var number) => number,
            JsonTokenType.Number when reader.TryGetDouble(out var number) => Whole(number),
            JsonTokenType.String when long.TryParse(reader.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
            JsonTokenType.String when double.TryParse(reader.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => Whole(number),
            _ => throw new JsonException("a 64-bit integer is expected."),
        };

        public override void Write(Utf8JsonWriter writer, long value, JsonSerializerOptions options) => writer.WriteNumberValue(value);

        private static long Whole(double number) => number == Math.Floor(number) && Math.Abs(number) < 9.2e18
            ? (long)number
            : throw new JsonException("a 64-bit integer is expected.");
    }

    private sealed class Float : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.Number => reader.GetDouble(),
            JsonTokenType.String => reader.GetString() switch
            {
                "NaN" or "nan" => double.NaN,
                "Infinity" or "inf" => double.PositiveInfinity,
                "-Infinity" or "-inf" => double.NegativeInfinity,
                var text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => number,
                _ => throw new JsonException("a number is expected."),
            },
            _ => throw new JsonException("a number is expected."),
        };

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) => WriteDouble(writer, value);
    }

    private sealed class Truth : JsonConverter<bool>
    {
        public override bool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            JsonTokenType.String when bool.TryParse(reader.GetString(), out var value) => value,
            _ => throw new JsonException("true or false is expected."),
        };

        public override void Write(Utf8JsonWriter writer, bool value, JsonSerializerOptions options) => writer.WriteBooleanValue(value);
    }

    private sealed class EnumValue<T> : JsonConverter<T>
        where T : struct, Enum
    {
        private static readonly Dictionary<string, T> Named = Enum.GetValues<T>().ToDictionary(NameOf, StringComparer.Ordinal);

        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var value = reader.TokenType switch
            {
                JsonTokenType.String when Named.TryGetValue(reader.GetString()!, out var named) => named,
                JsonTokenType.String when int.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) => (T)Enum.ToObject(typeof(T), number),
                JsonTokenType.Number when reader.TryGetInt32(out var number) => (T)Enum.ToObject(typeof(T), number),
                _ => (T)Enum.ToObject(typeof(T), -1),
            };
            return Enum.IsDefined(value) ? value : throw new JsonException($"one of {string.Join(", ", Named.Keys)} is expected.");
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(NameOf(value));
    }

    private sealed class Text : JsonConverter<string>
    {
        public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.String)
                throw new JsonException("a string is expected.");
            return Held(ref reader);
        }

        public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Held(ref reader);

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

        public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);

        private static string Held(ref Utf8JsonReader reader)
        {
            string text;
            try
            {
                text = reader.GetString()!;
            }
            catch (InvalidOperationException halfACharacter)
            {
                throw new JsonException("the string is not valid Unicode.", halfACharacter);
            }

            // PostgreSQL's text cannot hold it.
            return text.Contains('\0') ? throw new JsonException("a string may not contain the character U+0000.") : text;
        }
    }

    /// <summary>A value's name as protobuf has it, as in <c>ACTIVE_ONLY</c>.</summary>
    /// <param name="value">The value.</param>
    public static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseUpper.ConvertName(value.ToString());

    /// <summary>Writes a double as protobuf's JSON does: what JSON has no number for becomes a string.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="value">The value.</param>
    public static void WriteDouble(Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value))
            writer.WriteNumberValue(value);
        else
            writer.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }
}
