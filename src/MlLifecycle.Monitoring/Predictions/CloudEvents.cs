using System.Globalization;
using System.Text.Json;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Monitoring.Predictions;

/// <summary>A request to a model, its response, or both, as an event reports it.</summary>
/// <param name="Id">The same for a request and its response.</param>
/// <param name="At">When it happened; null when the event does not say.</param>
/// <param name="Data">The body that went to the model or came from it.</param>
public sealed record InferenceEvent(string Id, DateTimeOffset? At, JsonElement Data)
{
    /// <summary>Whether it says what went in: <c>instances</c> of protocol V1, <c>inputs</c> of V2.</summary>
    public bool IsRequest => Has("instances") || Has("inputs");

    /// <summary>Whether it says what came out: <c>predictions</c> of protocol V1, <c>outputs</c> of V2.</summary>
    public bool IsResponse => Has("predictions") || Has("outputs");

    private bool Has(string name) => Data.ValueKind == JsonValueKind.Object && Data.TryGetProperty(name, out _);
}

/// <summary>
/// CloudEvents 1.0 over HTTP (github.com/cloudevents/spec): structured, batched, or binary with the attributes in headers, which is how KServe's
/// inference logger sends them.
/// </summary>
public static class CloudEvents
{
    private const string Structured = "application/cloudevents+json";
    private const string Batched = "application/cloudevents-batch+json";
    private const long Largest = 32 << 20;
    private const int MostEvents = 10_000;
    private const int LongestId = 180;

    /// <summary>Whether a request carries events rather than a table.</summary>
    public static bool Fits(HttpRequest request) => Media(request) is Structured or Batched || request.Headers.ContainsKey("ce-id") || request.Headers.ContainsKey("ce-type");

    public static async Task<(IReadOnlyList<InferenceEvent>? Events, Refusal? Refusal)> Read(HttpRequest request, Spooled body, CancellationToken ct)
    {
        if (body.Bytes > Largest)
            return (null, new(413, "too-large", $"Events may have at most {Largest} bytes at a time."));
        JsonElement json;
        await using (var file = File.OpenRead(body.Path))
        {
            using var document = await JsonDocument.ParseAsync(file, cancellationToken: ct); // what is no JSON is answered as such
            json = document.RootElement.Clone();
        }

        switch (Media(request))
        {
            case Structured:
                var one = OfStructured(json, "", out var refusal);
                return (one is null ? null : [one], refusal);
            case Batched when json.ValueKind != JsonValueKind.Array || json.GetArrayLength() is 0 or > MostEvents:
                return (null, Decision.InvalidInput("body", $"must be a JSON array of 1 to {MostEvents} events."));
            case Batched:
                var events = new List<InferenceEvent>();
                foreach (var item in json.EnumerateArray())
                {
                    if (OfStructured(item, $"[{events.Count}].", out var bad) is not { } read)
                        return (null, bad);
                    events.Add(read);
                }

                return (events, null);
            default:
                var binary = Checked(request.Headers["ce-id"], request.Headers["ce-time"], json, "ce-", "body", out var unusable);
                return (binary is null ? null : [binary], unusable);
        }
    }

    private static string? Media(HttpRequest request) => request.ContentType?.Split(';')[0].Trim().ToLowerInvariant();

    private static InferenceEvent? OfStructured(JsonElement json, string place, out Refusal? refusal)
    {
        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("data", out var data))
            return Checked(Text(json, "id"), Text(json, "time"), data, place, $"{place}data", out refusal);
        refusal = Decision.InvalidInput($"{place}data", "is missing: a structured event is a JSON object with id, type, source, specversion and data.");
        return null;
    }

    private static InferenceEvent? Checked(string? id, string? time, JsonElement data, string place, string body, out Refusal? refusal)
    {
        DateTimeOffset at = default;
        var said = string.IsNullOrEmpty(time) ? null : time;
        refusal = string.IsNullOrWhiteSpace(id) || id.Length > LongestId || id.Any(char.IsControl)
            ? Decision.InvalidInput($"{place}id", $"must be the event's id, of at most {LongestId} characters.")
            : said is not null && !DateTimeOffset.TryParse(said, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out at)
                ? Decision.InvalidInput($"{place}time", "must be a time as in 2026-03-03T12:00:00Z.")
                : null;
        if (refusal is not null)
            return null;
        var inference = new InferenceEvent(id!, said is null ? null : at, data);
        if (inference.IsRequest || inference.IsResponse)
            return inference;
        refusal = Decision.InvalidInput(body, "has none of instances, predictions (protocol V1), inputs, outputs (V2).");
        return null;
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
