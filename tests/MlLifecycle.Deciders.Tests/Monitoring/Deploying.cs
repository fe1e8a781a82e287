using MlLifecycle.Monitoring.Deployments;
using MlLifecycle.Monitoring.References;
using Xunit;

namespace MlLifecycle.Monitoring;

public sealed class Deploying
{
    private static readonly StartDeployment Start = new("prod", "shirts", "canary", 2, "r1", RollbackTarget: "shirts 1");

    [Fact]
    public void says_what_was_left_open() => Spec.Given<Deployment>().When(d => Decide(d, Start)).Then(Told.Opened);

    [Fact]
    public void a_shadow_takes_no_traffic_and_nobody_acts_on_it() => Spec.Given<Deployment>()
        .When(d => Decide(d, new("prod", "shirts", "shadow", Window: new(Seconds: 3600))))
        .Then(Told.Opened with { Plan = new("prod", "shirts", null, null, "shadow", "shadow", null, 0, 100_000, 3600, 60) });

    [Fact]
    public void under_a_name_that_is_taken_is_refused() =>
        Spec.Given<Deployment>(Told.Opened).When(d => Decide(d, Start with { ModelVersion = 3 })).ThenRefused(409, "deployment-exists");

    [Fact]
    public void the_same_again_after_its_rollout_has_moved_is_nothing_new() =>
        Spec.Given<Deployment>(Told.Opened, new RolloutMoved(Told.Deployment, "prod", 1, "all is well")).When(d => Decide(d, Start)).ThenNothing();

    [Theory]
    [InlineData("name", "")]
    [InlineData("name", "a/b")]
    [InlineData("name", " prod")]
    [InlineData("name", "0192a000-0000-7000-8000-000000000001")]
    [InlineData("model", "")]
    [InlineData("rollout", "big-bang")]
    [InlineData("automation", "none")]
    [InlineData("rollbackTarget", "\u0000")]
    public void with_a_field_that_says_nothing_useful_is_refused_by_name(string field, string value) => Spec.Given<Deployment>().When(d => Decide(d, field switch
    {
        "name" => Start with { Name = value },
        "model" => Start with { Model = value },
        "rollout" => Start with { Rollout = value },
        "automation" => Start with { Automation = value },
        _ => Start with { RollbackTarget = value },
    })).ThenRefused(400, "invalid-input", field);

    [Fact]
    public void with_a_number_out_of_bounds_is_refused_by_name()
    {
        Refused(Start with { TrafficShare = double.NaN }, "trafficShare");
        Refused(Start with { TrafficShare = 1.5 }, "trafficShare");
        Refused(Start with { Rollout = "shadow", TrafficShare = 0.5 }, "trafficShare");
        Refused(Start with { ModelVersion = 0 }, "modelVersion");
        Refused(Start with { Window = new(Rows: 9) }, "window.rows");
        Refused(Start with { Window = new(Rows: 1_000_000) }, "window.rows");
        Refused(Start with { Window = new(Seconds: 0) }, "window.seconds");
        Refused(Start with { Window = new(GraceSeconds: 5) }, "window.graceSeconds");
    }

    [Fact]
    public void a_rollout_moves_once() => Spec.Given<Deployment>(Told.Opened)
        .When(d => MoveRolloutSlice.Decide(d, new(0.5, "all is well")))
        .Then(new RolloutMoved(Told.Deployment, "prod", 0.5, "all is well"));

    [Fact]
    public void a_rollout_moves_within_bounds_and_with_a_reason()
    {
        Spec.Given<Deployment>(Told.Opened).When(d => MoveRolloutSlice.Decide(d, new(1.01, "more"))).ThenRefused(400, "invalid-input", "trafficShare");
        Spec.Given<Deployment>(Told.Opened).When(d => MoveRolloutSlice.Decide(d, new(1, " "))).ThenRefused(400, "invalid-input", "reason");
        Spec.Given<Deployment>(Told.Opened with { Plan = Told.Plan with { Rollout = "shadow", TrafficShare = 0 } })
            .When(d => MoveRolloutSlice.Decide(d, new(1, "live"))).ThenRefused(409, "shadow-takes-no-traffic");
    }

    [Fact]
    public void a_reference_is_taken_once_for_the_same_file() => Spec.Given<Deployment>(Told.Opened)
        .When(d => TakeReferenceSlice.Decide(d, Told.Reference().Reference with { Id = Guid.NewGuid() }, Told.Now, "ada"))
        .ThenEvents();

    [Fact]
    public void another_file_is_another_reference() => Spec.Given<Deployment>(Told.Opened, Told.Reference())
        .When(d => TakeReferenceSlice.Decide(d, Told.Reference(source: "def").Reference, Told.Now, "ada")).Then(Told.Reference(source: "def"));

    private static void Refused(StartDeployment start, string field) => Spec.Given<Deployment>().When(d => Decide(d, start)).ThenRefused(400, "invalid-input", field);

    private static ServiceDefaults.Decisions.Decision Decide(Deployment deployment, StartDeployment start) =>
        StartDeploymentSlice.Decide(deployment, Told.Project, "fashion", start, Told.Now, "ada");
}
