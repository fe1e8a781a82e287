using System.Text.Json.Serialization;

namespace MlLifecycle.Datasets.Profiles;

/// <summary>What one file holds.</summary>
/// <param name="Kind"><c>csv</c>, <c>tsv</c>, <c>parquet</c>, <c>idx-images</c> or <c>idx-labels</c>.</param>
/// <param name="Rows">Rows or examples that could be read.</param>
public sealed record Profile(string Path, string Kind, long Rows, IReadOnlyList<ColumnProfile> Columns)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImageProfile? Image { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ValueCount>? Labels { get; init; }

    /// <summary>Rows that do not fit the columns; the first of them are in <see cref="Refused"/>.</summary>
    public long RefusedRows { get; init; }

    public IReadOnlyList<Tables.RefusedRow> Refused { get; init; } = [];

    /// <summary>Why the file could not be read, in a list of profiles.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Problem { get; init; }
}

/// <param name="Type"><c>integer</c>, <c>number</c>, <c>string</c>, <c>boolean</c>, <c>timestamp</c>, <c>image</c> or <c>label</c>.</param>
/// <param name="Missing">Rows without a value; a number that is not one (NaN) counts as missing.</param>
/// <param name="Unique">Different values, exact; null where counting them was not possible.</param>
public sealed record ColumnProfile(string Name, string Type, long Missing, long? Unique)
{
    /// <summary>Infinite numbers, which the figures below leave out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Infinite { get; init; }

    /// <summary>A number, or a time as text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public object? Min { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public object? Max { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Mean { get; init; }

    /// <summary>Of the sample: divided by n - 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? StdDev { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Quantiles? Quantiles { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Bin>? Histogram { get; init; }

    /// <summary>The most frequent values, the most frequent first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ValueCount>? Top { get; init; }

    /// <summary>Of text: its length in characters.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LengthProfile? Length { get; init; }
}

/// <summary>Interpolated linearly between neighbours (type 7); beyond four million rows estimated by a t-digest.</summary>
public sealed record Quantiles(double P5, double P25, double P50, double P75, double P95);

/// <summary>Values from <see cref="From"/> up to <see cref="To"/>, which belongs to the next bin, except in the last.</summary>
public sealed record Bin(double From, double To, long Count);

public sealed record ValueCount(string Value, long Count);

public sealed record LengthProfile(long Min, long Max, double Mean);

/// <param name="MeanBrightness">Mean over images of an image's mean pixel / 255: 0 is black, 1 is white.</param>
/// <param name="StdBrightness">Sample standard deviation over images.</param>
/// <param name="Histogram">Of the images' brightness.</param>
public sealed record ImageProfile(int Width, int Height, double MeanBrightness, double StdBrightness, IReadOnlyList<Bin> Histogram);
