using System.Data.Common;
using System.Globalization;
using DuckDB.NET.Data;

namespace MlLifecycle.ErrorAnalysis.Tables;

/// <summary>
/// A DuckDB of its own for one table: bounded memory, spilling into the upload's directory, never reaching out for extensions. Columns go by
/// place (<c>c0</c>, <c>c1</c>, …) in all SQL; a name of the table occurs only as a quoted literal or identifier, its values never.
/// </summary>
internal sealed class Scratch : IDisposable
{
    private readonly DuckDBConnection _connection = new("DataSource=:memory:");

    public Scratch(string directory, int memoryMiB)
    {
        _connection.Open();
        Run($"""
            SET memory_limit = '{memoryMiB}MiB';
            SET threads = 2;
            SET temp_directory = {Literal(Path.Combine(directory, "spill"))};
            SET autoinstall_known_extensions = false;
            SET autoload_known_extensions = false;
            """);
    }

    /// <summary>A text as a SQL literal.</summary>
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>A name as a SQL identifier.</summary>
    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public void Run(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }

    public long Count(string sql)
    {
        using var command = Command(sql);
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    public List<T> Read<T>(string sql, Func<DbDataReader, T> row)
    {
        using var command = Command(sql);
        command.UseStreamingMode = true;
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(row(reader));
        return rows;
    }

    public DuckDBAppender Append(string table) => _connection.CreateAppender(table);

    public void Dispose() => _connection.Dispose();

    private DuckDBCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }
}
