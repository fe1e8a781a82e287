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
        string deployment, HttpRequest request, Caller caller, IQuerySession session, Spool spool, PredictionStore store, Evaluator evaluator, TimeProvider clock,
        CancellationToken ct)
    {
        if (await ReadDeployments.Find(session, caller, deployment, default, ct) is not { } found)
            return new Refused(Deployment.Unknown(deployment));
        if (TableFormats.OfMedia(request.ContentType?.Split(';')[0].Trim().ToLowerInvariant()) is not { } format)
            return new Refused(new(415, "unsupported-media-type", "Send predictions as application/x-ndjson, text/csv or application/vnd.apache.parquet."));
        var (file, unreceived) = await spool.Receive(request.Body, ct);
        if (file is null)
            return new Refused(unreceived!);
        using var received = file;
        try
        {
            using var rows = Tables.Open(received.Path, format, out var refusal);
            if (rows is null || PredictionTable.Of(rows.Columns, out refusal) is not { } table)
                return new Refused(refusal!);
            var refused = new RefusedRows();
            long good = 0;
            var intake = await store.Add(found, caller.CorrelationId, async write => good = await Stream(rows, table, refused, write, clock.GetUtcNow(), ct), ct);
            if (good == 0)
                return new Refused(NothingUsable(refused));
            if (intake.WindowsClosed > 0)
                evaluator.Wake();
            return TypedResults.Ok(new Received(good + refused.Count, intake.Stored, good - intake.Stored, intake.Late, intake.WindowsClosed, refused.Count, refused.First));
        }
        catch (RefusedTableException broken)
        {
            return new Refused(broken.Refusal);
        }
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
