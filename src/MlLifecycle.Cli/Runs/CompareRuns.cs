using System.CommandLine;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Runs;

/// <summary><c>mll runs compare</c>: the parameters in which runs differ, and their metrics side by side.</summary>
internal static class CompareRuns
{
    /// <summary>Parts of names of metrics of which less is better, where nobody has said it of the metric itself.</summary>
    private static readonly string[] LessIsBetter = ["loss", "error", "mae", "mse", "rmse", "mape", "perplexity", "latency", "seconds", "duration", "time", "wer", "cer"];

    private static readonly Argument<string[]> Ids = new("ID") { Description = "Two runs or more.", Arity = new ArgumentArity(2, 100) };

    private static readonly Option<string[]> Lower = new("--lower-is-better")
    {
        Description = "A metric of which less is better. Else the project's scope says it, else the metric's name (loss, error, latency, ...).", HelpName = "METRIC",
    };

    private static readonly Option<string[]> Higher = new("--higher-is-better") { Description = "A metric of which more is better.", HelpName = "METRIC" };

    public static Command Command() => new Command("compare", "Compares runs: parameters that differ, metrics side by side, the best of each marked with *.") { Ids, Lower, Higher }.Does(Act);

    private static async Task Act(Context context, CancellationToken stop)
    {
        using var suite = context.Suite();
        var runs = new List<Run>();
        foreach (var id in context.Value(Ids)!)
            runs.Add(await ShowRun.Read(context, suite, id, null, stop));
        var less = await Directions(context, suite, stop);
        var parameters = Keys(runs.Select(run => run.Params.Keys))
            .Where(key => runs.Select(run => run.Params.GetValueOrDefault(key)).Distinct().Skip(1).Any())
            .Select(key => (Key: key, Values: runs.ConvertAll(run => run.Params.GetValueOrDefault(key)))).ToList();
        var metrics = Keys(runs.Select(run => run.Metrics.Keys)).Select(key =>
        {
            var values = runs.ConvertAll(run => run.Metrics.GetValueOrDefault(key));
            var lower = less(key);
            var best = values.Count(v => v is not null) < 2 ? null : lower ? values.Min() : values.Max();
            return (Key: key, Values: values, Lower: lower, Best: best);
        }).ToList();

        if (context.Json)
        {
            Say.Json(new
            {
                runs = runs.Select(run => new { run.Id, run.Name, run.Experiment, run.Status }),
                @params = parameters.Select(p => new { key = p.Key, values = p.Values }),
                metrics = metrics.Select(m => new
                {
                    key = m.Key, values = m.Values, direction = m.Lower ? "lower-is-better" : "higher-is-better", best = m.Best is null ? null : runs.Where((_, i) => m.Values[i] == m.Best).Select(run => run.Id),
                }),
            });
            return;
        }

        List<string[]> rows =
        [
            ["run", "name", .. runs.Select(run => run.Name)],
            ["run", "experiment", .. runs.Select(run => run.Experiment)],
            ["run", "status", .. runs.Select(run => run.Status)],
            .. parameters.Select(p => (string[])["parameter", p.Key, .. p.Values.Select(value => value ?? "")]),
            .. metrics.Select(m => (string[])["metric", m.Key, .. m.Values.Select(v => Cell(v, v is not null && v == m.Best))]),
        ];
        Say.Table(["kind", "key", .. runs.Select(run => ">" + (Say.Plain ? run.Id : run.Id[..Math.Min(8, run.Id.Length)]))], rows);
    }

    private static string Cell(double? value, bool best) => (Say.Plain ? Say.Number(value) : Figures.Short(value)) + (best ? " *" : "");

    private static IEnumerable<string> Keys(IEnumerable<IEnumerable<string>> keys) => keys.SelectMany(k => k).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    // What the person says, then what the project's scope says of the metric, then the metric's name.
    private static async Task<Func<string, bool>> Directions(Context context, Server suite, CancellationToken stop)
    {
        var scoped = (await suite.Get(context.Path("metrics"), stop)).Items()
            .Where(metric => metric.Text("name") is not null)
            .ToDictionary(metric => metric.Text("name")!, metric => metric.Text("direction")?.StartsWith("lower", StringComparison.Ordinal) == true
                || metric.Text("direction")?.StartsWith("min", StringComparison.Ordinal) == true, StringComparer.Ordinal);
        var lower = context.Value(Lower) ?? [];
        var higher = context.Value(Higher) ?? [];
        return key => lower.Contains(key) || (!higher.Contains(key) && (scoped.TryGetValue(key, out var less)
            ? less
            : key.Split('_', '-', '.', '/', ' ').Any(part => LessIsBetter.Contains(part, StringComparer.OrdinalIgnoreCase))));
    }
}
