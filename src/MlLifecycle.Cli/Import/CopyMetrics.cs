using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>Copies every point of every metric of a run, a page at a time; to a copy that was begun before, only the points it lacks.</summary>
internal sealed class CopyMetrics(MlflowServer source, MlflowServer target, ImportReport report)
{
    private const int Batch = 1000;

    public async Task Of(FoundRun run, RunCopy copy, Batches batches, CancellationToken stop)
    {
        var points = new List<Point>(Batch);
        foreach (var key in (run.Data?.Metrics ?? []).Select(m => m.Key))
        {
            try
            {
                await foreach (var point in Missing(run.Info.RunId, copy, key, stop))
                {
                    points.Add(point);
                    if (points.Count < Batch)
                        continue;
                    await batches.Metrics(points, stop);
                    points.Clear();
                }
            }
            catch (RefusedException refused) when (refused.ExitCode is ExitCode.Failed or ExitCode.NotFound)
            {
                batches.Fail("metric", key, refused.Message);
            }
        }

        if (points.Count > 0)
            await batches.Metrics(points, stop);
    }

    // Both histories come in the order of time: what stands in both is left out as they are read side by side. Should a server order equal times in
    // another way, a point is sent twice, which the suite keeps as one.
    private async IAsyncEnumerable<Point> Missing(string run, RunCopy copy, string key, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        var there = copy.New || copy.Run.Data?.Metrics?.Any(m => m.Key == key) != true ? null : target.History(copy.Id, key, stop).GetAsyncEnumerator(stop);
        var already = 0;
        try
        {
            var more = there is not null && await there.MoveNextAsync();
            await foreach (var read in source.History(run, key, stop))
            {
                // Older servers leave the key out.
                var point = read with { Key = key };
                while (more && Order(there!.Current, point) < 0)
                    more = await there.MoveNextAsync();
                if (more && Order(there!.Current, point) == 0)
                    already++;
                else
                    yield return point;
            }
        }
        finally
        {
            if (there is not null)
                await there.DisposeAsync();
            report.Already("metric points", already);
        }
    }

    private static int Order(Point a, Point b) => (a.Timestamp, a.Step, Stored(a.Value)).CompareTo((b.Timestamp, b.Step, Stored(b.Value)));

    // Servers keep an infinity as the largest number there is.
    private static double Stored(double value) => double.IsPositiveInfinity(value) ? double.MaxValue : double.IsNegativeInfinity(value) ? double.MinValue : value;
}
