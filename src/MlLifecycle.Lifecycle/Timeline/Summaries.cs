using MlLifecycle.Contracts;
using static MlLifecycle.Lifecycle.Gates.Listed;

namespace MlLifecycle.Lifecycle.Timeline;

/// <summary>Each announced fact in one sentence for people.</summary>
public static class Summaries
{
    public static string Of(IntegrationEvent fact) => fact switch
    {
        ProjectCreated e => $"Project {e.Name} was created.",
        ScopeChanged { Aspect: "problem" } e => $"Problem: {e.Summary}",
        ScopeChanged { Aspect: "constraints" } e => e.Summary,
        ScopeChanged e => $"{Capital(e.Aspect)} {e.Name}: {e.Summary}",
        MilestoneReached e => $"Milestone {e.Milestone} is reached: {e.Summary}",
        DatasetRegistered e => $"Dataset {e.Dataset} ({e.Modality}) is registered{Feedback(e)}.",
        DatasetVersionCommitted e => $"{e.Dataset}@{e.Version}: {Files(e.Files)}, {Bytes(e.Bytes)}. {e.Message}".TrimEnd(),
        DatasetChecked e => $"{e.Dataset}@{e.Version}, {e.Check} {(e.Passed ? "passed" : "failed")}: {e.Summary}",
        DatasetSplit e => $"{e.Dataset}@{e.Version} was split {Count(e.Train)} / {Count(e.Dev)} / {Count(e.Test)} ({Method(e)}).",
        RunFinished e => $"Run {e.RunName} {Ended(e.Status)}{Metrics(e.Metrics)}.",
        ModelVersionRegistered e => $"Model {e.Model} version {e.Version} was registered.",
        ModelVersionPromoted e => $"Model {e.Model} version {e.Version} is {e.Label} now.",
        EvaluationCompleted e => $"Evaluation {e.Evaluation}: {Count(e.Errors)} errors in {Count(e.Examples)} examples, {e.Tags} tags.",
        TagPrioritized e => $"Tag {e.Tag}: {e.Priority} priority, {(e.Open ? "open" : "dealt with")}{(e.Gain is { } gain ? $", gain {Percent(gain)}" : "")}.",
        DeploymentStarted e => $"Deployment {e.Deployment} of {Model(e)} started ({e.Rollout}; back to {e.RollbackTarget ?? "nothing named"}).",
        RolloutChanged e => $"Deployment {e.Deployment} takes {Percent(e.TrafficShare)} of the traffic: {e.Reason}",
        ReferenceProfileSet e => $"Deployment {e.Deployment} is compared with {Source(e)}: {Count(e.Rows)} rows, {e.Columns.Count} columns.",
        AlertRuleDefined e => $"Rule {e.Rule} watches {e.Metric} of deployment {e.Deployment}, threshold {Figure(e.Threshold)}.",
        DriftDetected e =>
            $"Window {e.Window} of deployment {e.Deployment}: {Gates.Listed.Of(e.Drifted.Select(Drift))} drifted, {Percent(e.Share)} of the columns.",
        AlertRaised e => $"Alert {e.Rule}: {e.Summary}",
        AlertResolved e => $"Alert {e.Rule} is over ({e.How}): {e.Summary}",
        StageEntered e => $"Entered {e.Stage}: {e.Reason}",
        GateChanged e => $"{e.Gate} / {e.Requirement} is {e.Status}: {e.Reason}",
        IterationOpened e => $"Iteration {e.Iteration} begins, back in {e.BackTo}: {e.Reason}",
        _ => $"{Spaced(fact.GetType().Name)}.",
    };

    private static string Feedback(DatasetRegistered e) => string.IsNullOrWhiteSpace(e.FeedbackPlan) ? "" : $"; feedback: {e.FeedbackPlan}";

    private static string Method(DatasetSplit e) => e.Suited ? e.Method : $"{e.Method}, which does not suit its size";

    private static string Source(ReferenceProfileSet e) => e.Dataset is { } dataset ? $"{dataset}@{e.DatasetVersion}" : "an uploaded table";

    private static string Drift(ColumnDrift c) => $"{c.Column} ({c.Method} {Figure(c.Score)})";

    private static string Model(DeploymentStarted e) => e.ModelVersion is { } version ? $"{e.Model} version {version}" : e.Model;

    private static string Ended(string status) => status switch
    {
        "FINISHED" => "finished",
        "FAILED" => "failed",
        _ => "was stopped",
    };

    private static string Metrics(IReadOnlyDictionary<string, double> metrics) => metrics.Count == 0
        ? ""
        : " with " + Gates.Listed.Of(metrics.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{m.Key} {Figure(m.Value)}"));

    private static string Percent(double share) => $"{Figure(Math.Round(share * 100, 2))}%";

    private static string Files(long files) => files == 1 ? "1 file" : $"{Count(files)} files";

    private static string Bytes(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} bytes",
        < 1024 * 1024 => $"{Figure(Math.Round(bytes / 1024.0, 1))} KiB",
        < 1024L * 1024 * 1024 => $"{Figure(Math.Round(bytes / (1024.0 * 1024), 1))} MiB",
        _ => $"{Figure(Math.Round(bytes / (1024.0 * 1024 * 1024), 1))} GiB",
    };

    private static string Capital(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    private static string Spaced(string name) => string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
}
