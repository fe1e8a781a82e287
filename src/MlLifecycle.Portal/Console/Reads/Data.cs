using System.Text.Json;

namespace MlLifecycle.Portal.Console.Reads;

// What Datasets answers, as far as the pages show it.

public sealed record LabelDefinition(string? Column, string? Definition);

public sealed record FeedbackPlan(string Plan, string? Delay);

public sealed record ImportantCase(string Name, string Column, string Value, long Minimum);

public sealed record VersionHead(int Number, string Digest);

public sealed record Dataset(
    string Name, string Modality, string Description, LabelDefinition? Label, FeedbackPlan? Feedback, IReadOnlyList<ImportantCase> Cases, VersionHead? Head, int Versions,
    long? Examples, DateTimeOffset CreatedAt, string CreatedBy);

public sealed record DatasetVersion(int Number, string Digest, int? Parent, long Files, long Bytes, string Message, DateTimeOffset CreatedAt, string CreatedBy);

public sealed record DataFile(string Path, string Digest, long Bytes);

public sealed record FileContent(string Digest, long Bytes);

public sealed record ModifiedFile(string Path, FileContent From, FileContent To);

public sealed record DiffTotals(long Added, long Removed, long Modified, long Unchanged, long Bytes);

public sealed record VersionDiff(
    VersionHead From, VersionHead To, IReadOnlyList<DataFile> Added, IReadOnlyList<DataFile> Removed, IReadOnlyList<ModifiedFile> Modified, DiffTotals Totals);

public sealed record ValueCount(string Value, long Count);

public sealed record Bin(double From, double To, long Count);

public sealed record ImageFigures(int Width, int Height, double MeanBrightness, double StdBrightness, IReadOnlyList<Bin> Histogram);

public sealed record ColumnFigures(
    string Name, string Type, long Missing, long? Unique, JsonElement? Min, JsonElement? Max, double? Mean, IReadOnlyList<Bin>? Histogram, IReadOnlyList<ValueCount>? Top);

public sealed record FileProfile(
    string Path, string Kind, long Rows, IReadOnlyList<ColumnFigures> Columns, ImageFigures? Image, IReadOnlyList<ValueCount>? Labels, long RefusedRows, string? Problem);

public sealed record Check(bool Passed, string Summary, DateTimeOffset CheckedAt, string CheckedBy)
{
    /// <summary><c>coverage</c>, <c>label-consistency</c> or <c>size</c>.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("check")]
    public string Name { get; init; } = "";
}

public sealed record SplitCounts(long Train, long Dev, long Test);

public sealed record SplitLine(string Value, long Train, long Dev, long Test);

public sealed record Split(
    Guid Id, int Version, string Path, string Method, long Seed, bool Suited, string Reason, SplitCounts Counts, IReadOnlyList<SplitLine> Distribution,
    long DuplicatesKeptTogether, DateTimeOffset CreatedAt, string CreatedBy);
