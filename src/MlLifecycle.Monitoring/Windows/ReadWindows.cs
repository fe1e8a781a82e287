using Marten;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.Drift;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Monitoring.Windows;

/// <summary>A window's figures but for the comparison with the reference, which GET …/drift has.</summary>
public sealed record WindowView(
    int Number, string ClosedBy, DateTimeOffset From, DateTimeOffset To, long Rows, IReadOnlyList<ColumnFigures> Input, OutputFigures Output, LatencyFigures? LatencyMs,
    double? Throughput, double? DriftShare, bool DatasetDrift, IReadOnlyList<string> Drifted, DateTimeOffset EvaluatedAt)
{
    public static WindowView Of(ClosedWindow w) => new(
        w.Number, w.Report.ClosedBy, w.Report.From, w.Report.To, w.Report.Rows, w.Report.Input, w.Report.Output, w.Report.LatencyMs, w.Report.Throughput,
        w.Report.DriftShare, w.Report.DatasetDrift, [.. w.Report.Drifted.Select(c => c.Column)], w.ClosedAt);
}

/// <summary>A window compared with the reference.</summary>
/// <param name="Note">Why there is nothing to see, when there is nothing.</param>
public sealed record DriftView(
    int Window, DateTimeOffset From, DateTimeOffset To, long Rows, Guid? Reference, double? DriftShare, bool DatasetDrift, IReadOnlyList<ColumnComparison> Columns, string? Note)
{
    public static DriftView Of(ClosedWindow w) => new(
        w.Number, w.Report.From, w.Report.To, w.Report.Rows, w.Report.Reference, w.Report.DriftShare, w.Report.DatasetDrift, w.Report.Drift,
        w.Report.Reference is null ? "There was no reference when this window closed." : null);
}

public static class ReadWindows
{
    public static Task<IResult> List(string deployment, Caller caller, IQuerySession session, At at, int? limit, string? after, bool? newest, CancellationToken ct) =>
        Answer(deployment, caller, session, at, limit, after, newest, WindowView.Of, ct);

    public static Task<IResult> Drift(string deployment, Caller caller, IQuerySession session, At at, int? limit, string? after, bool? newest, CancellationToken ct) =>
        Answer(deployment, caller, session, at, limit, after, newest, DriftView.Of, ct);

    // In their order; ?newest=true turns it round.
    private static async Task<IResult> Answer<T>(
        string deployment, Caller caller, IQuerySession session, At at, int? limit, string? after, bool? newest, Func<ClosedWindow, T> view, CancellationToken ct)
    {
        if (Cursor.Decode<int?>(after, out var last) is { } refusal)
            return new Refused(refusal);
        if (await ReadDeployments.Find(session, caller, deployment, at, ct) is not { } found)
            return new Refused(Deployment.Unknown(deployment));
        var take = Cursor.Limit(limit);
        var query = session.Query<ClosedWindow>().Where(w => w.DeploymentId == found.Id);
        if (at.Time is { } time)
            query = query.Where(w => w.ClosedAt <= time);
        if (last is { } number)
            query = newest == true ? query.Where(w => w.Number < number) : query.Where(w => w.Number > number);
        var windows = await (newest == true ? query.OrderByDescending(w => w.Number) : query.OrderBy(w => w.Number)).Take(take + 1).ToListAsync(ct);
        var page = Page.Of(windows, take, w => w.Number);
        return TypedResults.Ok(new Page<T>([.. page.Items.Select(view)], page.Next));
    }
}
