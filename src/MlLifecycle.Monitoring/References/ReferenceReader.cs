using MlLifecycle.Monitoring.Drift;
using MlLifecycle.Monitoring.Predictions;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Tables;

namespace MlLifecycle.Monitoring.References;

/// <summary>A reference with all its figures.</summary>
public sealed record ReferenceProfile(long Rows, long KeptRows, IReadOnlyList<ReferenceColumn> Columns, IReadOnlyList<SkippedColumn> Skipped, long RefusedRows)
{
    public ReferenceSummary Summary(Guid id, string source, string? dataset, int? version, string? path) => new(
        id, source, dataset, version, path, Rows, KeptRows,
        [.. Columns.Select(c => new ReferenceColumnSummary(
            c.Name, c.Numeric ? "number" : "category", c.Missing, c.NotFinite, c.Mean, c.Deviation, c.Numeric ? null : c.Counts.Count))],
        Skipped, RefusedRows);
}

/// <summary>
/// Reads a table or a file of images into a reference profile, in one pass and bounded memory: of more than 100 000 rows (fewer in very wide
/// tables) the numbers of a sample are kept, drawn with a fixed seed so that the same file gives the same profile. Categories are counted exactly.
/// </summary>
public static class ReferenceReader
{
    /// <summary>Rows whose numbers are kept.</summary>
    public const int MostKept = 100_000;

    /// <summary>Numbers that are kept in all, whatever the shape of the table.</summary>
    private const int MostNumbers = 10_000_000;
    private const int Seed = 20_170_401;

    // What a prediction says of itself beside its features.
    private static readonly string[] Own = ["id", "at", "latencyMs", "label"];

    public static ReferenceProfile? Read(Spooled file, TableFormat format, out Refusal? refusal, CancellationToken ct)
    {
        try
        {
            using var rows = Tables.Open(file.Path, format, out refusal);
            return rows is null ? null : Read(rows, out refusal, ct);
        }
        catch (RefusedTableException broken)
        {
            refusal = broken.Refusal;
            return null;
        }
    }

    public static ReferenceProfile? Read(IRows rows, out Refusal? refusal, CancellationToken ct)
    {
        refusal = null;
        var names = rows.Columns.Select(c => c == Cell.Image ? Cell.Brightness : c).ToArray();
        if (names.Count(n => n == Cell.Brightness) > 1)
        {
            refusal = Decision.InvalidInput(Cell.Brightness, "is there twice: as a column of its own and of the images in 'image'. Leave one out.");
            return null;
        }

        var compared = Enumerable.Range(0, names.Length).Where(i => !Own.Contains(names[i])).ToArray();
        var most = Math.Clamp(MostNumbers / Math.Max(1, compared.Length), 1000, MostKept);
        var columns = compared.Select(i => new ColumnReader(names[i])).ToArray();
        var refused = new RefusedRows();
        var random = new Random(Seed);
        var cells = new string?[names.Length];
        long read = 0;
        while (rows.Read(cells, out var problem))
        {
            if ((rows.Row & 0xFFF) == 0)
                ct.ThrowIfCancellationRequested();
            problem ??= AsBrightness(rows, cells);
            if (problem is not null)
            {
                refused.Add(problem);
                continue;
            }

            // Reservoir sampling: every row is as likely to be kept as any other.
            var place = read < most ? read : random.NextInt64(read + 1);
            for (var i = 0; i < columns.Length; i++)
                columns[i].Add(cells[compared[i]], place < most ? (int)place : null);
            read++;
        }

        if (read == 0)
        {
            refusal = refused.Count == 0
                ? new(400, "empty-table", "The reference has columns but no rows.") { Field = "body" }
                : new(400, "no-usable-row", $"None of the {refused.Count} rows can be read: {string.Join(" ", refused.First.Take(3).Select(r => $"row {r.Row}: {r.Field} {r.Reason}"))}") { Field = refused.First[0].Field };
            return null;
        }

        List<ReferenceColumn> taken = [];
        List<SkippedColumn> skipped = [.. names.Where(Own.Contains).Select(n => new SkippedColumn(n, "Says what a prediction is, not what it was made from."))];
        foreach (var column in columns)
        {
            if (column.Taken(read, out var why) is { } good)
                taken.Add(good);
            else
                skipped.Add(new(column.Name, why!));
        }

        if (taken.Count > 0)
            return new(read, Math.Min(read, most), taken, skipped, refused.Count);
        refusal = new(400, "nothing-to-compare", $"The reference has no column that predictions could be compared with: {string.Join(" ", skipped.Take(5).Select(s => $"{s.Name}: {s.Why}"))}") { Field = "body" };
        return null;
    }

    private static RefusedRow? AsBrightness(IRows rows, string?[] cells)
    {
        for (var i = 0; i < cells.Length; i++)
        {
            if (rows.Columns[i] != Cell.Image || cells[i] is not { } image)
                continue;
            cells[i] = Cell.BrightnessOf(image);
            if (cells[i] is null)
                return new(rows.Row, Cell.Image, "is no image in base64, one byte per pixel.");
        }

        return null;
    }

    private sealed class ColumnReader(string name)
    {
        private const int MostCategories = 10_000;
        private const int LongestCategory = 200;
        private readonly List<double> _numbers = [];
        private Dictionary<string, long>? _counts = new(StringComparer.Ordinal);
        private bool _numeric = true;
        private long _missing;
        private long _notFinite;

        public string Name => name;

        public void Add(string? cell, int? place)
        {
            var number = double.NaN;
            if (cell is null)
            {
                _missing++;
            }
            else
            {
                var parsed = _numeric ? Cell.Number(cell) : null;
                _numeric = parsed is not null;
                number = parsed ?? double.NaN;
                if (_numeric && !double.IsFinite(number))
                    (_notFinite, number) = (_notFinite + 1, double.NaN);
                Count(Cell.Class(cell));
            }

            if (!_numeric)
                _numbers.Clear();
            else if (place == _numbers.Count)
                _numbers.Add(number);
            else if (place is { } at)
                _numbers[at] = number;
        }

        public ReferenceColumn? Taken(long rows, out string? why)
        {
            why = null;
            if (_missing == rows)
                why = "It has no value in any row.";
            else if (_numeric && _notFinite + _missing == rows)
                why = "It has no finite number in any row.";
            else if (_numeric)
                return ReferenceColumn.OfNumbers(name, [.. _numbers.Where(double.IsFinite)], rows, _missing, _notFinite);
            else if (_counts is null)
                why = $"It has more than {MostCategories} different texts, or texts of more than {LongestCategory} characters.";
            else
                return ReferenceColumn.OfCategories(name, _counts, rows, _missing);
            return null;
        }

        private void Count(string value)
        {
            if (_counts is null)
                return;
            if (value.Length > LongestCategory || (_counts.Count >= MostCategories && !_counts.ContainsKey(value)))
                _counts = null;
            else
                _counts[value] = _counts.GetValueOrDefault(value) + 1;
        }
    }
}
