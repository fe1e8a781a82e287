using System.Globalization;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>The outline of a trace, as MLflow 3 has it.</summary>
internal sealed class TraceInfo(JsonObject message)
{
    public const string SourceRun = "mlflow.sourceRun";
    public const string Model = "mlflow.modelId";
    public const string ArtifactLocation = "mlflow.artifactLocation";
    public const string SpansLocation = "mlflow.trace.spansLocation";

    /// <summary>What can be changed of an assessment.</summary>
    public static readonly string[] Changeable = ["assessment_name", "feedback", "expectation", "rationale", "metadata", "valid", "source"];

    public JsonObject Message => message;

    public string Id => message.Text("trace_id") ?? "";

    /// <summary>Milliseconds since 1970.</summary>
    public long Time => DateTimeOffset.TryParse(message.Text("request_time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.ToUnixTimeMilliseconds() : 0;

    public string State => message.Text("state") ?? "";

    /// <summary>Whether its spans are in the server's own store rather than in a file.</summary>
    public bool Stored => Tags.GetValueOrDefault(SpansLocation) == "TRACKING_STORE";

    public Dictionary<string, string> Tags => Entries("tags");

    public Dictionary<string, string> Metadata => Entries("trace_metadata");

    public IEnumerable<JsonNode> Assessments => message.Items("assessments");

    private long? Duration => message.Text("execution_duration") is { } text && decimal.TryParse(text.TrimEnd('s'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
        ? (long)(seconds * 1000)
        : null;

    /// <summary>The outline in MLflow 3's form of one in MLflow 2's.</summary>
    public static TraceInfo OfElder(JsonNode elder)
    {
        var status = elder.Text("status") ?? "";
        var milliseconds = (string name) => elder[name] is { } number ? long.Parse(number.ToString(), CultureInfo.InvariantCulture) : (long?)null;
        var (time, duration) = (milliseconds("timestamp_ms"), milliseconds("execution_time_ms"));
        return new(new JsonObject
        {
            ["trace_id"] = elder.Text("request_id"),
            ["request_time"] = time is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : null,
            ["execution_duration"] = duration is { } took ? string.Create(CultureInfo.InvariantCulture, $"{took / 1000}.{took % 1000:D3}s") : null,
            ["state"] = status is "OK" or "ERROR" or "IN_PROGRESS" ? status : "STATE_UNSPECIFIED",
            ["trace_metadata"] = Entries(elder.Items("request_metadata")),
            ["tags"] = Entries(elder.Items("tags")),
        });

        static JsonObject Entries(IEnumerable<JsonNode> list)
        {
            var entries = new JsonObject();
            foreach (var entry in list)
                entries[entry.Text("key") ?? ""] = entry.Text("value") ?? "";
            return entries;
        }
    }

    /// <summary>Whether the request ran as this says.</summary>
    public bool RanAs(TraceInfo other) => (Time, Duration, State) == (other.Time, other.Duration, other.State);

    /// <summary>Whether all of this, but for assessments, is in another outline.</summary>
    public bool Within(TraceInfo other)
    {
        var (tags, metadata) = (other.Tags, other.Metadata);
        return RanAs(other)
            && Tags.All(t => t.Key == ArtifactLocation || tags.GetValueOrDefault(t.Key) == t.Value)
            && Metadata.All(m => metadata.GetValueOrDefault(m.Key) == m.Value);
    }

    private Dictionary<string, string> Entries(string name) =>
        (message[name] as JsonObject ?? []).ToDictionary(entry => entry.Key, entry => entry.Value is JsonValue value && value.TryGetValue(out string? text) ? text : entry.Value?.ToJsonString() ?? "", StringComparer.Ordinal);
}
