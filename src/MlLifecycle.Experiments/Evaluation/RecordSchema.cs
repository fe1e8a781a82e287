using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MlLifecycle.Experiments.Evaluation;

/// <summary>Which fields the records of a dataset have, each with the type of its first value. Clients look there for what a dataset is made of.</summary>
public sealed record RecordSchema
{
    public ImmutableSortedDictionary<string, string> Inputs { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, string> Outputs { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, string> Expectations { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>The type of outputs without fields; null when there are none such.</summary>
    public string? PlainOutputs { get; init; }

    public RecordSchema With(IEnumerable<RecordChange> records)
    {
        var (inputs, outputs, expectations, plain) = (Inputs.ToBuilder(), Outputs.ToBuilder(), Expectations.ToBuilder(), PlainOutputs);
        foreach (var record in records)
        {
            Add(inputs, record.Inputs);
            Add(expectations, record.Expectations);
            if (record.Outputs is JsonObject fields)
                Add(outputs, fields);
            else if (record.Outputs is { } value)
                plain ??= TypeOf(value);
        }

        return new() { Inputs = inputs.ToImmutable(), Outputs = outputs.ToImmutable(), Expectations = expectations.ToImmutable(), PlainOutputs = plain };
    }

    /// <summary>As clients read it.</summary>
    public string ToJson() =>
        JsonSerializer.Serialize(new { inputs = Inputs, outputs = PlainOutputs is { } plain && Outputs.Count == 0 ? (object)plain : Outputs, expectations = Expectations, version = "1.0" });

    private static void Add(ImmutableSortedDictionary<string, string>.Builder types, JsonObject? said)
    {
        foreach (var (name, value) in said ?? [])
            types.TryAdd(name, TypeOf(value));
    }

    private static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Number => value.ToJsonString().AsSpan().ContainsAny('.', 'e', 'E') ? "float" : "integer",
        JsonValueKind.String => "string",
        JsonValueKind.Array => "array",
        _ => "object",
    };
}
