using DuckDB.NET.Data;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Tables;

namespace MlLifecycle.ErrorAnalysis.Tables;

/// <summary>An upload that is being read: its columns are known, its rows go into the table <c>source</c> (<c>r</c> and one text column per column).</summary>
internal sealed class TableSource : IDisposable
{
    private readonly IRows? _rows;
    private readonly string? _parquet;
    private readonly IReadOnlyList<string> _types;

    private TableSource(IReadOnlyList<string> columns, IRows? rows, string? parquet, IReadOnlyList<string> types) =>
        (Columns, _rows, _parquet, _types) = (columns, rows, parquet, types);

    public IReadOnlyList<string> Columns { get; }

    public static TableSource? Open(Scratch db, string file, TableFormat format, out Refusal? refusal)
    {
        if (format == TableFormat.Parquet)
            return OpenParquet(db, file, out refusal);
        IRows? rows = format == TableFormat.Csv ? CsvRows.Open(file, out refusal) : NdjsonRows.Open(file, out refusal);
        return rows is null ? null : new(rows.Columns, rows, null, []);
    }

    public Refusal? Load(Scratch db, RefusedRows refused, long mostRows, CancellationToken ct)
    {
        var places = Enumerable.Range(0, Columns.Count);
        if (_rows is null)
        {
            var cells = places.Select(c => $"nullif(trim({Text(c)}), '') AS c{c}");
            return Guarded(() => db.Run($"CREATE TABLE source AS SELECT file_row_number + 1 AS r, {string.Join(", ", cells)} FROM {Scan(Columns.Count)}"))
                ?? (db.Count("SELECT count(*) FROM source") > mostRows ? TooMany(mostRows) : null);
        }

        db.Run($"CREATE TABLE source (r BIGINT, {string.Join(", ", places.Select(c => $"c{c} VARCHAR"))})");
        using var appender = db.Append("source");
        var row = new string?[Columns.Count];
        while (_rows.Read(row, out var problem))
        {
            if ((_rows.Row & 0xFFF) == 0)
                ct.ThrowIfCancellationRequested();
            if (_rows.Row > mostRows)
                return TooMany(mostRows);
            if (problem is not null)
                refused.Add(problem);
            else
                Append(appender, _rows.Row, row);
        }

        return null;
    }

    public void Dispose() => _rows?.Dispose();

    private static void Append(DuckDBAppender appender, long number, string?[] cells)
    {
        var row = appender.CreateRow();
        row.AppendValue((long?)number);
        foreach (var cell in cells)
        {
            if (cell is null)
                row.AppendNullValue();
            else
                row.AppendValue(cell);
        }

        row.EndRow();
    }

    private static TableSource? OpenParquet(Scratch db, string file, out Refusal? refusal)
    {
        if (!HasBothMarks(file))
        {
            refusal = Broken("it does not begin and end with the mark PAR1. Was the upload cut off?");
            return null;
        }

        var described = new List<(string Name, string Type)>();
        var parquet = Scratch.Literal(file);
        refusal = Guarded(() => described = db.Read($"DESCRIBE SELECT * FROM read_parquet({parquet})", row => (row.GetString(0), row.GetString(1))));
        refusal ??= ColumnNames.Check([.. described.Select(d => d.Name)]);
        return refusal is not null ? null : new([.. described.Select(d => d.Name)], null, parquet, [.. described.Select(d => d.Type)]);
    }

    private static bool HasBothMarks(string file)
    {
        using var stream = File.OpenRead(file);
        if (stream.Length < 12)
            return false;
        Span<byte> first = stackalloc byte[4], last = stackalloc byte[4];
        stream.ReadExactly(first);
        stream.Seek(-4, SeekOrigin.End);
        stream.ReadExactly(last);
        return first.SequenceEqual("PAR1"u8) && last.SequenceEqual("PAR1"u8);
    }

    // What DuckDB says of a file that it cannot read is of use to the sender; where the file lies is not.
    private static Refusal? Guarded(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (DuckDBException unreadable) when (!unreadable.Message.Contains("Out of Memory", StringComparison.OrdinalIgnoreCase))
        {
            var message = unreadable.Message.Split('\n')[0];
            return Broken(message.Contains('/', StringComparison.Ordinal) ? "its contents do not agree with its footer." : message);
        }
    }

    private static Refusal Broken(string why) => new(400, "malformed-table", $"The body is not a whole Parquet file: {why}") { Field = "body" };

    private static Refusal TooMany(long most) => new(413, "too-large", $"A table may have at most {most} rows. Evaluate a sample, or split the table.");

    private string Scan(int columns) =>
        $"read_parquet({_parquet}, file_row_number = true) AS t({string.Join(", ", Enumerable.Range(0, columns).Select(c => $"c{c}"))}, file_row_number)";

    private string Text(int column) => _types[column].EndsWith("[]", StringComparison.Ordinal)
        ? $"array_to_string(list_transform(c{column}, x -> CAST(x AS VARCHAR)), ';')"
        : $"CAST(c{column} AS VARCHAR)";
}
