using System.Data;
using System.Runtime.CompilerServices;
using System.Text;
using Marten;
using Npgsql;
using NpgsqlTypes;
using Weasel.Postgresql.Tables;

namespace MlLifecycle.Datasets.Staging;

/// <summary>
/// What is staged, per dataset: a table, not events, because staging is a scratch area that is written once per uploaded file and only its
/// outcome, the version, is a fact. Paths are bytes, so that they sort as manifests do whatever the database's collation.
/// </summary>
public sealed class StagingArea(NpgsqlDataSource source)
{
    private const string Name = "staged_file";

    /// <summary>The table, for the store's schema.</summary>
    public static Table Schema()
    {
        var table = new Table($"public.{Name}");
        table.AddColumn("dataset_id", "uuid").AsPrimaryKey();
        table.AddColumn("path", "bytea").AsPrimaryKey();
        table.AddColumn("digest", "varchar");
        table.AddColumn("bytes", "bigint").NotNull();
        table.AddColumn("written_by", "xid8").NotNull();
        return table;
    }

    /// <summary>Stages content, or without a digest a deletion, for a path.</summary>
    public async Task Put(Guid dataset, StagedFile file, CancellationToken ct)
    {
        await using var command = source.CreateCommand($"""
            INSERT INTO {Name} (dataset_id, path, digest, bytes, written_by) VALUES ($1, $2, $3, $4, pg_current_xact_id())
            ON CONFLICT (dataset_id, path) DO UPDATE SET digest = excluded.digest, bytes = excluded.bytes, written_by = excluded.written_by
            """);
        command.Parameters.Add(new() { Value = dataset });
        command.Parameters.Add(new() { Value = Encoding.UTF8.GetBytes(file.Path) });
        command.Parameters.Add(new() { Value = (object?)file.Digest ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = file.Bytes });
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Takes a path's staged change back.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> Remove(Guid dataset, string path, CancellationToken ct)
    {
        await using var command = source.CreateCommand($"DELETE FROM {Name} WHERE dataset_id = $1 AND path = $2");
        command.Parameters.Add(new() { Value = dataset });
        command.Parameters.Add(new() { Value = Encoding.UTF8.GetBytes(path) });
        return await command.ExecuteNonQueryAsync(ct) > 0;
    }

    /// <summary>What is staged behind a path, in order.</summary>
    public async IAsyncEnumerable<StagedFile> Read(Guid dataset, string? after, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await foreach (var file in Read(connection, dataset, after, ct))
            yield return file;
    }

    /// <summary>Looks at what is staged now. Uploads go on meanwhile; they stay staged for the next version.</summary>
    public async Task<FrozenStaging> Freeze(Guid dataset, CancellationToken ct)
    {
        var connection = await source.OpenConnectionAsync(ct);
        try
        {
            var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
            await using var look = new NpgsqlCommand("SELECT pg_current_snapshot()::text", connection);
            return new(this, transaction, dataset, (string)(await look.ExecuteScalarAsync(ct))!);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    internal static async IAsyncEnumerable<StagedFile> Read(NpgsqlConnection connection, Guid dataset, string? after, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"SELECT path, digest, bytes FROM {Name} WHERE dataset_id = $1 AND path > $2 ORDER BY path", connection);
        command.Parameters.Add(new() { Value = dataset });
        command.Parameters.Add(new() { Value = Encoding.UTF8.GetBytes(after ?? "") });
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            yield return new(Encoding.UTF8.GetString((byte[])reader[0]), reader.IsDBNull(1) ? null : reader.GetString(1), reader.GetInt64(2));
    }

    // Exactly the rows the snapshot saw: one that was staged or replaced since was written by a later transaction.
    internal static string ForgetSql(string dataset, string snapshot) =>
        $"DELETE FROM {Name} WHERE dataset_id = {dataset} AND pg_visible_in_snapshot(written_by, {snapshot}::pg_snapshot)";

    internal async Task Forget(Guid dataset, string snapshot, CancellationToken ct)
    {
        await using var command = source.CreateCommand(ForgetSql("$1", "$2"));
        command.Parameters.Add(new() { Value = dataset });
        command.Parameters.Add(new() { Value = snapshot });
        await command.ExecuteNonQueryAsync(ct);
    }
}

/// <summary>A dataset's staged changes as one moment saw them.</summary>
public sealed class FrozenStaging(StagingArea area, NpgsqlTransaction transaction, Guid dataset, string snapshot) : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection = transaction.Connection!;

    /// <summary>The changes, in the order of manifests.</summary>
    public IAsyncEnumerable<StagedFile> Files(CancellationToken ct) => StagingArea.Read(_connection, dataset, null, ct);

    /// <summary>Forgets them in the same commit as the version that holds them.</summary>
    public void Forget(IDocumentSession session) => session.QueueSqlCommand(StagingArea.ForgetSql("?", "?"), dataset, snapshot);

    /// <summary>Forgets them now.</summary>
    public Task Forget(CancellationToken ct) => area.Forget(dataset, snapshot, ct);

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
