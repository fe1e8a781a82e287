using System.Globalization;
using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Moves;
using MlLifecycle.ServiceDefaults.Decisions;
using Shouldly;

namespace MlLifecycle.Lifecycle;

/// <summary>A project that hears one fact a minute, and what became of it.</summary>
internal sealed class Story
{
    public static readonly Guid ProjectId = Guid.Parse("0192a000-0000-7000-8000-000000000001");
    public static readonly DateTimeOffset Beginning = new(2026, 3, 3, 12, 0, 0, TimeSpan.Zero);
    private int _facts;

    public Standing Standing { get; private set; } = Standing.Initial(ProjectId);

    public DateTimeOffset Now { get; private set; } = Beginning;

    /// <summary>Everything that was appended.</summary>
    public List<object> Events { get; } = [];

    /// <summary>Hears a fact, a minute later, and gives the events that it led to besides itself.</summary>
    public IReadOnlyList<object> Hear(IntegrationEvent fact)
    {
        Now = Now.AddMinutes(1);
        var told = Told(fact, Now);
        return [.. Decide(s => HearFact.Decide(s, told, null, Now)).Where(e => e is not IntegrationEvent)];
    }

    public Story Hears(params IEnumerable<IntegrationEvent> facts)
    {
        foreach (var fact in facts)
            Hear(fact);
        return this;
    }

    public IReadOnlyList<object> Decide(Func<Standing, Decision> decide)
    {
        var decision = decide(Standing);
        decision.Refusal.ShouldBeNull();
        foreach (var @event in decision.Events)
            Standing = Standing.Evolve(@event);
        Events.AddRange(decision.Events);
        return decision.Events;
    }

    /// <summary>Takes a decision that is nothing new when it is taken again.</summary>
    public IReadOnlyList<object> Once(Func<Standing, DateTimeOffset, Decision> decide)
    {
        Now = Now.AddMinutes(1);
        var events = Decide(s => decide(s, Now));
        var again = decide(Standing, Now);
        again.Refusal.ShouldBeNull();
        again.Events.ShouldBeEmpty();
        return events;
    }

    public Story Waives(Stage gate, string requirement, DateTimeOffset? until = null)
    {
        Once((s, now) => WaiveRequirementSlice.Decide(s, new(gate.Name(), requirement, "not worth it", until), "ada", now));
        return this;
    }

    public Story Goes(Stage to)
    {
        Once((s, now) => MoveProjectSlice.Decide(s, new(to.Name(), "the team says so"), now));
        return this;
    }

    public Story Waits(TimeSpan time)
    {
        Now += time;
        return this;
    }

    public Gate Gate(Stage stage) => Judgement.Gate(Standing, stage, Now)!;

    public Requirement Requirement(Stage gate, string id) => Gate(gate).Requirements.Single(r => r.Id == id);

    /// <summary>The fact, told at this moment.</summary>
    public IntegrationEvent Told(IntegrationEvent fact, DateTimeOffset at) => fact with
    {
        EventId = Guid.Parse(string.Create(CultureInfo.InvariantCulture, $"0192a000-0000-7000-8000-{++_facts:D12}")),
        ProjectId = ProjectId,
        Project = "fashion",
        OccurredAt = at,
        Actor = "ada",
        CorrelationId = "c",
    };
}

/// <summary>The facts of a project that does everything right.</summary>
internal static class Told
{
    public static readonly Guid Deployment = Guid.Parse("0192a000-0000-7000-8000-00000000d001");
    public static readonly Guid Alert = Guid.Parse("0192a000-0000-7000-8000-00000000a001");
    public static readonly Guid Evaluation = Guid.Parse("0192a000-0000-7000-8000-00000000e001");

    public static IntegrationEvent[] Scoped =>
        [Created, Problem, Metric("accuracy", "ml", 0.9, primary: true), Metric("latency", "software", 100, lower: true), Metric("returns", "business", 0.05, lower: true), Baseline(0.835), Milestone()];

