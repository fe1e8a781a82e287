using Npgsql;

namespace MlLifecycle.Monitoring.Windows;

/// <summary>A window that is closed and not evaluated yet.</summary>
public sealed record DueWindow(Guid DeploymentId, WindowPlace Place, string ClosedBy, string Correlation);

/// <summary>Which windows wait to be evaluated, and what is in them.</summary>
public sealed class WindowQueue(NpgsqlDataSource source)
{
    /// <summary>Marks a window as evaluated; for the commit that takes its figures in.</summary>
    public const string MarkSql = "UPDATE prediction_window SET number = ? WHERE deployment_id = ? AND span = ? AND part = ?";

    /// <summary>The first window of each deployment that is not evaluated, where it is closed: windows are evaluated in their order.</summary>
    public async Task<IReadOnlyList<DueWindow>> Due(CancellationToken ct)
    {
        await using var command = source.CreateCommand("""
            SELECT deployment_id, span, part, closed_by, correlation FROM (
                SELECT DISTINCT ON (deployment_id) deployment_id, span, part, closed_by, correlation
                FROM prediction_window WHERE number IS NULL ORDER BY deployment_id, span, part
            ) AS next WHERE closed_by IS NOT NULL
            """);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var due = new List<DueWindow>();
        while (await reader.ReadAsync(ct))
            due.Add(new(reader.GetGuid(0), new(reader.GetInt64(1), reader.GetInt32(2)), reader.GetString(3), reader.IsDBNull(4) ? "" : reader.GetString(4)));
        return due;
    }

    /// <summary>Whether a window still waits.</summary>
    public async Task<bool> IsDue(DueWindow window, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT number IS NULL FROM prediction_window WHERE deployment_id = $1 AND span = $2 AND part = $3");
        command.Parameters.Add(new() { Value = window.DeploymentId });
        command.Parameters.Add(new() { Value = window.Place.Span });
        command.Parameters.Add(new() { Value = window.Place.Part });
        return await command.ExecuteScalarAsync(ct) is true;
    }

    /// <summary>Streams a window's predictions into its figures.</summary>
    public async Task Read(DueWindow window, WindowFigures figures, CancellationToken ct)
    {
        await using var command = source.CreateCommand("SELECT at, latency_ms, prediction, score, features FROM prediction WHERE deployment_id = $1 AND span = $2 AND part = $3");
        command.CommandTimeout = 300;
        command.Parameters.Add(new() { Value = window.DeploymentId });
        command.Parameters.Add(new() { Value = window.Place.Span });
        command.Parameters.Add(new() { Value = window.Place.Part });
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            figures.Add(
                reader.GetFieldValue<DateTimeOffset>(0),
                reader.IsDBNull(1) ? null : reader.GetDouble(1),
                reader.IsDBNull(2) ? null : reader.GetString(2),
                reader.IsDBNull(3) ? null : reader.GetDouble(3),
                reader.GetFieldValue<byte[]>(4));
        }
    }

    /// <summary>Keeps other instances away from a deployment for as long as the answer is held; null when one of them is at it.</summary>
    public async Task<IAsyncDisposable?> TryHold(Guid deployment, CancellationToken ct)
    {
        var connection = await source.OpenConnectionAsync(ct);
        try
        {
            var transaction = await connection.BeginTransactionAsync(ct);
            await using var hold = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock(hashtextextended('monitoring/' || $1::text, 0))", connection, transaction) { Parameters = { new() { Value = deployment } } };
            if (await hold.ExecuteScalarAsync(ct) is true)
                return new Held(connection, transaction);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    private sealed class Held(NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await transaction.DisposeAsync();
            await connection.DisposeAsync();
        }
    }
}
