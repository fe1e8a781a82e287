namespace MlLifecycle.Portal.Console.Reads;

// What Scoping answers, as far as the pages show it.

public sealed record ProjectLine(Guid Id, string Slug, string Name, string Description, DateTimeOffset CreatedAt);

public sealed record ProjectScope(
    string Slug, string Name, string Description, IReadOnlyList<string> Owners, DateTimeOffset CreatedAt, string CreatedBy, ProblemStatement? Problem, Constraints? Constraints);

public sealed record ProblemStatement(string Statement, string? BusinessValue, IReadOnlyList<string>? OutOfScope, string? Ethics, string? Privacy);

public sealed record Constraints(
    string? Serving, string? Environment, double? LatencyMs, double? ThroughputQps, double? Budget, string? Timeline, string? Security, string? Privacy);

public sealed record Solution(string Name, string Description, string? Feasibility, string? Value, string? Notes);

public sealed record Metric(string Name, string Kind, string Unit, string Direction, double? Target, bool Primary, string? Description);

public sealed record Baseline(string Name, string Kind, string Metric, double Value, string Source, string? Url);

public sealed record MilestoneTarget(string Metric, double Target, double? Value, bool Reached, string? Evidence);

public sealed record Milestone(string Name, DateOnly? Due, string? Resources, string? Timeline, IReadOnlyList<MilestoneTarget> Progress, bool Reached);
