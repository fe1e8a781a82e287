namespace MlLifecycle.Experiments.Protocol;

/// <summary>Answers of MLflow's protocol.</summary>
internal static class Answer
{
    /// <summary>The empty message.</summary>
    public static IResult Empty => Of(new { });

    /// <summary>A message: its properties in snake_case, absent ones left out.</summary>
    /// <param name="message">The message.</param>
    public static IResult Of<T>(T message) => TypedResults.Json(message, ProtoJson.Options);

    /// <summary>A list as protobuf's JSON has it: an empty one is left out.</summary>
    /// <param name="items">The list.</param>
    public static IReadOnlyList<T>? OrNone<T>(IReadOnlyList<T> items) => items.Count > 0 ? items : null;
}

/// <summary>A key and value, as tags and parameters travel.</summary>
public sealed record Entry
{
    public Entry()
    {
    }

    public Entry(string key, string value) => (Key, Value) = (key, value);

    public string? Key { get; init; }

    public string? Value { get; init; }

    public static IReadOnlyList<Entry>? ListOf(IEnumerable<KeyValuePair<string, string>> pairs) =>
        Answer.OrNone([.. pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new Entry(pair.Key, pair.Value))]);
}
