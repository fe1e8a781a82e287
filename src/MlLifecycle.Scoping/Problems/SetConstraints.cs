using Marten;
using MlLifecycle.Scoping.Projects;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Scoping.Problems;

/// <summary>Sets what the system must live within when it serves.</summary>
/// <param name="Serving"><c>real-time</c> or <c>batch</c>.</param>
/// <param name="Environment"><c>cloud</c> or <c>edge</c>.</param>
/// <param name="LatencyMs">Longest acceptable latency, milliseconds.</param>
/// <param name="ThroughputQps">Queries per second it must take.</param>
/// <param name="Budget">Money, in the organization's currency.</param>
/// <param name="Timeline">When, in words.</param>
/// <param name="Security">What security asks.</param>
/// <param name="Privacy">What privacy asks.</param>
public sealed record SetConstraints(
    string? Serving = null, string? Environment = null, double? LatencyMs = null, double? ThroughputQps = null, double? Budget = null, string? Timeline = null,
    string? Security = null, string? Privacy = null);

public sealed record ConstraintsSet(SetConstraints Constraints);

public static class SetConstraintsSlice
{
    public static Decision Decide(Project project, SetConstraints set) =>
        Fields.First(
            Fields.OneOf("serving", set.Serving, ["real-time", "batch"], required: false),
            Fields.OneOf("environment", set.Environment, ["cloud", "edge"], required: false),
            Fields.NotNegative("latencyMs", set.LatencyMs),
            Fields.NotNegative("throughputQps", set.ThroughputQps),
            Fields.NotNegative("budget", set.Budget),
            Fields.Text("timeline", set.Timeline, required: false),
            Fields.Text("security", set.Security, required: false),
            Fields.Text("privacy", set.Privacy, required: false)) is { } refusal ? refusal
        : project.Constraints == set ? Nothing
        : Accept(new ConstraintsSet(set));

    public static Task<IResult> Handle(SetConstraints command, Caller caller, IDocumentSession session, IfMatch ifMatch, CancellationToken ct) =>
        Scope.Change(caller, session, ifMatch, p => Decide(p, command), p => TypedResults.Ok(p.Constraints), ct);
}
