using System.Text.Json;

namespace MlLifecycle.Portal.Console.Reads;

// What Lifecycle answers, as far as the pages show it.

public sealed record Blocking(string Id, string Title);

public sealed record ProjectStanding(
    string Project, string Name, string Stage, int Iteration, int Missing, IReadOnlyList<Blocking> Blocking, int OpenAlerts, DateTimeOffset UpdatedAt);

public sealed record Evidence(Guid EventId, string Summary, DateTimeOffset At);

public sealed record Waiver(string By, string Reason, DateTimeOffset? Until);

public sealed record Requirement(string Id, string Title, string Status, Evidence? Evidence, Waiver? Waiver, string Why);

public sealed record Gate(string To, bool Open, IReadOnlyList<Requirement> Requirements)
{
    /// <summary>The stage it leads out of.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("gate")]
    public string Stage { get; init; } = "";

    public int Missing => Requirements.Count(r => r.Status == "missing");
}

public sealed record ApiCall(string Method, string Path, JsonElement? Body);

public sealed record NextAction(string Action, string Reason, string? Gate, string? Requirement, ApiCall? Command);

public sealed record Lifecycle(
    string Project, string Stage, int Iteration, DateTimeOffset? Since, IReadOnlyList<Gate> Gates, IReadOnlyList<NextAction> NextActions);

public sealed record Fact(
    Guid Id, string Type, DateTimeOffset At, string Actor, string Summary, string Subject, JsonElement Data, string CorrelationId, Guid? CausationId,
    IReadOnlyList<Guid> Causes, string? Because);

/// <summary>The stages a project goes through, in their order.</summary>
public static class Stages
{
    public static readonly string[] All = ["scoping", "data", "modeling", "deployment", "monitoring"];

    public static int Place(string stage) => Array.IndexOf(All, stage);
}
