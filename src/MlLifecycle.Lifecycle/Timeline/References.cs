using MlLifecycle.Contracts;
using static MlLifecycle.Lifecycle.Timeline.Subjects;

namespace MlLifecycle.Lifecycle.Timeline;

/// <summary>That a fact rests on another one, named by its subject.</summary>
/// <param name="Subject">The other fact's subject.</param>
/// <param name="Because">What ties the two, as a sentence about the other fact.</param>
/// <param name="Digest">For a dataset version that is known by its digest only: the digest or a prefix of it. Then there is no subject.</param>
/// <param name="Past">
/// Whether only an earlier fact will do. A thing that is named outright may be heard of later than what names it; a decision that merely came
/// before may not.
/// </param>
public sealed record Reference(string Subject, string Because, string? Digest = null, bool Past = false);

/// <summary>What each fact rests on, by what its contract names.</summary>
public static class References
{
    private const int ShortestDigest = 8;
    private const int MostMetrics = 20;

    public static IReadOnlyList<Reference> Of(IntegrationEvent fact) => fact switch
    {
        ScopeChanged { Aspect: "baseline", Metric: { } metric } e => [new(Scope("metric", metric), $"Baseline {e.Name} is a figure of it."), Founded],
        ScopeChanged => [Founded],
        MilestoneReached e => [new(Scope("milestone", e.Milestone), "It is the milestone that was reached.")],
        DatasetRegistered e => [new(Problem, $"Dataset {e.Dataset} was registered for this problem.", Past: true), Founded],
        DatasetVersionCommitted e => e.Parent is { } parent
            ? [Of(e), new(Version(e.Dataset, parent), $"{e.Dataset}@{e.Version} was made from it.")]
            : [Of(e)],
        DatasetChecked e => [new(Version(e.Dataset, e.Version), "It is the version that was checked.")],
        DatasetSplit e => [new(Version(e.Dataset, e.Version), "It is the version that was split.")],
        RunFinished e => [.. Inputs(e), .. Judging(e)],
        ModelVersionRegistered { RunId: { } run } e => [new(Run(run), $"Model {e.Model} version {e.Version} came from this run.")],
        ModelVersionPromoted e => [new(Model(e.Model, e.Version), $"It is the version that became {e.Label}.")],
        EvaluationCompleted e => [.. Evaluated(e)],
        TagPrioritized e => [new(Evaluation(e.EvaluationId), "The decision was made on this evaluation's table.")],
        DeploymentStarted e => [.. Deployed(e)],
        RolloutChanged e => [new(Deployment(e.Deployment), "It is the deployment whose traffic changed.")],
        ReferenceProfileSet e => [.. Profiled(e)],
        AlertRuleDefined e => [new(Deployment(e.Deployment), $"Rule {e.Rule} watches this deployment.")],
        DriftDetected e =>
        [
            new(Deployment(e.Deployment), $"Window {e.Window} holds its predictions."),
            new(Profile(e.Deployment), $"Window {e.Window} was compared with it."),
        ],
        AlertRaised e =>
        [
            new(Window(e.Deployment, e.Window), $"Alert {e.Rule} fired in this window."),
            new(Rule(e.Deployment, e.Rule), $"It is the rule that fired, at {e.Metric} {Gates.Listed.Figure(e.Value)}."),
            new(Deployment(e.Deployment), $"Alert {e.Rule} is about this deployment."),
        ],
        AlertResolved e => [new(Alert(e.AlertId), "It is the alert that ended.")],
        _ => [],
    };

    private static readonly Reference Founded = new(Project, "It is the project's beginning.");

    private static Reference Of(DatasetVersionCommitted e) => new(Dataset(e.Dataset), $"{e.Dataset}@{e.Version} is a version of it.");

    private static IEnumerable<Reference> Inputs(RunFinished e) => e.Inputs
        .Where(input => input.Digest.Length >= ShortestDigest)
        .Select(input => new Reference("", $"Run {e.RunName} used it{Purpose(input)}.", input.Digest.ToLowerInvariant()));

    private static string Purpose(RunInput input) => input.Context.Length > 0 ? $" for {input.Context}" : "";

    private static IEnumerable<Reference> Judging(RunFinished e) => e.Metrics.Keys
        .Order(StringComparer.Ordinal)
        .Take(MostMetrics)
        .Select(metric => new Reference(Scope("metric", metric), $"Run {e.RunName} is judged by it.", Past: true));

    private static IEnumerable<Reference> Evaluated(EvaluationCompleted e)
    {
        if (e.RunId is { } run)
            yield return new(Run(run), $"Evaluation {e.Evaluation} is of this run's predictions.");
        if (e is { Dataset: { } dataset, DatasetVersion: { } version })
            yield return new(Version(dataset, version), $"Evaluation {e.Evaluation} has its examples from it.");
    }

    private static IEnumerable<Reference> Deployed(DeploymentStarted e)
    {
        if (e.ModelVersion is { } version)
            yield return new(Model(e.Model, version), $"Deployment {e.Deployment} serves it.");
        if (e.RunId is { } run)
            yield return new(Run(run), $"Deployment {e.Deployment} serves the model of this run.");
    }

    private static IEnumerable<Reference> Profiled(ReferenceProfileSet e)
    {
        yield return new(Deployment(e.Deployment), "It is the deployment that got a reference profile.");
        if (e is { Dataset: { } dataset, DatasetVersion: { } version })
            yield return new(Version(dataset, version), $"The reference profile of deployment {e.Deployment} was taken from it.");
    }
}
