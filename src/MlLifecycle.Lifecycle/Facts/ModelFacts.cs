using System.Collections.Immutable;
using MlLifecycle.Contracts;

namespace MlLifecycle.Lifecycle.Facts;

public sealed record FinishedRun(
    string Id,
    string Name,
    string? Algorithm,
    int Params,
    ImmutableDictionary<string, double> Metrics,
    ImmutableList<RunInput> Inputs,
    Evidence Evidence);

public sealed record RunEvaluation(Guid Id, string Name, string? RunId, long Examples, long Errors, Evidence Evidence);

public sealed record TagDecision(string Tag, bool High, bool Open, Evidence Evidence);

/// <summary>The project's runs, their evaluations and the team's decisions on tags.</summary>
public sealed record ModelFacts
{
    /// <summary>
    /// How many runs without an evaluation, how many evaluations, and how many settled tags are kept at hand. A sweep makes thousands of runs and
    /// one of them is evaluated: a run that was let go is recalled from the timeline when its evaluation comes.
    /// </summary>
    public const int Kept = 20;

    public ImmutableList<FinishedRun> Runs { get; init; } = [];

    public ImmutableList<RunEvaluation> Evaluations { get; init; } = [];

    public ImmutableList<TagDecision> Tags { get; init; } = [];

    public RunEvaluation? EvaluationOf(string run) => Evaluations.Where(e => e.RunId == run).MaxBy(e => e.Evidence.At);

    public bool Knows(string run) => Runs.Exists(r => r.Id == run);

    public ModelFacts Hear(IntegrationEvent fact) => fact switch
    {
        RunFinished { Status: "FINISHED" } e => (this with
        {
            Runs = Runs.With(
                new(e.RunId, e.RunName, e.Algorithm, e.Params.Count, e.Metrics.ToImmutableDictionary(), [.. e.Inputs], Evidence.Of(e)),
                r => r.Id,
                r => r.Evidence.At),
        }).Trimmed(),
        EvaluationCompleted e => (this with
        {
            Evaluations = Evaluations.With(new(e.EvaluationId, e.Evaluation, e.RunId, e.Examples, e.Errors, Evidence.Of(e)), x => x.Id, x => x.Evidence.At),
        }).Trimmed(),
        TagPrioritized e => (this with
        {
            Tags = Tags.With(new(e.Tag, e.Priority == "high", e.Open, Evidence.Of(e)), t => t.Tag, t => t.Evidence.At),
        }).Trimmed(),
        _ => this,
    };

    private ModelFacts Trimmed()
    {
        var evaluations = Latest(Evaluations, e => e.Evidence.At);
        var evaluated = evaluations.Select(e => e.RunId).ToHashSet();
        return this with
        {
            Evaluations = evaluations,
            Runs = Latest(Runs, r => r.Evidence.At, r => evaluated.Contains(r.Id)),
            Tags = Latest(Tags, t => t.Evidence.At, t => t is { High: true, Open: true }),
        };
    }

    private static ImmutableList<T> Latest<T>(ImmutableList<T> items, Func<T, DateTimeOffset> at, Predicate<T>? always = null)
        where T : class
    {
        var spare = items.FindAll(item => always?.Invoke(item) != true);
        return spare.Count <= Kept ? items : items.RemoveRange(spare.OrderByDescending(at).Skip(Kept));
    }
}
