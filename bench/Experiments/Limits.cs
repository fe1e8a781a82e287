using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace MlLifecycle.Bench;

/// <summary>What the same PostgreSQL does with the same work and nothing around it, in the same run.</summary>
internal static class Limits
{
    /// <summary>Single-row inserts per second into a table of metric points, each committed by itself.</summary>
    public static async Task<Measured> Inserts(string database, int connections, int rows)
    {
        await Execute(database, "CREATE TABLE IF NOT EXISTS limit_points (series bigint, timestamp_ms bigint, step bigint, value double precision)");
        return await Load.Run(
            connections,
            rows,
            async _ =>
            {
                var connection = new NpgsqlConnection(database + ";Max Auto Prepare=8;Auto Prepare Min Usages=1");
                await connection.OpenAsync();
                return connection;
            },
            async (connection, n) =>
            {
                await using var insert = new NpgsqlCommand("INSERT INTO limit_points VALUES ($1, $2, $3, $4)", connection)
                {
                    Parameters = { new() { Value = (long)n }, new() { Value = 0L }, new() { Value = (long)n }, new() { Value = 0.5 } },
                };
                await insert.ExecuteNonQueryAsync();
            });
    }

    /// <summary>Rows per second of binary COPY into a table of metric points, a thousand a commit over so many connections.</summary>
    public static async Task<double> Copy(string database, int connections, int batches)
    {
        await Execute(database, "CREATE TABLE IF NOT EXISTS limit_points (series bigint, timestamp_ms bigint, step bigint, value double precision)");
        var measured = await Load.Run(
            connections,
            batches,
            async _ =>
            {
                var connection = new NpgsqlConnection(database);
                await connection.OpenAsync();
                return connection;
            },
            async (connection, n) =>
            {
                await using var copy = await connection.BeginBinaryImportAsync("COPY limit_points FROM STDIN (FORMAT binary)");
                for (var i = 0; i < 1000; i++)
                {
                    await copy.StartRowAsync();
                    await copy.WriteAsync((long)n, NpgsqlDbType.Bigint);
                    await copy.WriteAsync(0L, NpgsqlDbType.Bigint);
                    await copy.WriteAsync((long)i, NpgsqlDbType.Bigint);
                    await copy.WriteAsync(0.5, NpgsqlDbType.Double);
                }

                await copy.CompleteAsync();
            });
        return measured.PerSecond * 1000;
    }

    /// <summary>Copies a file to another on the same disk and waits for the disk.</summary>
    public static void DiskCopy(string from, string to)
    {
        File.Copy(from, to);
        using (var file = new FileStream(to, FileMode.Open, FileAccess.ReadWrite))
            file.Flush(flushToDisk: true);
        File.Delete(to);
    }

    public static async Task Execute(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database + ";Command Timeout=3600");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
