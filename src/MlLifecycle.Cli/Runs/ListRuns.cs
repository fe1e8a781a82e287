using System.CommandLine;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Runs;

/// <summary><c>mll runs ls</c>: the project's runs, filtered and ordered in MLflow's grammar.</summary>
internal static class ListRuns
{
    private const int PageOf = 500;

    /// <summary>As many metrics as fit beside the rest.</summary>
    private const int Shown = 4;

    private static readonly Option<string?> InExperiment = new("--experiment", "-e") { Description = "Only of this experiment, by name or id.", HelpName = "E" };

    private static readonly Option<string?> Filter = new("--filter")
    {
        Description = "Only runs of which this holds, in MLflow's grammar: \"metrics.accuracy > 0.9 AND params.depth = '8'\".", HelpName = "F",
    };

    private static readonly Option<string[]> OrderBy = new("--order-by")
    {
        Description = "The order, as in \"metrics.accuracy DESC\". Else the newest first. May be given more than once.", HelpName = "O",
    };

    private static readonly Option<int> Limit = new("--limit", "-n") { Description = "At most so many.", DefaultValueFactory = _ => 50, HelpName = "N" };

    public static Command Command()
    {
        Limit.Validators.Add(given =>
        {
            if (given.Tokens is [var token] && !(int.TryParse(token.Value, out var limit) && limit is >= 1 and <= 50_000))
                given.AddError("--limit must be a number from 1 to 50000.");
        });
        return new Command("ls", "Lists runs.") { InExperiment, Filter, OrderBy, Limit }.Does(Act);
    }

    private static async Task Act(Context context, CancellationToken stop)
    {
        using var suite = context.Suite();
        var experiments = await Experiments.All(suite, context.Mlflow(""), "ACTIVE_ONLY", stop);
        if (context.Value(InExperiment) is { } named)
            experiments = experiments.Named(named);
        var names = experiments.ToDictionary(e => e.ExperimentId, e => e.Name);
        var runs = new List<Run>();
        var limit = context.Value(Limit);
        string? token = null;
        while (names.Count > 0 && runs.Count < limit)
        {
            var page = await suite.Send<RunPage>(
                HttpMethod.Post,
                context.Mlflow("runs/search"),
                new
                {
                    experiment_ids = names.Keys,
                    filter = context.Value(Filter),
                    order_by = context.Value(OrderBy) ?? [],
                    max_results = Math.Min(PageOf, limit - runs.Count),
                    page_token = token,
                },
                null,
                stop);
            runs.AddRange((page.Runs ?? []).Select(run => Run.Of(run, names[run.Info.ExperimentId])));
            token = page.NextPageToken;
            if (string.IsNullOrEmpty(token))
                break;
        }

        if (context.Json)
        {
            Say.Json(new { items = runs });
            return;
        }

        // To another program all metrics are shown; a person sees those that most of the runs have.
        var metrics = runs.SelectMany(run => run.Metrics.Keys).GroupBy(key => key, StringComparer.Ordinal)
            .OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal)
            .Take(Say.Plain ? int.MaxValue : Shown).Select(group => group.Key).ToList();
        Say.Table(
            ["id", "name", "experiment", "status", "started", "took", .. metrics.Select(metric => ">" + metric)],
            runs.Select(run => (string[])
            [
                run.Id, run.Name, run.Experiment, run.Status, Say.Time(run.StartedAt), Say.Span(run.StartedAt, run.EndedAt),
                .. metrics.Select(metric => run.Metrics.GetValueOrDefault(metric) is { } value ? Say.Plain ? Say.Number(value) : Figures.Short(value) : ""),
            ]));
        if (!string.IsNullOrEmpty(token))
            Say.Aside($"There are more than these {runs.Count}: see --limit.");
    }
}
