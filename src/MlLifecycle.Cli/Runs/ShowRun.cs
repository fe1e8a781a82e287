using System.CommandLine;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Runs;

/// <summary><c>mll runs show</c>: all there is to know of a run, now or at a moment.</summary>
internal static class ShowRun
{
    private static readonly Argument<string> Id = new("ID") { Description = "The run's id." };
    private static readonly Option<DateTimeOffset?> At = Context.At("As it was known at this time.");

    public static Command Command() => new Command("show", "Shows a run: parameters, metrics, tags, data.") { Id, At }.Does(Act);

    public static Task<Run> Read(Context context, Server suite, string id, DateTimeOffset? at, CancellationToken stop) =>
        suite.Get<Run>(context.Path($"runs/{Uri.EscapeDataString(id)}{Context.Query(at)}"), stop);

    private static async Task Act(Context context, CancellationToken stop)
    {
        using var suite = context.Suite();
        var run = await Read(context, suite, context.Value(Id)!, context.Value(At), stop);
        if (context.Json)
        {
            Say.Json(run);
            return;
        }

        Say.Fact("id", run.Id);
        Say.Fact("name", run.Name);
        Say.Fact("experiment", $"{run.Experiment} ({run.ExperimentId})");
        Say.Fact("status", run.Status);
        Say.Fact("started", Say.Time(run.StartedAt));
        Say.Fact("ended", Say.Time(run.EndedAt));
        Say.Fact("took", Say.Span(run.StartedAt, run.EndedAt));
        List<string[]> rows =
        [
            .. run.Metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => (string[])["metric", m.Key, m.Value is null ? "not a number" : Say.Number(m.Value)]),
            .. run.Params.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => (string[])["parameter", p.Key, p.Value]),
            .. run.Tags.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => (string[])["tag", t.Key, t.Value]),
            .. run.Inputs.Select(i => (string[])["data", i.Context is { Length: > 0 } use ? $"{i.Name} ({use})" : i.Name, i.Digest]),
        ];
        Say.Table(["kind", "key", "value"], rows);
    }
}
