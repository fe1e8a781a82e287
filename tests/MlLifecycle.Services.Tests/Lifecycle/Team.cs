using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Contracts;
using MlLifecycle.ServiceDefaults.Trust;
using MlLifecycle.TestServers;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

public sealed class LifecycleFixture(Servers servers) : Service<Standing>(servers);

/// <summary>The classes that share the service take turns: two of them on one broker would take each other's facts.</summary>
[CollectionDefinition(nameof(Lifecycle))]
public sealed class LifecycleCollection : ICollectionFixture<LifecycleFixture>;

/// <summary>A project whose facts reach the service over the bus, as the other services announce them.</summary>
public sealed class Team
{
    private readonly LifecycleFixture _service;
    private DateTimeOffset _clock = DateTimeOffset.UtcNow.AddMinutes(-10);

    public Team(LifecycleFixture service, Role role = Role.Admin)
    {
        _service = service;
        Slug = "p-" + Id.ToString("N")[20..];
        Client = As(role);
    }

    public Guid Id { get; } = Guid.CreateVersion7();

    public string Slug { get; }

    public HttpClient Client { get; }

    public Guid Deployment { get; } = Guid.CreateVersion7();

    public Guid Alert { get; } = Guid.CreateVersion7();

    public string Path => $"/api/projects/{Slug}";

    public HttpClient As(Role role) => _service.As(role, Slug, Id);

    public IntegrationEvent[] Scope =>
    [
        new ProjectCreated("Fashion", ""), new ScopeChanged("problem", "problem", "Sorted by hand."), Metric("accuracy", "ml", 0.9), Metric("latency", "software", 100),
        Metric("returns", "business", 0.05), new ScopeChanged("baseline", "people", "0.835") { Kind = "human-level", Metric = "accuracy", Value = 0.835 },
        new ScopeChanged("milestone", "release", "soon") { HasResources = true, Due = new DateOnly(2027, 1, 1) },
    ];

    public IntegrationEvent[] Data(int version = 1) =>
    [
        new DatasetRegistered(Guid.Empty, "garments", "image", "within a week"), new DatasetVersionCommitted(Guid.Empty, "garments", version, Digest(version), null, 4, 1000, "raw"),
        Check(version, "coverage"), Check(version, "label-consistency"), Check(version, "size"), new DatasetSplit(Guid.Empty, "garments", version, "random", 42, 8, 1, 1, true),
    ];

    public IntegrationEvent[] Model(string run = "r1") => [Run(run, 0.93), Evaluation(run)];

    public IntegrationEvent[] Production =>
    [
        new ModelVersionRegistered("sorter", 1, "r1", "here"), new DeploymentStarted(Deployment, "shop", "sorter", 1, "r1", "canary", "partial", "rules"),
        new ReferenceProfileSet(Deployment, "shop", "garments", 1, 100, ["brightness"]), Rule("dark", "input", "drift:brightness"), Rule("nulls", "output", "null-rate"),
        Rule("slow", "software", "latencyMs:p95"),
    ];

    public IntegrationEvent[] Drift =>
    [
        new DriftDetected(Deployment, "shop", 4, _clock, _clock, 100, [new("brightness", "wasserstein", 0.3, 0.1)], 1),
        new AlertRaised(Alert, Deployment, "shop", "dark", "drift:brightness", 4, 0.3, 0.1, "warning", "The images are darker."),
    ];

    public static EvaluationCompleted Evaluation(string run) => new(Guid.CreateVersion7(), "test", run, "garments", 1, 1000, 70, 0.93, 12);

    public static RunFinished Run(string id, double accuracy) => new(
        id, "boost", "Default", "FINISHED", "LightGBM", new Dictionary<string, string> { ["trees"] = "200" }, new Dictionary<string, double> { ["accuracy"] = accuracy },
        [new RunInput("garments", Digest(1)[..12], "training")]);

    /// <summary>Announces facts, a second apart, and waits until each is on the timeline.</summary>
    public async Task<IReadOnlyList<IntegrationEvent>> Tell(params IntegrationEvent[] facts)
    {
        var told = facts.Select(Told).ToList();
        foreach (var fact in told)
            await Deliver(fact);
        await Heard(told[^1]);
        return told;
    }

    public IntegrationEvent Told(IntegrationEvent fact) => fact with
    {
        EventId = Guid.CreateVersion7(),
        ProjectId = Id,
        Project = Slug,
        OccurredAt = _clock = _clock.AddSeconds(1),
        Actor = "ada",
        CorrelationId = "c",
    };

    public Task Deliver(IntegrationEvent fact) =>
        _service.Host.Services.GetRequiredService<IBus>().Publish(fact, fact.GetType(), context => context.MessageId = fact.EventId);

    public Task Heard(IntegrationEvent fact) =>
        Answers.Until(async () => (await Client.GetAsync($"{Path}/timeline/{fact.EventId}/causes")).StatusCode, status => status == System.Net.HttpStatusCode.OK);

    public Task<JsonNode> Lifecycle(string query = "") => Client.GetAsync($"{Path}/lifecycle{query}").Json();

    public async Task<JsonArray> Timeline(string query = "") => (await Client.GetAsync($"{Path}/timeline{query}").Json())["items"]!.AsArray();

    public static JsonNode Requirement(JsonNode lifecycle, string gate, string id) => lifecycle["gates"]!.AsArray()
        .Single(g => g!["gate"]!.GetValue<string>() == gate)!["requirements"]!.AsArray().Single(r => r!["id"]!.GetValue<string>() == id)!;

    private static ScopeChanged Metric(string name, string kind, double target) =>
        new("metric", name, kind) { Kind = kind, Unit = "ratio", Direction = "higher", Value = target, Primary = kind == "ml" };

    private static DatasetChecked Check(int version, string check) => new(Guid.Empty, "garments", version, check, true, "All is well.");

    private AlertRuleDefined Rule(string rule, string kind, string metric) => new(Deployment, "shop", rule, kind, metric, 0.1);

    private static string Digest(int version) => string.Concat(Enumerable.Repeat($"{version:x8}", 8));
}
