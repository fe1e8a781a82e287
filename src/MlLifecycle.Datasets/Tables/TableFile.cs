using System.Globalization;
using System.IO.Compression;
using DuckDB.NET.Data;
using MlLifecycle.Datasets.Objects;

namespace MlLifecycle.Datasets.Tables;

/// <summary>A column as its table has it.</summary>
/// <param name="Type">In DuckDB's terms, as in <c>BIGINT</c>.</param>
public sealed record TableColumn(string Name, string Type);

/// <summary>A row that could not be read as its table's columns say.</summary>
/// <param name="Line">The line in the file, the header being line 1.</param>
/// <param name="Field">The column, when it is one column's fault.</param>
public sealed record RefusedRow(long Line, string? Field, string Reason);

/// <summary>
/// A CSV or Parquet file opened as the table <c>t</c> in a DuckDB database of its own, on disk in a scratch folder: memory is bounded, whatever
/// the file's size. The database can read nothing but the object store, and its settings cannot be changed from SQL.
/// </summary>
public sealed class TableFile : IDisposable
{
    public const int MostColumns = 2000;
    private const int ShownRefusals = 20;

    // As other tools write a value that is not there.
    private const string MissingValues = "['', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL']";
    private readonly string _scratch;
    private readonly DuckDBConnection _connection;
    private readonly CancellationToken _cancellation;

    private TableFile(string scratch, CancellationToken cancellation)
    {
        _scratch = scratch;
        _cancellation = cancellation;
        Directory.CreateDirectory(scratch);
        _connection = new DuckDBConnection(new DuckDBConnectionStringBuilder { DataSource = Path.Combine(scratch, "t.db") }.ConnectionString);
        _connection.Open();
    }

    public IReadOnlyList<TableColumn> Columns { get; private set; } = [];

    public long RefusedRows { get; private set; }

    /// <summary>The first of the refused rows.</summary>
    public IReadOnlyList<RefusedRow> Refused { get; private set; } = [];

    /// <summary>Opens a table.</summary>
    /// <param name="objects">Where the file is.</param>
    /// <param name="digest">Which file.</param>
    /// <param name="kind">A kind of table.</param>
    /// <param name="asText">Reads every value as the text it is, so that rows are refused for their shape only.</param>
    /// <exception cref="InvalidDataException">It is not a table of that kind; the message goes on after "cannot be read: ".</exception>
    public static TableFile Open(ObjectStore objects, string digest, FileKind kind, bool asText, CancellationToken cancellation)
    {
        var table = new TableFile(Path.Combine(objects.Root, "scratch", Guid.CreateVersion7().ToString("N")), cancellation);
        try
        {
            table.Confine(objects);
            table.Load(objects, digest, kind, asText);
            return table;
        }
        catch
        {
            table.Dispose();
            throw;
        }
    }

    /// <summary>A name as SQL writes it, whatever is in it.</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>For what numbers rows: a refused one would shift all that follow.</summary>
    /// <exception cref="InvalidDataException">A row was refused.</exception>
    public void RequireAllRows()
    {
        if (Refused is [var first, ..])
            throw new InvalidDataException($"{RefusedRows} of its rows do not fit the header, the first in line {first.Line}: {first.Reason} Mend the file and commit it again.");
    }

    /// <summary>The rows of a query, one at a time. They are to be read to their end before the next query.</summary>
    /// <param name="sql">Names in it are quoted by <see cref="Quote"/>, values are parameters <c>$1</c>, <c>$2</c>, …</param>
    public IEnumerable<DuckDBDataReader> Query(string sql, params object[] values)
    {
        using var command = _connection.CreateCommand();
        using var cancel = _cancellation.Register(command.Cancel);
        command.UseStreamingMode = true;
        command.CommandText = sql;
        foreach (var value in values)
            command.Parameters.Add(new DuckDBParameter(value));
        using var reader = Run(command);
        while (Next(reader))
            yield return reader;
    }

    public void Dispose()
    {
        _connection.Dispose();
        Directory.Delete(_scratch, recursive: true);
    }

    private void Confine(ObjectStore objects)
    {
        foreach (var setting in (string[])
        [
            "memory_limit = '256MB'",
            "threads = 2",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            $"allowed_directories = [{Text(Path.Combine(objects.Root, "objects") + "/")}, {Text(_scratch + "/")}]",
            $"temp_directory = {Text(Path.Combine(_scratch, "spill"))}",
            "enable_external_access = false",
            "lock_configuration = true",
        ])
            Execute($"SET {setting}");
    }

