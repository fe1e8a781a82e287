using System.Globalization;
using MlLifecycle.Datasets.Idx;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Profiles;
using MlLifecycle.Datasets.Tables;
using MlLifecycle.Datasets.Versions;

namespace MlLifecycle.Datasets.Examples;

/// <summary>Reads examples out of files, one at a time.</summary>
public static class ReadExamples
{
    /// <summary>A column of this name says which row it is, not what is in it.</summary>
    private const string IdColumn = "id";

    /// <summary>The rows of a table that was opened as text.</summary>
    /// <param name="label">The column of the label; null when there is none.</param>
    /// <param name="tags">Columns whose values are tags.</param>
    /// <exception cref="InvalidDataException">No column is left to tell rows apart by.</exception>
    public static IEnumerable<Example> OfTable(TableFile table, string? label, IReadOnlyList<string> tags)
    {
        var inputs = table.Columns.Select(c => c.Name).Where(name => name != label && !name.Equals(IdColumn, StringComparison.OrdinalIgnoreCase)).ToList();
        if (inputs.Count == 0)
            throw new InvalidDataException("it has no column besides the label.");
        // Each value behind its length: two rows give the same text only when all their values are the same.
        var content = $"concat({string.Join(", ", inputs.Select(TableFile.Quote).Select(c => $"length({c}), ':', {c}, ';'"))})";
        var tagged = $"concat({string.Join(", ", tags.Select(TableFile.Quote).Select(c => $"length({c}), ':', {c}, ';'").Append("''"))})";
        return table
            .Query($"SELECT md5_number_lower({content}), md5_number_upper({content}), {(label is null ? "NULL" : TableFile.Quote(label))}, {tagged} FROM t")
            .Select(r => new Example(new UInt128(r.GetFieldValue<ulong>(1), r.GetFieldValue<ulong>(0)), r.IsDBNull(2) ? null : r.GetString(2), r.GetString(3)));
    }

    /// <summary>The images of an IDX file with the labels of another.</summary>
    /// <param name="labelsPath">What to call the labels file when it is at fault.</param>
    /// <exception cref="InvalidDataException">The files are not as their headers say, or not of the same length.</exception>
    public static IEnumerable<Example> OfIdx(Stream images, Stream? labels, string labelsPath = "")
    {
        using var image = IdxReader.Open(images);
        using var label = labels is null ? null : Labels(() => IdxReader.Open(labels));
        if (!image.Shape.Images)
            throw new InvalidDataException("it holds labels, not images.");
        if (label is { Shape.Images: true })
            throw new InvalidDataException("its labels file holds images.");
        if (label is not null && label.Shape.Count != image.Shape.Count)
            throw new InvalidDataException($"it has {image.Shape.Count} images, but its labels file has {label.Shape.Count} labels.");
        var names = Enumerable.Range(0, 256).Select(value => value.ToString(CultureInfo.InvariantCulture)).ToArray();
        var (pixels, value) = (new byte[image.Shape.ExampleBytes], new byte[1]);
        Func<bool> next = () => label?.Read(value) ?? true;
        while (image.Read(pixels) & Labels(next))
            yield return new(IdxProfile.Content(pixels), label is null ? null : names[value[0]]);

        T Labels<T>(Func<T> read)
        {
            try
            {
                return read();
            }
            catch (InvalidDataException problem)
            {
                throw new InvalidDataException($"its labels file '{labelsPath}' cannot be read: {problem.Message}", problem);
            }
        }
    }

    /// <summary>Each file an example, labelled by the folder it lies in.</summary>
    public static IEnumerable<Example> OfFolders(IEnumerable<ManifestEntry> files) => files.Select(file => new Example(
        UInt128.Parse(file.Digest.AsSpan(0, 32), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        Path.GetFileName(Path.GetDirectoryName(file.Path)) is { Length: > 0 } folder ? folder : null));
}