    public static IntegrationEvent[] Sound => [Registered(), Committed(1), .. Checked(1), Split(1)];

    public static IntegrationEvent[] Modelled => [Run("r1", 0.93), Evaluated("r1")];

    public static IntegrationEvent[] Deployed => [Started(), Reference(), Rule("drift", "input", "drift:share"), Rule("nulls", "output", "null-rate"), Rule("slow", "software", "latencyMs:p95")];

    public static IntegrationEvent[] Everything => [.. Scoped, .. Sound, .. Modelled, .. Deployed];

    public static ProjectCreated Created => new("Fashion", "Sorts garments");

    public static ScopeChanged Problem => new("problem", "problem", "Returned garments are sorted by hand.");

    public static ScopeChanged Metric(string name, string kind, double? target, bool primary = false, bool lower = false) =>
        new("metric", name, $"{kind} metric") { Kind = kind, Unit = "ratio", Direction = lower ? "lower" : "higher", Value = target, Primary = primary };

    public static ScopeChanged Baseline(double value, string name = "people", string metric = "accuracy") =>
        new("baseline", name, $"reaches {value}") { Kind = "human-level", Metric = metric, Value = value };

    public static ScopeChanged Milestone(bool resources = true, bool due = true) =>
        new("milestone", "release", "the first release") { HasResources = resources, Due = due ? new DateOnly(2026, 6, 1) : null };

    public static DatasetRegistered Registered(string? plan = "labels within a week", string name = "garments") => new(Guid.Empty, name, "image", plan);

    public static string Digest(int version) => string.Concat(Enumerable.Repeat($"{version:x8}", 8));

    public static DatasetVersionCommitted Committed(int version, string name = "garments") =>
        new(Guid.Empty, name, version, Digest(version), version > 1 ? version - 1 : null, 4, 30_000_000, "raw");

    public static DatasetChecked[] Checked(int version) => [Check(version, "coverage"), Check(version, "label-consistency"), Check(version, "size")];

    public static DatasetChecked Check(int version, string check, bool passed = true) => new(Guid.Empty, "garments", version, check, passed, passed ? "All is well." : "2 of 9 cases are too few.");

    public static DatasetSplit Split(int version, bool suited = true) => new(Guid.Empty, "garments", version, suited ? "random" : "balanced", 42, 56_000, 7_000, 7_000, suited);

    public static RunFinished Run(string id, double accuracy, int version = 1, string status = "FINISHED") => new(
        id, $"boost-{id}", "Default", status, "LightGBM", new Dictionary<string, string> { ["trees"] = "200" }, new Dictionary<string, double> { ["accuracy"] = accuracy },
        [new RunInput("garments", Digest(version)[..12], "training")]);

    public static EvaluationCompleted Evaluated(string run, Guid? id = null) => new(id ?? Evaluation, $"test-{run}", run, "garments", 1, 7_000, 490, 0.93, 12);

    public static TagPrioritized Tag(string tag, string priority = "high", bool open = true) => new(Evaluation, "test", tag, priority, open, 0.006, "");

    public static DeploymentStarted Started(Guid? id = null, string name = "shop", string? back = "the old rules") => new(id ?? Deployment, name, "sorter", 1, "r1", "canary", "partial", back);

    public static ReferenceProfileSet Reference(Guid? id = null, string name = "shop") => new(id ?? Deployment, name, "garments", 1, 7_000, ["brightness"]);

    public static AlertRuleDefined Rule(string rule, string kind, string metric, Guid? id = null) => new(id ?? Deployment, "shop", rule, kind, metric, 0.1);

    public static AlertRaised Raised(string metric = "drift:brightness", string severity = "warning", Guid? alert = null, Guid? deployment = null) =>
        new(alert ?? Alert, deployment ?? Deployment, "shop", "dark", metric, 4, 0.3, 0.1, severity, "The images are darker.");

    public static AlertResolved Resolved(Guid? alert = null) => new(alert ?? Alert, Deployment, "shop", "dark", "recovered", "Bright again.");
}
