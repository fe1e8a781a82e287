using System.Text.Json;
using System.Text.Json.Nodes;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Protocol;

/// <summary>JSON of the caller's own making that is kept as it is: what the database's JSON, and the clients' messages, can hold.</summary>
internal static class Storable
{
    /// <summary>Clients read messages that are at most 100 deep; each list in a value is two of them.</summary>
    private const int Deepest = 32;

    /// <summary>The refusal of what cannot be held: the character U+0000, half a character, or nesting that clients cannot read.</summary>
    /// <param name="parameter">Where it stands in the request.</param>
    /// <param name="value">The value; null is well.</param>
    public static Refusal? Check(string parameter, JsonNode? value)
    {
        try
        {
            return value is null || Fits(value.Deserialize<JsonElement>(), 0) ? null : Mlflow.Invalid($"Invalid value for parameter '{parameter}' supplied: it is nested more than {Deepest} deep.");
        }
        catch (InvalidOperationException halfACharacter)
        {
            return Mlflow.Invalid($"Invalid value for parameter '{parameter}' supplied: {halfACharacter.Message}");
        }
    }

    private static bool Fits(JsonElement value, int depth) => value.ValueKind switch
    {
        JsonValueKind.Array => depth < Deepest && value.EnumerateArray().All(item => Fits(item, depth + 1)),
        JsonValueKind.Object => depth < Deepest && value.EnumerateObject().All(entry => Holds(entry.Name) && Fits(entry.Value, depth + 1)),
        JsonValueKind.String => Holds(value.GetString()!),
        _ => true,
    };

    private static bool Holds(string text) => !text.Contains('\0') ? true : throw new InvalidOperationException("a string may not contain the character U+0000.");
}
