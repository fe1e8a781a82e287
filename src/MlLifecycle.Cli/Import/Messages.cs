using System.Text.Json.Serialization;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

internal sealed record RunAnswer(FoundRun Run);

internal sealed record PointPage
{
    public IReadOnlyList<Point>? Metrics { get; init; }

    [JsonPropertyName("next_page_token")]
    public string? NextPageToken { get; init; }
}

internal sealed record ArtifactEntry
{
    public string Path { get; init; } = "";

    [JsonPropertyName("is_dir")]
    public bool IsDirectory { get; init; }

    [JsonPropertyName("file_size")]
    public long? Size { get; init; }
}

internal sealed record ArtifactPage
{
    public IReadOnlyList<ArtifactEntry>? Files { get; init; }

    [JsonPropertyName("next_page_token")]
    public string? NextPageToken { get; init; }
}
