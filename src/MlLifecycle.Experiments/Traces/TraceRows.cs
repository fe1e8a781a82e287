using System.Text.Json;
using Marten;
using MlLifecycle.Experiments.Protocol;
using Npgsql;

namespace MlLifecycle.Experiments.Traces;

/// <summary>The table by which traces are found; what is read of them is the fold of their streams.</summary>
internal sealed class TraceRows(NpgsqlDataSource source)
{
    /// <summary>Brings the table up to a state, in the commit of the events that led to it.</summary>
    public static void Write(IDocumentSession session, Trace state)
    {
        if (!state.Exists)
            return; // only linked so far
        if (state.Deleted)
        {
            session.QueueSqlCommand("DELETE FROM tracking.spans WHERE trace = ?", state.Id);
            session.QueueSqlCommand("DELETE FROM tracking.traces WHERE stream = ?", state.Id);
            return;
        }

        session.QueueSqlCommand(
            """
            INSERT INTO tracking.traces (stream, project, experiment, id, client_request_id, request_ms, duration_ms, state, metadata, tags, assessments, runs)
            VALUES (?, ?, ?, ?, nullif(?, ''), ?, nullif(?, -1), ?, ?::jsonb, ?::jsonb, ?::jsonb, ?)
            ON CONFLICT (stream) DO UPDATE SET experiment = excluded.experiment, client_request_id = excluded.client_request_id, request_ms = excluded.request_ms,
                duration_ms = excluded.duration_ms, state = excluded.state, metadata = excluded.metadata, tags = excluded.tags, assessments = excluded.assessments, runs = excluded.runs
            """,
            state.Id, state.ProjectId, state.Experiment, state.TraceId, state.ClientRequestId ?? "", state.RequestTime, state.DurationMs ?? -1L, ProtoJson.NameOf(state.State),
            JsonSerializer.Serialize(state.Metadata), JsonSerializer.Serialize(state.Tags), $"[{string.Join(',', state.Assessments.Values)}]", state.Runs.ToArray());
    }

    /// <summary>The traces of an experiment that are named, or are old enough, the oldest first.</summary>
    public async Task<IReadOnlyList<string>> ToDelete(
        Guid project, long experiment, IReadOnlyList<string>? named, long? until, long? most, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            $"""
             SELECT id FROM tracking.traces WHERE project = $1 AND experiment = $2 AND {(named is not null ? "id = ANY($3)" : "request_ms <= $3")}
             ORDER BY request_ms, id LIMIT $4
             """);
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = experiment });
        command.Parameters.Add(new() { Value = named is not null ? named.ToArray() : until!.Value });
        command.Parameters.Add(new() { Value = most ?? int.MaxValue });
        var ids = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            ids.Add(reader.GetString(0));
        return ids;
    }
}
