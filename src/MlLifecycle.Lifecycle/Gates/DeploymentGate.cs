using System.Collections.Immutable;
using MlLifecycle.Lifecycle.Facts;

namespace MlLifecycle.Lifecycle.Gates;

/// <summary>
/// Deployment to Monitoring: a way out and a way back, and eyes on what goes in, what comes out and the machinery between. Every new iteration
/// asks for a new rollout and a reference profile of its data; rules that watch the same deployment carry over.
/// </summary>
public static class DeploymentGate
{
    public const string Deployment = "deployment";
    public const string InputWatched = "input-watched";
    public const string OutputWatched = "output-watched";
    public const string SoftwareWatched = "software-watched";
    public const string ReferenceProfile = "reference-profile";

    /// <summary>The deployment the gate is judged on: the newest that has everything, or else the newest.</summary>
    public static KnownDeployment? Candidate(ProductionFacts production, DateTimeOffset since, Predicate<string> waived)
    {
        var fresh = production.Deployments.Where(d => d.Started?.At > since).OrderByDescending(d => d.Started!.At).ToList();
        return fresh.Find(d => Of(production, d, since).All(j => j.Finding.Evidence is not null || waived(j.Id))) ?? fresh.FirstOrDefault();
    }

    public static ImmutableArray<Judged> Judge(ProductionFacts production, DateTimeOffset since, Predicate<string> waived) =>
        Of(production, Candidate(production, since, waived), since);

    private static ImmutableArray<Judged> Of(ProductionFacts production, KnownDeployment? deployment, DateTimeOffset since) =>
    [
        new(Deployment, "A deployment with a rollout pattern and a rollback target", Started(production, deployment, since)),
        new(InputWatched, "Input metrics are watched", Watched(deployment, "input", "what goes in")),
        new(OutputWatched, "Output metrics are watched", Watched(deployment, "output", "what comes out")),
        new(SoftwareWatched, "Software metrics are watched", Watched(deployment, "software", "its latency or volume")),
        new(ReferenceProfile, "A reference profile", Profiled(deployment, since)),
    ];

    private static Finding Started(ProductionFacts production, KnownDeployment? deployment, DateTimeOffset since) => deployment switch
    {
        null => Finding.Missing(production.Deployments.Exists(d => d.Started?.At <= since)
            ? "The deployments there are belong to the iteration before: this one needs a rollout of its own."
            : "Nothing is deployed yet."),
        _ when string.IsNullOrWhiteSpace(deployment.RollbackTarget) =>
            Finding.Missing($"Deployment {deployment.Name} does not say what traffic returns to when it fails."),
        _ when string.IsNullOrWhiteSpace(deployment.Rollout) => Finding.Missing($"Deployment {deployment.Name} has no rollout pattern."),
        _ => Finding.Met(deployment.Started!),
    };

    private static Finding Watched(KnownDeployment? deployment, string kind, string what) => deployment switch
    {
        null => Finding.Missing("There is no deployment yet that could be watched."),
        _ when deployment.Rules.Where(r => r.Kind == kind).MinBy(r => r.Evidence.At) is { } rule => Finding.Met(rule.Evidence),
        _ => Finding.Missing($"No alert rule watches {what} of deployment {deployment.Name}."),
    };

    private static Finding Profiled(KnownDeployment? deployment, DateTimeOffset since) => deployment switch
    {
        null => Finding.Missing("There is no deployment yet that could have a reference profile."),
        { Reference: null } => Finding.Missing($"Deployment {deployment.Name} has no reference profile to compare production with."),
        { Reference: { } stale } when stale.At <= since => Finding.Missing($"The reference profile of deployment {deployment.Name} is from the iteration before."),
        _ => Finding.Met(deployment.Reference),
    };
}
