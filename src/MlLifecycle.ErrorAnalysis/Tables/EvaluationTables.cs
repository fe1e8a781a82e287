using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Tables;

namespace MlLifecycle.ErrorAnalysis.Tables;

/// <summary>What an uploaded table came to.</summary>
/// <param name="Digest">SHA-256 of the kept table (Parquet).</param>
public sealed record TableFacts(
    string Digest,
    long Examples,
    long Errors,
    IReadOnlyList<TagCount> Tags,
    Confusion Confusion,
    IReadOnlyList<Column> Columns,
    IReadOnlyList<RefusedRow> Refused,
    long RefusedRows);

/// <summary>From an upload to the figures of an evaluation and the kept table of its good rows.</summary>
public sealed class EvaluationTables(TableStore store) : IDisposable
{
    private readonly SemaphoreSlim _atOnce = new(store.Limits.AtOnce);

    public async Task<(TableFacts? Facts, Refusal? Refusal)> Read(Upload upload, TableFormat format, TableColumns columns, CancellationToken ct)
    {
        await _atOnce.WaitAsync(ct);
        try
        {
            return await Task.Run(() => (ReadNow(upload, format, columns, out var refusal, ct), refusal), ct);
        }
        finally
        {
            _atOnce.Release();
        }
    }

    public void Dispose() => _atOnce.Dispose();

    private TableFacts? ReadNow(Upload upload, TableFormat format, TableColumns columns, out Refusal? refusal, CancellationToken ct)
    {
        using var db = new Scratch(upload.Directory, store.Limits.MemoryMiB);
        using var source = TableSource.Open(db, upload.File, format, out refusal);
        if (source is null || TableLayout.Of(source.Columns, columns, out refusal) is not { } layout)
            return null;
        var refused = new RefusedRows();
        refusal = source.Load(db, refused, store.Limits.MaxRows, ct);
        if (refusal is not null)
            return null;
        ct.ThrowIfCancellationRequested();
        TableCheck.Run(db, layout, refused);
        var examples = db.Count("SELECT count(*) FROM good");
        if (examples == 0)
        {
            refusal = Empty(refused);
            return null;
        }

        ct.ThrowIfCancellationRequested();
        var counts = new TableCounts(db, layout);
        refusal = counts.Tags(out var tags, out var judged);
        if (refusal is not null)
            return null;
        var errors = db.Count("SELECT count(*) FROM good WHERE wrong");
        var confusion = counts.Confusion();
        ct.ThrowIfCancellationRequested();
        var file = Path.Combine(upload.Directory, "table.parquet");
        counts.Write(file);
        return new(store.Keep(file), examples, errors, tags, confusion, judged, refused.First, refused.Count);
    }

    private static Refusal Empty(RefusedRows refused) => refused.Count == 0
        ? new(400, "empty-table", "The table has columns but no rows.") { Field = "body" }
        : new(400, "no-usable-row", $"None of the {refused.Count} rows can be used: {string.Join(" ", refused.First.Take(3).Select(r => $"row {r.Row}: {r.Field} {r.Reason}"))}")
        {
            Field = refused.First[0].Field,
        };
}
