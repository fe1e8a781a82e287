using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace MlLifecycle.Monitoring.Predictions;

/// <summary>
/// Requests that wait for their response and responses that wait for their request: the two come as events of their own, in either order. Each is kept
/// until the other is there, and for a day at most.
/// </summary>
public sealed class InferenceLog(NpgsqlDataSource source, TimeProvider clock)
{
    private static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    /// <summary>Keeps an event and answers with both halves once they are there; the same event again is once.</summary>
    public async Task<(InferenceEvent Request, InferenceEvent Response)?> Pair(Guid deployment, InferenceEvent half, CancellationToken ct)
    {
        if (half is { IsRequest: true, IsResponse: true })
            return (half, half);
        // Two statements, each committed by itself: of two halves that come at once, at least the second sees both.
        await using (var keep = Command(
            "INSERT INTO inference_half (deployment_id, event_id, response, at, data, received_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            deployment, half.Id, half.IsResponse))
        {
            keep.Parameters.Add(new() { Value = half.At?.ToUniversalTime() ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
            keep.Parameters.Add(new() { Value = half.Data.GetRawText(), NpgsqlDbType = NpgsqlDbType.Json });
            keep.Parameters.Add(new() { Value = clock.GetUtcNow() });
            await keep.ExecuteNonQueryAsync(ct);
        }

        InferenceEvent? request = null, response = null;
        await using var both = Command("SELECT response, at, data FROM inference_half WHERE deployment_id = $1 AND event_id = $2", deployment, half.Id);
        await using var reader = await both.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            using var data = JsonDocument.Parse(reader.GetString(2));
            var read = new InferenceEvent(half.Id, reader.IsDBNull(1) ? null : reader.GetFieldValue<DateTimeOffset>(1), data.RootElement.Clone());
            (request, response) = reader.GetBoolean(0) ? (request, read) : (read, response);
        }

        return request is not null && response is not null ? (request, response) : null;
    }

    /// <summary>Forgets both halves, once their predictions are stored; and all that waited for too long.</summary>
    public async Task Forget(Guid deployment, string id, CancellationToken ct)
    {
        await using (var pair = Command("DELETE FROM inference_half WHERE deployment_id = $1 AND event_id = $2", deployment, id))
            await pair.ExecuteNonQueryAsync(ct);
        await using var old = Command("DELETE FROM inference_half WHERE received_at < $1", clock.GetUtcNow() - Memory);
        await old.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Whether predictions of this event are stored already.</summary>
    public async Task<bool> Knows(Guid deployment, string id, CancellationToken ct)
    {
        await using var command = Command("SELECT EXISTS (SELECT 1 FROM prediction WHERE deployment_id = $1 AND id IN ($2, $3))", deployment, id, $"{id}/0");
        return await command.ExecuteScalarAsync(ct) is true;
    }

    private NpgsqlCommand Command(string sql, params object[] parameters)
    {
        var command = source.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(new() { Value = parameter });
        return command;
    }
}
