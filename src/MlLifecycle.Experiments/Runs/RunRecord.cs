using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.Experiments.Protocol;

namespace MlLifecycle.Experiments.Runs;

/// <summary>A run as it is read: its head from one row, its many small values from their tables.</summary>
[JsonConverter(typeof(Json))]
internal sealed class RunRecord
{
    /// <summary>Its key in the tables; 0 when it was not read from them.</summary>
    public long Key { get; init; }

    /// <summary>Of which moment it is.</summary>
    public RunStamp Stamp { get; init; }

    public required Guid Id { get; init; }

    public required long Experiment { get; init; }

    public required string ExperimentName { get; init; }

    public required string ArtifactLocation { get; init; }

    public required string Name { get; init; }

    public required string User { get; init; }

    public required string Status { get; init; }

    public required long StartTime { get; init; }

    public long? EndTime { get; init; }

    public bool Deleted { get; init; }

    public List<KeyValuePair<string, string>> Params { get; init; } = [];

    public List<KeyValuePair<string, string>> Tags { get; init; } = [];

    public List<MetricPoint> Metrics { get; init; } = [];

    public List<Input> Inputs { get; init; } = [];

    public List<RunModel> Models { get; init; } = [];

    /// <summary>Where its artifacts are.</summary>
    public string ArtifactUri => ArtifactStore.Under(ArtifactLocation, $"{Run.IdOf(Id)}/artifacts");

    /// <summary>Its head alone.</summary>
    public object Info => new RunInfo(this);

    public static RunRecord Of(Run run, string artifactLocation) => new()
    {
        Id = run.Id,
        Experiment = run.Experiment,
        ExperimentName = run.ExperimentName,
        ArtifactLocation = artifactLocation,
        Name = run.Name,
        User = run.User,
        Status = ProtoJson.NameOf(run.Status),
        StartTime = run.StartTime,
        EndTime = run.EndTime,
        Deleted = !run.Active,
        Params = [.. run.Params.OrderBy(p => p.Key, StringComparer.Ordinal)],
        Tags = [.. run.Tags.OrderBy(t => t.Key, StringComparer.Ordinal)],
        Metrics = [.. run.Metrics.Values.OrderBy(m => m.Key, StringComparer.Ordinal)],
        Inputs = [.. run.Inputs],
        Models = [.. run.Models],
    };

    /// <summary>Writes the run as MLflow does. By hand, because pages of a thousand runs are the service's largest answers.</summary>
    /// <param name="json">Where to.</param>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WritePropertyName("info");
        WriteInfo(json);
        json.WriteStartObject("data");
        if (Metrics.Count > 0)
        {
            json.WriteStartArray("metrics");
            foreach (var metric in Metrics)
                WriteMetric(json, metric);
            json.WriteEndArray();
        }

        WriteEntries(json, "params", Params);
        WriteEntries(json, "tags", Tags);
        json.WriteEndObject();
        json.WriteStartObject("inputs");
        if (Inputs.Count > 0)
        {
            json.WriteStartArray("dataset_inputs");
            foreach (var input in Inputs)
                WriteInput(json, input);
            json.WriteEndArray();
        }

        WriteModels(json, "model_inputs", output: false);
        json.WriteEndObject();
        json.WriteStartObject("outputs");
        WriteModels(json, "model_outputs", output: true);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteMetric(Utf8JsonWriter json, MetricPoint metric)
    {
        json.WriteStartObject();
        json.WriteString("key", metric.Key);
        json.WritePropertyName("value");
        ProtoJson.WriteDouble(json, metric.Value);
        json.WriteNumber("timestamp", metric.Timestamp);
        json.WriteNumber("step", metric.Step);
        json.WriteEndObject();
    }

    private void WriteInfo(Utf8JsonWriter json)
    {
        var id = Run.IdOf(Id);
        json.WriteStartObject();
        json.WriteString("run_uuid", id);
        json.WriteString("run_id", id);
        json.WriteString("experiment_id", Experiment.ToString(CultureInfo.InvariantCulture));
        json.WriteString("run_name", Name);
        json.WriteString("user_id", User);
        json.WriteString("status", Status);
        json.WriteNumber("start_time", StartTime);
        if (EndTime is { } end)
            json.WriteNumber("end_time", end);
        json.WriteString("artifact_uri", ArtifactUri);
        json.WriteString("lifecycle_stage", Deleted ? "deleted" : "active");
        json.WriteEndObject();
    }

    private void WriteModels(Utf8JsonWriter json, string name, bool output)
    {
        if (!Models.Any(m => m.Output == output))
            return;
        json.WriteStartArray(name);
        foreach (var model in Models.Where(m => m.Output == output))
        {
            json.WriteStartObject();
            json.WriteString("model_id", model.ModelId);
            if (output)
                json.WriteNumber("step", model.Step);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteEntries(Utf8JsonWriter json, string name, List<KeyValuePair<string, string>> entries)
    {
        if (entries.Count == 0)
            return;
        json.WriteStartArray(name);
        foreach (var (key, value) in entries)
            WriteEntry(json, key, value);
        json.WriteEndArray();
    }

    private static void WriteEntry(Utf8JsonWriter json, string key, string value)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        json.WriteString("value", value);
        json.WriteEndObject();
    }

    private static void WriteInput(Utf8JsonWriter json, Input input)
    {
        json.WriteStartObject();
        if (input.Tags.Count > 0)
        {
            json.WriteStartArray("tags");
            foreach (var (key, value) in input.Tags.OrderBy(t => t.Key, StringComparer.Ordinal))
                WriteEntry(json, key, value);
            json.WriteEndArray();
        }

        json.WriteStartObject("dataset");
        json.WriteString("name", input.Name);
        json.WriteString("digest", input.Digest);
        json.WriteString("source_type", input.SourceType);
        json.WriteString("source", input.Source);
        if (input.Schema is not null)
            json.WriteString("schema", input.Schema);
        if (input.Profile is not null)
            json.WriteString("profile", input.Profile);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private sealed class Json : JsonConverter<RunRecord>
    {
        public override RunRecord Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("Runs are only written.");

        public override void Write(Utf8JsonWriter writer, RunRecord value, JsonSerializerOptions options) => value.Write(writer);
    }

    [JsonConverter(typeof(InfoJson))]
    private sealed record RunInfo(RunRecord Run);

    private sealed class InfoJson : JsonConverter<RunInfo>
    {
        public override RunInfo Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("Runs are only written.");

        public override void Write(Utf8JsonWriter writer, RunInfo value, JsonSerializerOptions options) => value.Run.WriteInfo(writer);
    }
}

/// <summary>Tells two readings of a run apart: equal stamps mean an equal record.</summary>
/// <param name="Revision">How many commits have changed the run.</param>
/// <param name="ExperimentDeleted">Whether its experiment was deleted, and the run with it.</param>
internal readonly record struct RunStamp(long Revision, bool ExperimentDeleted);

/// <summary>How answers that are written by hand are written.</summary>
internal static class WriterOptions
{
    // Answers are application/json and never part of a page: only what JSON itself asks for is escaped.
    public static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
}
