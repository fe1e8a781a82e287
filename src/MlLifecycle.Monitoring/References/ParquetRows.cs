using System.Data.Common;
using DuckDB.NET.Data;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Tables;

namespace MlLifecycle.Monitoring.References;

/// <summary>A Parquet file read row by row, every value as text. DuckDB reads it, in bounded memory and without reaching out for extensions.</summary>
public sealed class ParquetRows : IRows
{
    private readonly DuckDBConnection _connection;
    private readonly DuckDBCommand _command;
    private readonly DbDataReader _reader;

    private ParquetRows(DuckDBConnection connection, DuckDBCommand command, DbDataReader reader, IReadOnlyList<string> columns) =>
        (_connection, _command, _reader, Columns) = (connection, command, reader, columns);

    public IReadOnlyList<string> Columns { get; }

    public long Row { get; private set; }

    public static ParquetRows? Open(string path, out Refusal? refusal)
    {
        if (!HasBothMarks(path))
        {
            refusal = Broken("it does not begin and end with the mark PAR1. Was the upload cut off?");
            return null;
        }

        var connection = new DuckDBConnection("DataSource=:memory:");
        try
        {
            connection.Open();
            using (var settings = connection.CreateCommand())
            {
                settings.CommandText = "SET memory_limit = '256MiB'; SET threads = 1; SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;";
                settings.ExecuteNonQuery();
            }

            var file = $"read_parquet('{path.Replace("'", "''", StringComparison.Ordinal)}')";
            var (names, types) = Described(connection, file);
            refusal = ColumnNames.Check(names);
            if (refusal is null)
            {
                var places = Enumerable.Range(0, names.Count);
                var cells = places.Select(c => types[c] == "BLOB" ? $"nullif(to_base64(c{c}), '')" : $"nullif(trim(CAST(c{c} AS VARCHAR)), '')");
                var command = connection.CreateCommand();
                command.CommandText = $"SELECT {string.Join(", ", cells)} FROM {file} AS t({string.Join(", ", places.Select(c => $"c{c}"))})";
                command.UseStreamingMode = true;
                return new(connection, command, command.ExecuteReader(), names);
            }
        }
        catch (DuckDBException unreadable)
        {
            refusal = Broken(Said(unreadable));
        }

        connection.Dispose();
        return null;
    }

    public bool Read(Span<string?> cells, out RefusedRow? refused)
    {
        refused = null;
        try
        {
            if (!_reader.Read())
                return false;
        }
        catch (DuckDBException unreadable)
        {
            throw new RefusedTableException(Broken(Said(unreadable)));
        }

        Row++;
        for (var i = 0; i < cells.Length; i++)
            cells[i] = _reader.IsDBNull(i) ? null : _reader.GetString(i);
        return true;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _command.Dispose();
        _connection.Dispose();
    }

    private static (List<string> Names, List<string> Types) Described(DuckDBConnection connection, string file)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"DESCRIBE SELECT * FROM {file}";
        using var reader = command.ExecuteReader();
        var (names, types) = (new List<string>(), new List<string>());
        while (reader.Read())
        {
            names.Add(reader.GetString(0));
            types.Add(reader.GetString(1));
        }

        return (names, types);
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
    private static string Said(DuckDBException unreadable)
    {
        var message = unreadable.Message.Split('\n')[0];
        return message.Contains('/', StringComparison.Ordinal) ? "its contents do not agree with its footer." : message;
    }

    private static Refusal Broken(string why) => new(400, "malformed-table", $"This is not a whole Parquet file: {why}") { Field = "body" };
}
