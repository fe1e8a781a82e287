using System.Net;
using System.Text;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Runs;

namespace MlLifecycle.Cli.Import;

/// <summary>
/// Writes parameters, tags and points of one run in as large batches as the protocol allows. A batch with one bad entry is refused whole: it is then
/// halved until the bad entry stands alone, and that one is reported.
/// </summary>
internal sealed class Batches(MlflowServer target, string run, ImportReport report, string name)
{
    private const int Entries = 100;
    private const int Points = 1000;

    /// <summary>Safely below the protocol's 1 MB.</summary>
    private const int Bytes = 700_000;

    /// <summary>Whether something of the run was refused.</summary>
    public bool Refused { get; private set; }

    public void Fail(string kind, string what, string why)
    {
        Refused = true;
        report.Failed(kind, $"{name}: {what}", why);
    }

    public Task Params(IReadOnlyList<Pair> parameters, CancellationToken stop) =>
        Parts(parameters, Entries, Size, part => new { run_id = run, @params = part }, p => ("parameter", p.Key), stop);

    public Task Tags(IReadOnlyList<Pair> tags, CancellationToken stop) =>
        Parts(tags, Entries, Size, part => new { run_id = run, tags = part }, t => ("tag", t.Key), stop);

    public async Task Metrics(IReadOnlyList<Point> points, CancellationToken stop)
    {
        await Parts(points, Points, p => 80 + Encoding.UTF8.GetByteCount(p.Key), part => new { run_id = run, metrics = part }, p => ("metric point", $"{p.Key} at step {p.Step}"), stop);
        report.Copied("metric points", points.Count);
    }

    private static int Size(Pair pair) => 40 + Encoding.UTF8.GetByteCount(pair.Key) + Encoding.UTF8.GetByteCount(pair.Value ?? "");

    private async Task Parts<T>(IReadOnlyList<T> all, int most, Func<T, int> size, Func<IReadOnlyList<T>, object> message, Func<T, (string, string)> name, CancellationToken stop)
    {
        var part = new List<T>();
        var bytes = 0;
        foreach (var item in all)
        {
            var more = size(item);
            if (part.Count == most || (part.Count > 0 && bytes + more > Bytes))
            {
                await Part(part, message, name, stop);
                (part, bytes) = ([], 0);
            }

            part.Add(item);
            bytes += more;
        }

        if (part.Count > 0)
            await Part(part, message, name, stop);
    }

    private async Task Part<T>(List<T> part, Func<IReadOnlyList<T>, object> message, Func<T, (string, string)> name, CancellationToken stop)
    {
        try
        {
            await target.Post("runs/log-batch", message(part), stop);
        }
        catch (RefusedException bad) when (bad.Status is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge)
        {
            if (part is [var item])
            {
                var (kind, what) = name(item);
                Fail(kind, what, bad.Message);
                return;
            }

            await Part([.. part.Take(part.Count / 2)], message, name, stop);
            await Part([.. part.Skip(part.Count / 2)], message, name, stop);
        }
    }
}
