using MlLifecycle.Contracts;
using MlLifecycle.Monitoring.Alerts;
using MlLifecycle.Monitoring.Windows;
using MlLifecycle.ServiceDefaults.Decisions;
using Shouldly;
using Xunit;

namespace MlLifecycle.Monitoring;

public sealed class Watching
{
    private static readonly DefineRule Dark = new("dark", "prod", "drift:brightness", Severity: "critical", Kind: "input");
    private static readonly DefineRule Slow = new("slow", "prod", "latencyMs:p95", 100, Kind: "software");

    [Fact]
    public void a_rule_is_defined_once() => Spec.Given<Deployment>(Told.Opened, Told.Reference()).When(d => Define(d, Dark with { Kind = null })).Then(Told.Rule(Dark));

    [Fact]
    public void a_threshold_moves_by_defining_the_rule_again() => Spec.Given<Deployment>(Told.Opened, Told.Rule(Slow))
        .When(d => Define(d, Slow with { Threshold = 200 })).Then(Told.Rule(Slow with { Threshold = 200 }));

    [Fact]
    public void drift_of_a_column_has_the_threshold_of_the_method_that_will_compare_it()
    {
        Threshold(Told.Reference(1000)).ShouldBe(0.05);
        Threshold(Told.Reference(1001)).ShouldBe(0.1);

        static double Threshold(params object[] known) =>
            Spec.Given<Deployment>([Told.Opened, .. known]).When(d => Define(d, Dark)).ThenEvents().OfType<RuleDefined>().Single().Threshold;
    }

    [Theory]
    [InlineData("drift:prediction", "output")]
    [InlineData("drift:share", "input")]
    [InlineData("missing:store", "input")]
    [InlineData("nullShare", "output")]
    [InlineData("prediction:Shirt", "output")]
    [InlineData("latencyMs:max", "software")]
    [InlineData("throughput", "software")]
    public void the_kind_follows_from_the_metric(string metric, string kind) =>
        Spec.Given<Deployment>(Told.Opened).When(d => Define(d, new("r", "prod", metric, 1))).ThenEvents().OfType<RuleDefined>().Single().Rule.Kind.ShouldBe(kind);

    [Fact]
    public void a_rule_that_cannot_be_is_refused_by_the_field_at_fault()
    {
        Refused(Slow with { Name = "a/b" }, "name");
        Refused(Slow with { Metric = "latencyMs:p42" }, "metric");
        Refused(Slow with { Metric = "drift:" }, "metric");
        Refused(Slow with { Metric = "happiness" }, "metric");
        Refused(Slow with { Threshold = double.NaN }, "threshold");
        Refused(Slow with { Threshold = null }, "threshold");
        Refused(Slow with { Direction = "sideways" }, "direction");
        Refused(Dark with { Direction = "below" }, "direction");
        Refused(Slow with { Severity = "fatal" }, "severity");
        Refused(Slow with { Kind = "output" }, "kind");
        Refused(Slow with { For = 0 }, "for");
    }

    [Fact]
    public void a_window_is_taken_in_once_and_drift_is_a_fact()
    {
        var events = Spec.Given<Deployment>(Told.Opened).When(d => Close(d, Told.Window(0, brightness: 0.4))).ThenEvents();
        events.Select(e => e.GetType()).ShouldBe([typeof(WindowClosed), typeof(DriftFound)]);
        var drift = events.OfType<DriftFound>().Single();
        (drift.Window.Number, drift.Share).ShouldBe((1, 1));
        drift.Drifted.ShouldBe([new ColumnDrift("brightness", "wasserstein", 0.4, 0.1)]);
    }

    [Fact]
    public void a_window_that_came_before_the_last_one_is_nothing_new()
    {
        Deployment(Told.Window(0), Told.Window(1)).When(d => Close(d, Told.Window(0))).ThenNothing();
        Deployment(Told.Window(0), Told.Window(1)).When(d => Close(d, Told.Window(1))).ThenNothing();
        Deployment(Told.Window(0), Told.Window(1)).When(d => Close(d, Told.Window(2))).ThenEvents().OfType<WindowClosed>().Single().Window.Number.ShouldBe(3);
    }

    [Fact]
    public void a_rule_fires_once_while_it_is_violated_and_ends_when_the_figure_comes_back() =>
        Alerting(Dark, Told.Window(0, 0.05), Told.Window(1, 0.4), Told.Window(2, 0.5), Told.Window(3, 0.01)).ShouldBe(["fired 2", "recovered"]);

    [Fact]
    public void a_p_value_is_drift_when_it_is_small()
    {
        Alerting(Dark, Told.Window(0, p: 0.8), Told.Window(1, p: 0.05), Told.Window(2, p: 0.051)).ShouldBe(["fired 2", "recovered"]);
        Alerting(Dark with { Threshold = 0.01 }, Told.Window(0, p: 0.04), Told.Window(1, p: 0.009)).ShouldBe(["fired 2"]);
    }

