using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>A logged model as MLflow's protocol has it: a thing of its own since MLflow 3, beside the run that made it.</summary>
internal sealed class LoggedModel(JsonNode message)
{
    private readonly JsonNode? _info = message["info"];

    public string Id => _info.Text("model_id") ?? "";

    public string Experiment => _info.Text("experiment_id") ?? "";

    public string? Name => _info.Text("name");

    public string? ModelType => _info.Text("model_type");

    public string? ArtifactUri => _info.Text("artifact_uri");

    /// <summary>The run that made it; null when none did.</summary>
    public string? SourceRun => _info.Text("source_run_id") is { Length: > 0 } run ? run : null;

    public string Status => _info.Text("status") ?? "";

    /// <summary>Whether its files are there, or will never be.</summary>
    public bool Ended => Status is "LOGGED_MODEL_READY" or "LOGGED_MODEL_UPLOAD_FAILED";

    /// <summary>What a report calls it.</summary>
    public string Label => $"{Id} ({Name})";

    public Dictionary<string, string> Tags => _info is null ? [] : _info.Tags();

    public IEnumerable<JsonNode> Metrics => message["data"].Items("metrics");

    public Dictionary<string, string> Params =>
        message["data"].Items("params").Where(p => p.Text("key") is not null).GroupBy(p => p.Text("key")!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Text("value") ?? "", StringComparer.Ordinal);
}
