using System.Text.Json;
using MlLifecycle.Contracts;
using MlLifecycle.Portal.Console.Reads;

namespace MlLifecycle.Portal.Console;

/// <summary>Facts on the timeline: their colour, and the page of what they are about.</summary>
public static class FactKinds
{
    /// <summary>The kinds to filter by, in the order of the lifecycle.</summary>
    public static readonly string[] All =
    [
        nameof(ProjectCreated), nameof(ScopeChanged), nameof(MilestoneReached), nameof(DatasetRegistered), nameof(DatasetVersionCommitted), nameof(DatasetChecked),
        nameof(DatasetSplit), nameof(RunFinished), nameof(ModelVersionRegistered), nameof(ModelVersionPromoted), nameof(EvaluationCompleted), nameof(TagPrioritized),
        nameof(DeploymentStarted), nameof(RolloutChanged), nameof(ReferenceProfileSet), nameof(AlertRuleDefined), nameof(DriftDetected), nameof(AlertRaised), nameof(AlertResolved),
        nameof(StageEntered), nameof(GateChanged), nameof(IterationOpened), "RequirementWaived", "WaiverExpired",
    ];

    public static string Tone(Fact fact) => fact.Type switch
    {
        nameof(AlertRaised) => "bad",
        nameof(DriftDetected) => "wait",
        nameof(GateChanged) => Text(fact, "status") switch { "met" => "good", "waived" => "waived", _ => "wait" },
        nameof(DatasetChecked) => fact.Data.TryGetProperty("passed", out var passed) && passed.ValueKind == JsonValueKind.True ? "good" : "wait",
        nameof(RunFinished) when Text(fact, "status") != "FINISHED" => "bad",
        nameof(MilestoneReached) or nameof(AlertResolved) => "good",
        "RequirementWaived" or "WaiverExpired" => "waived",
        nameof(StageEntered) or nameof(IterationOpened) or nameof(DeploymentStarted) or nameof(ModelVersionPromoted) => "accent",
        _ => "",
    };

    /// <summary>The page of what the fact is about; null when the timeline is all there is.</summary>
    public static string? Page(Address here, Fact fact) => fact.Type switch
    {
        nameof(ScopeChanged) or nameof(MilestoneReached) => here.Page("scope"),
        nameof(DatasetRegistered) => Data(here, fact),
        nameof(DatasetVersionCommitted) or nameof(DatasetChecked) or nameof(DatasetSplit) => Data(here, fact, Number(fact, "version")),
        nameof(RunFinished) => here.Page($"runs/{Text(fact, "runId")}"),
        nameof(ModelVersionRegistered) or nameof(ModelVersionPromoted) => here.Page("models"),
        nameof(EvaluationCompleted) or nameof(TagPrioritized) => here.Page($"evaluations/{Text(fact, "evaluationId")}"),
        nameof(DeploymentStarted) or nameof(RolloutChanged) or nameof(ReferenceProfileSet) or nameof(AlertRuleDefined) or nameof(DriftDetected) =>
            here.Page($"monitoring/{Address.Part(Text(fact, "deployment"))}"),
        nameof(AlertRaised) or nameof(AlertResolved) => here.Page($"alerts/{Text(fact, "alertId")}"),
        nameof(StageEntered) or nameof(GateChanged) or nameof(IterationOpened) or "RequirementWaived" or "WaiverExpired" => here.Page(),
        _ => null,
    };

    private static string Data(Address here, Fact fact, int? version = null) =>
        here.Page($"data/{Address.Part(Text(fact, "dataset"))}{(version is { } number ? $"?version={number}" : "")}");

    private static string Text(Fact fact, string name) => fact.Data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static int? Number(Fact fact, string name) => fact.Data.TryGetProperty(name, out var value) && value.TryGetInt32(out var number) ? number : null;
}
