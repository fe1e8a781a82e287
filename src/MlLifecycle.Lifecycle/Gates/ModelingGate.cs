using System.Collections.Immutable;
using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Facts;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>
/// Modeling to Deployment: one reproducible run that is good enough, whose errors were looked at. Going back to Data or Modeling asks for a new
/// run and an evaluation of it; the team's decisions on tags carry over, since a weakness nobody mended is still there.
/// </summary>
public static class ModelingGate
{
    public const string Run = "run";
    public const string Target = "target";
    public const string Baselines = "baselines";
    public const string ErrorAnalysis = "error-analysis";
    public const string HighPriorityTags = "high-priority-tags";

    /// <summary>
    /// The run the gate is judged on: the newest evaluated one that meets all that is asked of a run, so that a worse experiment afterwards takes
    /// nothing back; or else the newest evaluated one; or else the newest.
    /// </summary>
    public static FinishedRun? Candidate(ModelFacts models, ScopeFacts scope, DataFacts data, DateTimeOffset since, Predicate<string> waived)
    {
        var fresh = models.Runs.Where(r => r.Evidence.At > since).OrderByDescending(r => r.Evidence.At).ToList();
        var evaluated = fresh.FindAll(r => models.EvaluationOf(r.Id) is not null);
        return evaluated.Find(r => OfRun(models, scope, data, r, since).All(j => j.Finding.Evidence is not null || waived(j.Id)))
            ?? evaluated.FirstOrDefault()
            ?? fresh.FirstOrDefault();
    }

    public static ImmutableArray<Judged> Judge(ModelFacts models, ScopeFacts scope, DataFacts data, DateTimeOffset since, Predicate<string> waived)
    {
        var run = Candidate(models, scope, data, since, waived);
        return [.. OfRun(models, scope, data, run, since), new(HighPriorityTags, "No high-priority tag is open", Tags(models, run))];
    }

    private static ImmutableArray<Judged> OfRun(ModelFacts models, ScopeFacts scope, DataFacts data, FinishedRun? run, DateTimeOffset since) =>
    [
        new(Run, "A run with algorithm, dataset version, hyper-parameters and evaluation metric", Recorded(models, scope, data, run, since)),
        new(Target, "The primary metric reaches its target", Reached(scope, run)),
        new(Baselines, "The primary metric beats the baselines", Beaten(scope, run)),
        new(ErrorAnalysis, "The run's errors are analysed", Analysed(models, run)),
    ];

    private static Finding Recorded(ModelFacts models, ScopeFacts scope, DataFacts data, FinishedRun? run, DateTimeOffset since)
    {
        if (run is null)
        {
            return Finding.Missing(models.Runs.Exists(r => r.Evidence.At <= since)
                ? "The runs there are belong to the iteration before: this one needs a run of its own."
                : "No run has finished yet.");
        }

        var version = run.Inputs.Select(data.VersionOf).FirstOrDefault(found => found is not null);
        var primary = scope.Primary()?.Name;
        List<string> lacks = [];
        if (string.IsNullOrWhiteSpace(run.Algorithm))
            lacks.Add("an algorithm");
        if (version is null)
            lacks.Add(run.Inputs.Count == 0 ? "a dataset version" : $"a dataset version of this project ({Unknown(run.Inputs)} is none)");
        if (run.Params == 0)
            lacks.Add("hyper-parameters");
        if (primary is null ? run.Metrics.IsEmpty : !run.Metrics.ContainsKey(primary))
            lacks.Add(primary is null ? "an evaluation metric" : $"the metric {primary}");
        return lacks.Count > 0
            ? Finding.Missing($"Run {run.Name} lacks {Listed.Of(lacks)}.")
            : Finding.Met(run.Evidence, $"Run {run.Name}: {run.Algorithm} on {version} with {run.Params} hyper-parameters.");
    }

    private static Finding Reached(ScopeFacts scope, FinishedRun? run) => (scope.Primary(), run) switch
    {
        (null, _) => Finding.Missing("No ML metric is the primary one."),
        ({ Target: null } metric, _) => Finding.Missing($"{metric.Name}, the primary metric, has no target."),
        (_, null) => Finding.Missing("There is no run yet to hold against the target."),
        ({ } metric, _) when !run.Metrics.TryGetValue(metric.Name, out _) => Finding.Missing($"Run {run.Name} has no value of {metric.Name}."),
        ({ Target: { } target } metric, _) when Reaches(metric, run.Metrics[metric.Name], target) =>
            Finding.Met(run.Evidence, $"{Figures(metric, run)} reaches the target {Listed.Figure(target)}."),
        ({ } metric, _) => Finding.Missing($"{Figures(metric, run)} does not reach the target {Listed.Figure(metric.Target.Value)}."),
    };

    private static Finding Beaten(ScopeFacts scope, FinishedRun? run)
    {
        if (scope.Primary() is not { } metric)
            return Finding.Missing("No ML metric is the primary one.");
        if (run is null)
            return Finding.Missing("There is no run yet to hold against the baselines.");
        if (!run.Metrics.TryGetValue(metric.Name, out var value))
            return Finding.Missing($"Run {run.Name} has no value of {metric.Name}.");

        var baselines = scope.Baselines.FindAll(b => b.Metric == metric.Name);
        var ahead = baselines.FindAll(b => !Beats(metric, value, b.Value)).OrderByDescending(b => metric.HigherIsBetter ? b.Value : -b.Value).ToList();
        if (ahead.Count > 0)
            return Finding.Missing($"{Figures(metric, run)} does not beat {Listed.Of(ahead.Select(b => $"{b.Name} ({Listed.Figure(b.Value)})"))}.");
        return Finding.Met(run.Evidence, baselines.Count == 0
            ? $"No baseline is on {metric.Name}, so that there is none to beat."
            : $"{Figures(metric, run)} beats {Listed.Of(baselines.Select(b => $"{b.Name} ({Listed.Figure(b.Value)})"))}.");
    }

    private static Finding Analysed(ModelFacts models, FinishedRun? run) => run switch
    {
        null => Finding.Missing("There is no run yet whose errors could be analysed."),
        _ when models.EvaluationOf(run.Id) is { } evaluation => Finding.Met(evaluation.Evidence),
        _ => Finding.Missing($"No evaluation names run {run.Name}."),
    };

    private static Finding Tags(ModelFacts models, FinishedRun? run)
    {
        var open = models.Tags.FindAll(t => t is { High: true, Open: true });
        if (open.Count > 0)
            return Finding.Missing($"{Listed.Of(open.Select(t => t.Tag))} {(open.Count == 1 ? "is" : "are")} of high priority and open.");
        if (run is null || models.EvaluationOf(run.Id) is not { } evaluation)
            return Finding.Missing("Which tags matter shows once the run's errors are analysed.");
        // The last word on any tag, when it came after the evaluation.
        var last = models.Tags.Where(t => t.Evidence.At > evaluation.Evidence.At).MaxBy(t => t.Evidence.At)?.Evidence ?? evaluation.Evidence;
        return Finding.Met(last, "No tag of high priority is open.");
    }

    private static bool Reaches(StatedMetric metric, double value, double target) => metric.HigherIsBetter ? value >= target : value <= target;

    private static bool Beats(StatedMetric metric, double value, double baseline) => metric.HigherIsBetter ? value > baseline : value < baseline;

    private static string Figures(StatedMetric metric, FinishedRun run) => $"{metric.Name} {Listed.Figure(run.Metrics[metric.Name])} of run {run.Name}";

    private static string Unknown(IEnumerable<RunInput> inputs) => Listed.Of(inputs.Select(i => $"{i.Name} {i.Digest}"));
}
