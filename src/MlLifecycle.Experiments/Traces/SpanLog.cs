using System.Text.Json;
using Marten;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;
using NpgsqlTypes;

namespace MlLifecycle.Experiments.Traces;

/// <summary>Spans: taken in with COPY, beside the outlines of their traces, in one commit.</summary>
internal sealed class SpanLog(NpgsqlDataSource source, IDocumentStore store)
{
    private const int Attempts = 4;

    /// <summary>Tells clients that the spans are here, and not in a file.</summary>
    private const string PlaceTag = "mlflow.trace.spansLocation";
    private const string NameTag = "mlflow.traceName";

    public async Task Add(IReadOnlyList<ReceivedSpan> spans, ExperimentRow experiment, Caller caller, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await Try(spans, experiment, caller, cancellation);
                return;
            }
            catch (Exception lost) when (Deciding.IsLostRace(lost) && attempt < Attempts)
            {
                // Another request began the same trace at this moment: now it is there.
                await Task.Yield();
            }
        }
    }

    /// <summary>The spans of traces as they are kept, the root first and the others in the order of their beginnings.</summary>
    public async Task<Dictionary<Guid, List<string>>> Read(IReadOnlyCollection<Guid> traces, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            SELECT trace, content FROM (SELECT DISTINCT ON (trace, span) trace, started_ns, content FROM tracking.spans WHERE trace = ANY($1) ORDER BY trace, span, position DESC) s
            ORDER BY trace, content::json ->> 'parent_span_id' IS NOT NULL, started_ns
            """);
        command.Parameters.Add(new() { Value = traces.ToArray() });
        var spans = traces.ToDictionary(id => id, _ => new List<string>());
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            spans[reader.GetGuid(0)].Add(reader.GetString(1));
        return spans;
    }

    private async Task Try(IReadOnlyList<ReceivedSpan> spans, ExperimentRow experiment, Caller caller, CancellationToken cancellation)
    {
        var traces = spans.GroupBy(span => span.Trace).ToDictionary(trace => trace.Key, trace => trace.ToList());
        await using var connection = await source.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var session = store.LightweightSession(Marten.Services.SessionOptions.ForTransaction(transaction));
        caller.Origin.Stamp(session);
        foreach (var (id, its) in traces.OrderBy(trace => trace.Key, StringComparer.Ordinal))
        {
            var stream = await session.Events.FetchForWriting<Trace>(Trace.IdOf(caller.ProjectId, id), cancellation);
            var state = stream.Aggregate ?? Trace.Initial(stream.Id);
            if (Outline(state, id, its, experiment, caller.ProjectId) is not { } recorded || RecordTraceSlice.Decide(state, recorded).Events.Count == 0)
                continue;
            var wrapped = session.Events.BuildEvent(recorded);
            wrapped.Id = Guid.CreateVersion7();
            stream.AppendOne(wrapped);
            TraceRows.Write(session, state.Evolve(recorded));
        }

        await using (var copy = await connection.BeginBinaryImportAsync("COPY tracking.spans (trace, span, name, started_ns, content) FROM STDIN (FORMAT BINARY)", cancellation))
        {
            foreach (var span in spans)
            {
                await copy.StartRowAsync(cancellation);
                await copy.WriteAsync(Trace.IdOf(caller.ProjectId, span.Trace), NpgsqlDbType.Uuid, cancellation);
                await copy.WriteAsync(span.Span, NpgsqlDbType.Text, cancellation);
                await copy.WriteAsync(span.Name, NpgsqlDbType.Text, cancellation);
                await copy.WriteAsync(span.StartNs, NpgsqlDbType.Bigint, cancellation);
                await copy.WriteAsync(span.Content, NpgsqlDbType.Text, cancellation);
            }

            await copy.CompleteAsync(cancellation);
        }

        await session.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>What spans tell of their trace, beside what is known of it. The root says how it ended; without it the trace is still going on.</summary>
    internal static TraceRecorded? Outline(Trace state, string id, IReadOnlyList<ReceivedSpan> spans, ExperimentRow experiment, Guid project)
    {
        var root = spans.FirstOrDefault(span => span.Parent is null);
        var ended = state.Active && state.State is TraceState.Ok or TraceState.Error;
        if (root is null && state.Active && !ended && state.Tags.ContainsKey(PlaceTag))
            return null;
        var tags = state.Active ? [] : RecordTraceSlice.Tags(new Dictionary<string, string>(), experiment, id);
        if (!state.Tags.ContainsKey(PlaceTag))
            tags[PlaceTag] = "TRACKING_STORE";
        if (root is not null && !state.Tags.ContainsKey(NameTag))
            tags[NameTag] = Names.Cut(root.Name, Names.TagValue);
        var start = spans.Min(span => span.StartNs) / 1_000_000;
        var end = spans.Max(span => span.EndNs) / 1_000_000; // 0 while none of them has ended
        if (state.Active)
            (start, end) = (Math.Min(start, state.RequestTime), Math.Max(end, state.DurationMs is { } known ? state.RequestTime + known : 0));
        return new(
            project,
            id,
            state.Active ? state.Experiment : experiment.Number,
            null,
            start,
            (root is null && !ended) || end == 0 ? null : Math.Max(0, end - start),
            ended ? state.State : root is null ? TraceState.InProgress : root.Error ? TraceState.Error : TraceState.Ok,
            state.RequestPreview is null ? Preview(root, "mlflow.spanInputs") : null,
            state.ResponsePreview is null ? Preview(root, "mlflow.spanOutputs") : null,
            new Dictionary<string, string>(),
            tags);
    }

    private static string? Preview(ReceivedSpan? root, string attribute)
    {
        if (root is null)
            return null;
        using var span = JsonDocument.Parse(root.Content);
        return !span.RootElement.GetProperty("attributes").TryGetProperty(attribute, out var value) ? null
            : RecordTraceSlice.Cut(value.ValueKind == JsonValueKind.String ? value.GetString() : SpacedJson.Of(value));
    }
}
