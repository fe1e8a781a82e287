using System.Diagnostics.Metrics;
using Marten;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.References;
using MlLifecycle.Monitoring.Windows;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Tables;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Monitoring.Predictions;

/// <summary>What an upload of predictions or labels came to.</summary>
/// <param name="Rows">Rows it has.</param>
/// <param name="Stored">Rows that are new and stored.</param>
/// <param name="Duplicates">Rows whose id was known, or stood earlier in the upload: counted once.</param>
/// <param name="Late">Stored rows whose window was closed already.</param>
/// <param name="WindowsClosed">Windows that are complete now and will be evaluated in a moment.</param>
/// <param name="RefusedRows">Rows that were left out.</param>
/// <param name="Refused">The first 100 of them, and why.</param>
public sealed record Received(long Rows, long Stored, long Duplicates, long Late, int WindowsClosed, long RefusedRows, IReadOnlyList<RefusedRow> Refused);

public static class ReceivePredictions
{
    public static async Task<IResult> Handle(
        string deployment, HttpRequest request, Caller caller, IQuerySession session, Spool spool, Intakes intakes, CancellationToken ct)
    {
        if (await ReadDeployments.Find(session, caller, deployment, default, ct) is not { } found)
            return new Refused(Deployment.Unknown(deployment));
        var events = CloudEvents.Fits(request);
        var format = TableFormats.OfMedia(request.ContentType?.Split(';')[0].Trim().ToLowerInvariant());
        if (format is null && !events)
            return new Refused(new(415, "unsupported-media-type", "Send predictions as application/x-ndjson, text/csv or application/vnd.apache.parquet, or as CloudEvents."));
        var (file, unreceived) = await spool.Receive(request.Body, ct);
        if (file is null)
            return new Refused(unreceived!);
        using var received = file;
        if (events)
            return await Events(request, received, found, caller, intakes, ct);
        try
        {
            using var rows = Tables.Open(received.Path, format!.Value, out var refusal);
            if (rows is null)
                return new Refused(refusal!);
            var (result, refused) = await intakes.Take(found, rows, caller.CorrelationId, ct);
            return refused is null ? TypedResults.Ok(result) : new Refused(refused);
        }
        catch (RefusedTableException broken)
        {
            return new Refused(broken.Refusal);
        }
    }

    private static async Task<IResult> Events(HttpRequest request, Spooled body, Deployment deployment, Caller caller, Intakes intakes, CancellationToken ct)
    {
        var (events, refusal) = await CloudEvents.Read(request, body, ct);
        if (events is null)
            return new Refused(refusal!);
        var (result, refused) = await intakes.Take(deployment, events, caller.CorrelationId, ct);
        return refused is not null ? new Refused(refused)
            : result is null ? TypedResults.Accepted((string?)null, new Received(0, 0, 0, 0, 0, 0, []))
            : TypedResults.Ok(result);
    }
}

/// <summary>From rows, or events, to stored predictions.</summary>
public sealed class Intakes(PredictionStore store, InferenceLog log, Evaluator evaluator, TimeProvider clock)
{
    private static readonly Meter Meter = new("MlLifecycle.Monitoring");
    private static readonly Counter<long> Stored = Meter.CreateCounter<long>("mllifecycle.monitoring.predictions", "{prediction}", "Predictions stored");

    public async Task<(Received? Received, Refusal? Refusal)> Take(Deployment deployment, IRows rows, string correlation, CancellationToken ct)
    {
        if (PredictionTable.Of(rows.Columns, deployment.Plan!.WindowRows, out var refusal) is not { } table)
            return (null, refusal);
        var refused = new RefusedRows();
        long good = 0;
        var intake = await store.Add(deployment, correlation, async write => good = await Stream(rows, table, refused, write, clock.GetUtcNow(), ct), ct);
        if (good == 0)
            return (null, NothingUsable(refused));
        Stored.Add(intake.Stored);
        if (intake.WindowsClosed > 0)
            evaluator.Wake();
        return (new(good + refused.Count, intake.Stored, good - intake.Stored, intake.Late, intake.WindowsClosed, refused.Count, refused.First), null);
    }

    /// <returns>Nothing while the events wait for their other halves.</returns>
    public async Task<(Received? Received, Refusal? Refusal)> Take(Deployment deployment, IReadOnlyList<InferenceEvent> events, string correlation, CancellationToken ct)
    {
        var (all, whole) = (new List<Dictionary<string, string?>>(), new List<string>());
        var known = 0;
        foreach (var half in events)
        {
            if (await log.Knows(deployment.Id, half.Id, ct))
            {
                known++;
                continue;
            }

            if (whole.Contains(half.Id) || await log.Pair(deployment.Id, half, ct) is not { } pair)
                continue;
            if (Inference.Rows(pair.Request, pair.Response, out var refusal) is not { } rows)
            {
                await log.Forget(deployment.Id, half.Id, ct); // nothing would become of them however often they came
                return (null, refusal);
            }

            all.AddRange(rows);
            whole.Add(half.Id);
        }

        if (all.Count == 0)
            return (known == 0 ? null : new(0, 0, known, 0, 0, 0, []), null);
        using var table = new MemoryRows(all);
        var taken = await Take(deployment, table, correlation, ct);
        foreach (var id in whole)
            await log.Forget(deployment.Id, id, ct);
        return taken;
    }

    /// <summary>The refusal of an upload without a single good row.</summary>
    public static Refusal NothingUsable(RefusedRows refused) => refused.Count == 0
        ? new(400, "empty-table", "The upload has no rows.") { Field = "body" }
        : new(400, "no-usable-row", $"None of the {refused.Count} rows can be used: {string.Join(" ", refused.First.Take(3).Select(r => $"row {r.Row}: {r.Field} {r.Reason}"))}") { Field = refused.First[0].Field };

    private static async Task<long> Stream(
        IRows rows, PredictionTable table, RefusedRows refused, Func<long, Prediction, Task> write, DateTimeOffset now, CancellationToken ct)
    {
        var cells = new string?[rows.Columns.Count];
        long good = 0;
        while (rows.Read(cells, out var problem))
        {
            Prediction prediction = default;
            if ((rows.Row & 0xFFF) == 0)
                ct.ThrowIfCancellationRequested();
            problem ??= table.Read(rows.Row, cells, now, out prediction);
            if (problem is null)
                await write(++good, prediction);
            else
                refused.Add(problem);
        }

        return good;
    }
}
