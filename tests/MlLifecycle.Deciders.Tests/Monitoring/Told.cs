using MlLifecycle.Monitoring.Alerts;
using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.Drift;
using MlLifecycle.Monitoring.References;
using MlLifecycle.Monitoring.Windows;

namespace MlLifecycle.Monitoring;

/// <summary>Facts and figures that the specs of Monitoring begin with.</summary>
internal static class Told
{
    public static readonly DateTimeOffset Now = new(2026, 3, 3, 12, 0, 0, TimeSpan.Zero);
    public static readonly Guid Project = Guid.Parse("0192a000-0000-7000-8000-0000000000aa");
    public static readonly Guid Deployment = Guid.Parse("0192a000-0000-7000-8000-000000000001");

    public static DeploymentPlan Plan => new("prod", "shirts", 2, "r1", "canary", "full", "shirts 1", 0.1, 500, null, 60);

    public static DeploymentOpened Opened => new(Project, "fashion", Plan, Now, "ada");

    public static ReferenceTaken Reference(long rows = 2000, string source = "abc") => new(
        Deployment, "prod", new(Guid.Parse("0192a000-0000-7000-8000-0000000000bb"), source, "images", 1, "a.csv", rows, rows, [], [], 0), Now, "ada");

    public static RuleDefined Rule(DefineRule rule) => new(Deployment, rule with { Kind = rule.Kind ?? "input" }, rule.Threshold ?? 0.1, Now, "ada");

    public static WindowReport Window(int part, double? brightness = null, double? latency = null, double nullShare = 0, double? p = null) => new(
        0, new(0, part), "rows", Now.AddMinutes(part), Now.AddMinutes(part + 1), 500, [], new(nullShare, [], 2, null),
        latency is { } ms ? new(500, ms, ms, ms, ms, ms) : null, null, null,
        brightness is null && p is null ? [] : [new("brightness", "number", p is null ? "wasserstein" : "kolmogorov-smirnov", brightness ?? 0.3, p, p is null ? 0.1 : 0.05, p is null ? brightness >= 0.1 : p <= 0.05, null, 0) { Mean = 0.2, ReferenceMean = 0.5 }],
        brightness is null && p is null ? null : brightness >= 0.1 || p <= 0.05 ? 1 : 0, brightness >= 0.1);
}
