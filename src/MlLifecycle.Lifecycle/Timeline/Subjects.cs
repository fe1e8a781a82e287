using MlLifecycle.Contracts;

namespace MlLifecycle.Lifecycle.Timeline;

/// <summary>
/// What a fact is about, as a key that other facts can name: <c>run:…</c>, <c>dataset:fashion@3</c>, <c>model:m@1</c>, <c>alert:…</c>. The
/// services know each other's things by such names only, never by event ids.
/// </summary>
public static class Subjects
{
    public const string Project = "project";
    public const string Problem = "scope:problem/problem";

    public static string Scope(string aspect, string name) => $"scope:{aspect}/{name}";

    public static string Dataset(string name) => $"dataset:{name}";

    public static string Version(string dataset, int number) => $"dataset:{dataset}@{number}";

    public static string Run(string id) => $"run:{id}";

    public static string Model(string name, int version) => $"model:{name}@{version}";

    public static string Evaluation(Guid id) => $"evaluation:{id}";

    public static string Deployment(string name) => $"deployment:{name}";

    public static string Profile(string deployment) => $"reference:{deployment}";

    public static string Rule(string deployment, string rule) => $"rule:{deployment}/{rule}";

    public static string Window(string deployment, int number) => $"window:{deployment}/{number}";

    public static string Alert(Guid id) => $"alert:{id}";

    public static string Requirement(string gate, string requirement) => $"requirement:{gate}/{requirement}";

    public static string Of(IntegrationEvent fact) => fact switch
    {
        ProjectCreated => Project,
        ScopeChanged e => Scope(e.Aspect, e.Name),
        MilestoneReached e => $"milestone:{e.Milestone}",
        DatasetRegistered e => Dataset(e.Dataset),
        DatasetVersionCommitted e => Version(e.Dataset, e.Version),
        DatasetChecked e => $"check:{e.Dataset}@{e.Version}/{e.Check}",
        DatasetSplit e => $"split:{e.Dataset}@{e.Version}",
        RunFinished e => Run(e.RunId),
        ModelVersionRegistered e => Model(e.Model, e.Version),
        ModelVersionPromoted e => $"promotion:{e.Model}@{e.Version}/{e.Label}",
        EvaluationCompleted e => Evaluation(e.EvaluationId),
        TagPrioritized e => $"tag:{e.Tag}",
        DeploymentStarted e => Deployment(e.Deployment),
        RolloutChanged e => $"rollout:{e.Deployment}",
        ReferenceProfileSet e => Profile(e.Deployment),
        AlertRuleDefined e => Rule(e.Deployment, e.Rule),
        DriftDetected e => Window(e.Deployment, e.Window),
        AlertRaised e => Alert(e.AlertId),
        AlertResolved e => Alert(e.AlertId),
        StageEntered e => $"stage:{e.Stage}",
        GateChanged e => Requirement(e.Gate, e.Requirement),
        IterationOpened e => $"iteration:{e.Iteration}",
        _ => $"fact:{fact.GetType().Name}",
    };
}
