using Marten;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.Predictions;
using MlLifecycle.Monitoring.References;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Tables;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Monitoring.Labels;

/// <summary>Takes true labels: a table with the columns <c>id</c> and <c>label</c>.</summary>
public static class ReceiveLabels
{
    private const int Longest = 200;

    public static async Task<IResult> Handle(
        string deployment, HttpRequest request, Caller caller, IQuerySession session, Spool spool, LabelStore store, CancellationToken ct)
    {
        if (await ReadDeployments.Find(session, caller, deployment, default, ct) is not { } found)
            return new Refused(Deployment.Unknown(deployment));
        if (TableFormats.OfMedia(request.ContentType?.Split(';')[0].Trim().ToLowerInvariant()) is not { } format)
            return new Refused(new(415, "unsupported-media-type", "Send labels as application/x-ndjson, text/csv or application/vnd.apache.parquet."));
        var (file, unreceived) = await spool.Receive(request.Body, ct);
        if (file is null)
            return new Refused(unreceived!);
        using var received = file;
        try
        {
            using var rows = Tables.Open(received.Path, format, out var refusal);
            if (rows is null)
                return new Refused(refusal!);
            var (id, label) = (rows.Columns.ToList().IndexOf("id"), rows.Columns.ToList().IndexOf("label"));
            if (id < 0 || label < 0)
            {
                var missing = id < 0 ? "id" : "label";
                return new Refused(new(400, "column-missing", $"{missing}: the table has no column '{missing}'. Its columns are {string.Join(", ", rows.Columns.Take(20))}.") { Field = missing });
            }

            var refused = new RefusedRows();
            long good = 0;
            var (stored, unmatched) = await store.Add(found.Id, async write => good = await Stream(rows, id, label, refused, write, ct), ct);
            return good == 0
                ? new Refused(Intakes.NothingUsable(refused))
                : TypedResults.Ok(new LabelsReceived(good + refused.Count, stored, unmatched, refused.Count, refused.First));
        }
        catch (RefusedTableException broken)
        {
            return new Refused(broken.Refusal);
        }
    }

    /// <summary>Accuracy per evaluated window, where labels are known.</summary>
    public static async Task<IResult> Performance(
        string deployment, Caller caller, IQuerySession session, LabelStore store, At at, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<int>(after, out var last) is { } refusal)
            return new Refused(refusal);
        if (await ReadDeployments.Find(session, caller, deployment, at, ct) is not { } found)
            return new Refused(Deployment.Unknown(deployment));
        var take = Cursor.Limit(limit);
        var windows = (await store.Performance(found.Id, last, take + 1, at.Time, ct)).Where(w => w.Window <= found.Windows).ToList();
        return TypedResults.Ok(Page.Of(windows, take, w => w.Window));
    }

    private static async Task<long> Stream(IRows rows, int id, int label, RefusedRows refused, Func<long, string, string, Task> write, CancellationToken ct)
    {
        var cells = new string?[rows.Columns.Count];
        long good = 0;
        while (rows.Read(cells, out var problem))
        {
            if ((rows.Row & 0xFFF) == 0)
                ct.ThrowIfCancellationRequested();
            problem ??= Check(rows.Row, "id", cells[id]) ?? Check(rows.Row, "label", cells[label]);
            if (problem is null)
                await write(++good, cells[id]!, Cell.Class(cells[label]!));
            else
                refused.Add(problem);
        }

        return good;
    }

    private static RefusedRow? Check(long row, string name, string? cell) =>
        cell is null ? new(row, name, "is missing.")
        : cell.Length > Longest || cell.Any(char.IsControl) ? new(row, name, $"must have at most {Longest} characters, none of them a control character.")
        : null;
}
