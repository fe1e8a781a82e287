using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Protocol;

/// <summary>Says what in a request could not be read: the parameter, and what was sent for it, as clients look for both in the message.</summary>
internal static partial class Misread
{
    // System.Text.Json speaks of types of this program, which mean nothing to the caller.
    private const string OfAnotherType = "The JSON value could not be converted to ";

    [GeneratedRegex(@"\.(?<name>\w+)|\['(?<name>[^']*)'\]|\[(?<index>\d+)\]", RegexOptions.CultureInvariant)]
    private static partial Regex Step { get; }

    /// <summary>The refusal.</summary>
    /// <param name="malformed">What the reading ended with.</param>
    /// <param name="document">The request as JSON of any shape.</param>
    public static Refusal Of(JsonException malformed, Func<JsonNode?> document)
    {
        var field = malformed.Path?.TrimStart('$').TrimStart('.');
        var problem = malformed.Message.StartsWith(OfAnotherType, StringComparison.Ordinal)
            ? "a value of another type is expected."
            : malformed.Message.Split(" Path: ")[0];
        if (string.IsNullOrEmpty(field))
            return Mlflow.Invalid($"The request is not the JSON this endpoint takes: {problem}");
        return Mlflow.Invalid(Value(malformed.Path!, document) is { } value
            ? $"Invalid value {value} for parameter '{field}' supplied: {problem}"
            : $"Invalid value for parameter '{field}' supplied: {problem}");
    }

    private static string? Value(string path, Func<JsonNode?> document)
    {
        try
        {
            var at = document();
            foreach (Match step in Step.Matches(path))
            {
                at = (at, step.Groups["name"]) switch
                {
                    (JsonObject fields, { Success: true } name) => fields[name.Value],
                    (JsonArray items, { Success: false }) => items[int.Parse(step.Groups["index"].ValueSpan, CultureInfo.InvariantCulture)],
                    _ => null,
                };
            }

            return at?.ToJsonString(ProtoJson.Options) switch
            {
                null => null,
                { Length: > 200 } value => value[..200] + "…",
                var value => value,
            };
        }
        catch (Exception notEvenJson) when (notEvenJson is JsonException or ArgumentException or InvalidOperationException)
        {
            // Cut off in the middle, a name twice, or half a character: then there is no one value to quote.
            return null;
        }
    }
}
