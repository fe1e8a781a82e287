using System.Collections.Immutable;
using MlLifecycle.Lifecycle.Facts;

namespace MlLifecycle.Lifecycle.Gates;

public enum Status
{
    Missing,
    Met,
    Waived,
}

/// <summary>A person's decision to do without a requirement.</summary>
/// <param name="Gate">The gate.</param>
/// <param name="Requirement">The requirement's id.</param>
/// <param name="By">Who decided.</param>
/// <param name="Reason">Why.</param>
/// <param name="Until">When it ends by itself; without it, it ends when the gate must be passed again.</param>
/// <param name="At">When it was given.</param>
public sealed record Waiver(Stage Gate, string Requirement, string By, string Reason, DateTimeOffset? Until, DateTimeOffset At)
{
    public bool InForce(DateTimeOffset now, DateTimeOffset renewedAt) => Until is { } until ? now < until : At > renewedAt;
}

/// <summary>What the facts say about one requirement: the fact that meets it, or none; and why, in words.</summary>
public readonly record struct Finding(Evidence? Evidence, string Why)
{
    public static Finding Met(Evidence evidence) => new(evidence, evidence.Summary);

    public static Finding Met(Evidence evidence, string why) => new(evidence.Saying(why), why);

    public static Finding Missing(string why) => new(null, why);
}

/// <summary>A requirement beside what the facts say about it.</summary>
public sealed record Judged(string Id, string Title, Finding Finding);

/// <summary>One requirement of a gate as it stands.</summary>
public sealed record Requirement(string Id, string Title, Status Status, Evidence? Evidence, Waiver? Waiver, string Why)
{
    public static string Key(Stage gate, string requirement) => $"{gate.Name()}/{requirement}";
}

/// <summary>The way out of a stage: open when no requirement is missing.</summary>
public sealed record Gate(Stage Stage, ImmutableArray<Requirement> Requirements)
{
    public Stage To => Stage.Next();

    public bool Open => Missing.Length == 0;

    public ImmutableArray<Requirement> Missing => [.. Requirements.Where(r => r.Status == Status.Missing)];
}
