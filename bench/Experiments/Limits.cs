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

    /// <summary>MiB per second of copying a file of this size to disk and waiting for the disk.</summary>
    public static async Task<double> DiskCopy(string directory, byte[] content, int times)
    {
        Directory.CreateDirectory(directory);
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < times; i++)
        {
            var path = Path.Combine(directory, $"limit-{i}");
            await using (var file = File.Create(path))
            {
                await file.WriteAsync(content);
                file.Flush(flushToDisk: true);
            }

            File.Delete(path);
        }

        return content.Length / 1048576.0 * times / clock.Elapsed.TotalSeconds;
    }

    public static async Task Execute(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database + ";Command Timeout=3600");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
