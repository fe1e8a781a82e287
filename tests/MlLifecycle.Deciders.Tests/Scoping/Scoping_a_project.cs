using MlLifecycle.Scoping.Baselines;
using MlLifecycle.Scoping.Metrics;
using MlLifecycle.Scoping.Milestones;
using MlLifecycle.Scoping.Problems;
using MlLifecycle.Scoping.Projects;
using MlLifecycle.Scoping.Solutions;
using Shouldly;
using Xunit;
using static MlLifecycle.Spec;
using Project = MlLifecycle.Scoping.Project;

namespace MlLifecycle.Scoping;

public static class Scoping_a_project
{
    private static readonly DateTimeOffset Now = new(2026, 3, 3, 9, 0, 0, TimeSpan.Zero);
    private static readonly ProjectOpened Opened = new("fashion", "Fashion", "Sort clothes", ["ada"], Now, "ada");
    private static readonly DefineMetric Accuracy = new("accuracy", "ml", "ratio", "higher", 0.9, Primary: true);
    private static readonly DefineMetric Loss = new("log_loss", "ml", "nats", "lower", 0.3);

    [Fact]
    public static void opens_it_once() =>
        Given<Project>().When(p => CreateProjectSlice.Decide(p, new("fashion", "Fashion", "Sort clothes", ["ada"]), Now, "ada")).Then(Opened);

    [Fact]
    public static void refuses_a_slug_that_another_project_has() =>
        Given<Project>(Opened).When(p => CreateProjectSlice.Decide(p, new("fashion", "Shoes"), Now, "ada")).ThenRefused(409, "project-exists");

    [Theory]
    [InlineData("")]
    [InlineData("F")]
    [InlineData("a b")]
    [InlineData("-a")]
    [InlineData("../etc")]
    [InlineData("ab\n")]
    public static void refuses_a_slug_that_is_none(string slug) =>
        Given<Project>().When(p => CreateProjectSlice.Decide(p, new(slug, "Name"), Now, "ada")).ThenRefused(400, "invalid-input", "slug");

    [Fact]
    public static void states_the_problem_once()
    {
        var problem = new StateProblem("Sort returns by kind of garment", OutOfScope: ["sizes"]);
        Given<Project>(Opened).When(p => StateProblemSlice.Decide(p, problem)).Then(new ProblemStated(problem));
    }

    [Fact]
    public static void sets_constraints_once() =>
        Given<Project>(Opened).When(p => SetConstraintsSlice.Decide(p, new("real-time", "cloud", 50))).Then(new ConstraintsSet(new("real-time", "cloud", 50)));

    [Fact]
    public static void refuses_a_negative_latency() =>
        Given<Project>(Opened).When(p => SetConstraintsSlice.Decide(p, new(LatencyMs: -1))).ThenRefused(400, "invalid-input", "latencyMs");

    [Fact]
    public static void proposes_a_solution_once() =>
        Given<Project>(Opened).When(p => ProposeSolutionSlice.Decide(p, new("trees", "Boosted trees", "high", "medium")))
            .Then(new SolutionProposed(new("trees", "Boosted trees", "high", "medium")));

    [Theory]
    [InlineData("ml")]
    [InlineData("software")]
    [InlineData("business")]
    [InlineData("input")]
    [InlineData("output")]
    public static void defines_a_metric_of_each_kind_once(string kind) =>
        Given<Project>(Opened).When(p => DefineMetricSlice.Decide(p, Accuracy with { Kind = kind })).Then(new MetricDefined(Accuracy with { Kind = kind }));

    [Fact]
    public static void moves_a_target_by_defining_the_metric_again()
    {
        var given = Given<Project>(Opened, new MetricDefined(Accuracy));
        given.When(p => DefineMetricSlice.Decide(p, Accuracy with { Target = 0.92 })).Then(new MetricDefined(Accuracy with { Target = 0.92 }));
        given.State.Evolve(new MetricDefined(Accuracy with { Target = 0.92 })).Metrics.Single().Target.ShouldBe(0.92);
    }

    [Fact]
    public static void has_one_primary_metric_of_a_kind()
    {
        var state = Given<Project>(Opened, new MetricDefined(Accuracy), new MetricDefined(Loss with { Primary = true })).State;
        state.Metrics.Single(m => m.Primary).Name.ShouldBe("log_loss");
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    public static void refuses_a_share_that_is_none(double target) =>
        Given<Project>(Opened).When(p => DefineMetricSlice.Decide(p, Accuracy with { Target = target })).ThenRefused(400, "invalid-input", "target");

    [Theory]
    [InlineData("human-level")]
    [InlineData("quick-implementation")]
    [InlineData("literature")]
    [InlineData("previous-system")]
    public static void records_a_baseline_of_each_kind_once(string kind)
    {
        var baseline = new RecordBaseline("human", kind, "accuracy", 0.835, "The dataset's documentation");
        Given<Project>(Opened, new MetricDefined(Accuracy)).When(p => RecordBaselineSlice.Decide(p, baseline)).Then(new BaselineRecorded(baseline));
    }

    [Fact]
    public static void refuses_a_baseline_on_a_metric_nobody_defined() =>
        Given<Project>(Opened).When(p => RecordBaselineSlice.Decide(p, new("human", "human-level", "acuracy", 0.8, "x"))).ThenRefused(400, "invalid-input", "metric");

    [Fact]
    public static void plans_a_milestone_once()
    {
        var plan = new PlanMilestone("first", new DateOnly(2026, 6, 1), [new("accuracy", 0.9)], "two people", "six weeks");
        Given<Project>(Opened, new MetricDefined(Accuracy)).When(p => PlanMilestoneSlice.Decide(p, plan)).Then(new MilestonePlanned(plan));
    }

    [Fact]
    public static void names_the_target_that_is_wrong() =>
        Given<Project>(Opened, new MetricDefined(Accuracy))
            .When(p => PlanMilestoneSlice.Decide(p, new("first", Targets: [new("accuracy", 0.9), new("speed", 3)])))
            .ThenRefused(400, "invalid-input", "targets[1].metric");

    [Fact]
    public static void a_run_short_of_the_target_is_progress()
    {
        var planned = new MilestonePlanned(new("first", Targets: [new("accuracy", 0.9)]));
        Given<Project>(Opened, new MetricDefined(Accuracy), planned)
            .When(p => TrackMilestonesSlice.Decide(p, new("run-1", new Dictionary<string, double> { ["accuracy"] = 0.85 })))
            .Then(new MilestoneProgressed("first", "accuracy", 0.85, "run-1"));
    }

    [Fact]
    public static void a_milestone_is_reached_when_all_its_figures_are()
    {
        var planned = new MilestonePlanned(new("first", Targets: [new("accuracy", 0.9), new("log_loss", 0.3)]));
        var half = new MilestoneProgressed("first", "accuracy", 0.91, "run-1");
        Given<Project>(Opened, new MetricDefined(Accuracy), new MetricDefined(Loss), planned, half)
            .When(p => TrackMilestonesSlice.Decide(p, new("run-2", new Dictionary<string, double> { ["log_loss"] = 0.29, ["accuracy"] = 0.905 })))
            .Then(new MilestoneProgressed("first", "log_loss", 0.29, "run-2"), new MilestoneCompleted("first", "accuracy 0.91, log_loss 0.29 (run-2)"));
    }
}