    [Fact]
    public void a_threshold_of_ones_own_counts_in_the_direction_of_the_method() =>
        Alerting(Dark with { Threshold = 0.45 }, Told.Window(0, 0.4), Told.Window(1, 0.45)).ShouldBe(["fired 2"]);

    [Fact]
    public void a_figure_at_its_threshold_is_not_beyond_it_unless_it_is_drift()
    {
        Alerting(Slow, Told.Window(0, latency: 100), Told.Window(1, latency: 100.1)).ShouldBe(["fired 2"]);
        Alerting(new("share", "prod", "drift:share", 1), Told.Window(0, 0.4)).ShouldBe(["fired 1"]);
        Alerting(new("nulls", "prod", "nullShare", 0.02), Told.Window(0, nullShare: 0.02), Told.Window(1, nullShare: 0.03)).ShouldBe(["fired 2"]);
        Alerting(Slow with { Direction = "below" }, Told.Window(0, latency: 100), Told.Window(1, latency: 99)).ShouldBe(["fired 2"]);
    }

    [Fact]
    public void a_window_without_the_figure_changes_nothing() =>
        Alerting(Slow with { For = 2 }, Told.Window(0, latency: 200), Told.Window(1), Told.Window(2, latency: 200), Told.Window(3), Told.Window(4, latency: 1)).ShouldBe(["fired 3", "recovered"]);

    [Fact]
    public void a_rule_can_wait_for_windows_in_a_row() =>
        Alerting(Slow with { For = 2 }, Told.Window(0, latency: 200), Told.Window(1, latency: 1), Told.Window(2, latency: 200), Told.Window(3, latency: 200)).ShouldBe(["fired 4"]);

    [Fact]
    public void an_alert_is_acknowledged_once_and_stays_open()
    {
        var (given, alert) = Fired();
        given.When(d => AcknowledgeAlertSlice.Decide(d, alert, new("on it"), Told.Now, "bob")).Then(new AlertAcknowledged(Told.Deployment, alert, "on it", Told.Now, "bob"));
    }

    [Fact]
    public void an_alert_is_resolved_once()
    {
        var (given, alert) = Fired();
        given.When(d => ResolveAlertSlice.Decide(d, alert, new("new lamp"), Told.Now, "bob"))
            .Then(new AlertEnded(alert, Told.Deployment, "prod", "slow", "resolved", "bob resolved it: new lamp", "new lamp", Told.Now, "bob"));
    }

    [Fact]
    public void an_alert_that_is_over_cannot_be_acknowledged()
    {
        var (given, alert) = Fired();
        var after = given.State.Evolve(new AlertEnded(alert, Told.Deployment, "prod", "slow", "recovered", "", null, Told.Now, "monitoring"));
        new When<Deployment>(after, d => AcknowledgeAlertSlice.Decide(d, alert, new(), Told.Now, "bob")).ThenRefused(409, "alert-over");
    }

    [Fact]
    public void an_alert_that_somebody_resolved_fires_again_when_the_violation_lasts()
    {
        var (given, alert) = Fired();
        var after = given.State.Evolve(new AlertEnded(alert, Told.Deployment, "prod", "slow", "resolved", "", null, Told.Now, "bob"));
        CloseWindowSlice.Decide(after, Told.Window(1, latency: 200), Told.Now).Events.OfType<AlertFired>().Single().Alert.Id.ShouldNotBe(alert);
    }

    private static Given<Deployment> Deployment(params WindowReport[] windows) => new(After([Told.Opened], windows, out _));

    private static (Given<Deployment> Given, Guid Alert) Fired()
    {
        var state = After([Told.Opened, Told.Rule(Slow)], [Told.Window(0, latency: 200)], out var events);
        return (new(state), events.OfType<AlertFired>().Single().Alert.Id);
    }

    private static List<string> Alerting(DefineRule rule, params WindowReport[] windows)
    {
        After([Told.Opened, Told.Rule(rule)], windows, out var events);
        return [.. events.Select(e => e switch { AlertFired f => $"fired {f.Alert.Window}", AlertEnded ended => ended.How, _ => "" }).Where(said => said.Length > 0)];
    }

    private static Deployment After(object[] given, WindowReport[] windows, out List<object> events)
    {
        events = [];
        var state = Spec.Given<Deployment>(given).State;
        foreach (var window in windows)
        {
            var decision = Close(state, window);
            events.AddRange(decision.Events);
            state = decision.Events.Aggregate(state, (s, e) => s.Evolve(e));
        }

        return state;
    }

    private static void Refused(DefineRule rule, string field) => Spec.Given<Deployment>(Told.Opened).When(d => Define(d, rule)).ThenRefused(400, "invalid-input", field);

    private static Decision Define(Deployment deployment, DefineRule rule) => DefineRuleSlice.Decide(deployment, rule, Told.Now, "ada");

    private static Decision Close(Deployment deployment, WindowReport window) => CloseWindowSlice.Decide(deployment, window, Told.Now);
}