    private void Load(ObjectStore objects, string digest, FileKind kind, bool asText)
    {
        var path = objects.PathOf(digest);
        if (kind == FileKind.Parquet)
        {
            Execute($"CREATE VIEW t AS SELECT {(asText ? "CAST(COLUMNS(*) AS VARCHAR)" : "*")} FROM read_parquet({Text(path)})");
        }
        else
        {
            if (IsGzip(path))
                path = Unpack(path);
            var delimiter = Look(path, kind);
            Execute($"""
                CREATE TABLE t AS SELECT * FROM read_csv({Text(path)}, header = true, delim = {Text(delimiter)}, quote = '"', escape = '"', skip = 0,
                compression = 'none', all_varchar = {(asText ? "true" : "false")}, nullstr = {MissingValues},
                store_rejects = true, rejects_limit = 0)
                """);
            RefusedRows = Query("SELECT count(DISTINCT line) FROM reject_errors").Select(r => r.GetInt64(0)).Single();
            Refused = [.. Query($"SELECT line, first(column_name ORDER BY column_idx), first(error_message ORDER BY column_idx) FROM reject_errors GROUP BY line ORDER BY line LIMIT {ShownRefusals}")
                .Select(r => new RefusedRow(Convert.ToInt64(r.GetValue(0), CultureInfo.InvariantCulture), r.IsDBNull(1) ? null : r.GetString(1), FirstLine(r.GetString(2))))];
        }

        Columns = [.. Query("SELECT column_name, column_type FROM (DESCRIBE t)").Select(r => new TableColumn(r.GetString(0), r.GetString(1)))];
        if (Columns.Count > MostColumns)
            throw new InvalidDataException($"it has {Columns.Count} columns; at most {MostColumns} are read.");
    }

    // The delimiter is the one of , ; tab | that the header has most of: unlike a guess from the values it cannot depend on the rows.
    private static string Look(string path, FileKind kind)
    {
        using var content = File.OpenRead(path);
        var head = new byte[1 << 16];
        var read = content.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        if (head.AsSpan(0, read).Trim("\uFEFF \r\n"u8) is [] || head[0] is (byte)'\n' or (byte)'\r')
            throw new InvalidDataException("its first line, the header, is empty.");
        var (quoted, counts) = (false, new int[4]);
        const string delimiters = ",;\t|";
        foreach (var b in head.AsSpan(0, read))
        {
            if (b == '"')
                quoted = !quoted;
            else if (b == '\n' && !quoted)
                break;
            else if (!quoted && delimiters.IndexOf((char)b, StringComparison.Ordinal) is >= 0 and var which)
                counts[which]++;
        }

        return kind == FileKind.Tsv ? "\t" : delimiters[Array.IndexOf(counts, counts.Max())].ToString();
    }

    private static bool IsGzip(string path)
    {
        using var file = File.OpenRead(path);
        return file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
    }

    // DuckDB takes the end of a packed file that was cut short for the end of the table: rows would be lost in silence.
    private string Unpack(string path)
    {
        var plain = Path.Combine(_scratch, "plain");
        using var content = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var file = File.Create(plain);
        var chunk = new byte[1 << 16];
        try
        {
            for (int read; (read = content.Read(chunk)) > 0;)
            {
                _cancellation.ThrowIfCancellationRequested();
                file.Write(chunk.AsSpan(0, read));
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new InvalidDataException("it is packed with gzip, and cut short or damaged.", damaged);
        }

        return plain;
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        using var cancel = _cancellation.Register(command.Cancel);
        command.CommandText = sql;
        using var reader = Run(command);
    }

    private DuckDBDataReader Run(DuckDBCommand command)
    {
        try
        {
            return command.ExecuteReader();
        }
        catch (DuckDBException failure)
        {
            throw Explained(failure);
        }
    }

    private bool Next(DuckDBDataReader reader)
    {
        try
        {
            return reader.Read();
        }
        catch (DuckDBException failure)
        {
            throw Explained(failure);
        }
    }

    private InvalidDataException Explained(DuckDBException failure)
    {
        _cancellation.ThrowIfCancellationRequested();
        return failure.Message.StartsWith("Out of Memory", StringComparison.Ordinal)
            ? new InvalidDataException("it has rows too large to be looked at within this service's memory.", failure)
            : new InvalidDataException(FirstLine(failure.Message.Replace(_scratch, "", StringComparison.Ordinal)), failure);
    }

    // What DuckDB goes on to say names files on this disk and settings nobody here can reach.
    private static string FirstLine(string message)
    {
        var line = message.Split('\n')[0];
        var file = line.IndexOf(" \"/", StringComparison.Ordinal) is >= 0 and var quoted ? quoted : line.IndexOf(" '/", StringComparison.Ordinal);
        return (file < 0 ? line : line[..file]).TrimEnd('.', ' ') + ".";
    }

    private static string Text(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
