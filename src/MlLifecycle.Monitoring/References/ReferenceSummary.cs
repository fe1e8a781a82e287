namespace MlLifecycle.Monitoring.References;

/// <summary>A reference profile in short; the figures are kept beside it.</summary>
/// <param name="Id">Names the kept figures.</param>
/// <param name="Source">SHA-256 of the table or image file it was taken from, lower-case hex.</param>
/// <param name="Dataset">The dataset the file is of, when it is of one.</param>
/// <param name="Version">The dataset version's number.</param>
/// <param name="Path">The file within the version.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="KeptRows">Rows whose numbers are kept: all, or of a large table a seeded sample.</param>
/// <param name="Columns">The columns that predictions are compared with.</param>
/// <param name="Skipped">Columns that are not compared, and why.</param>
/// <param name="RefusedRows">Rows that could not be read.</param>
public sealed record ReferenceSummary(
    Guid Id, string Source, string? Dataset, int? Version, string? Path, long Rows, long KeptRows, IReadOnlyList<ReferenceColumnSummary> Columns,
    IReadOnlyList<SkippedColumn> Skipped, long RefusedRows);

/// <param name="Type"><c>number</c> or <c>category</c>.</param>
public sealed record ReferenceColumnSummary(string Name, string Type, long Missing, long NotFinite, double? Mean, double? Deviation, int? Categories);

public sealed record SkippedColumn(string Name, string Why);
