using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Moves;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

public sealed class A_project_moves
{
    private readonly Story _story = new();

    [Fact]
    public void into_scoping_with_its_first_fact_whichever_that_is()
    {
        _story.Hear(Told.Committed(1))[0].ShouldBeOfType<Moved>().ShouldBe(new Moved(Stage.Scoping, null, 1, "The project began.", _story.Now));
        _story.Hear(Told.Created).ShouldBeEmpty();
        _story.Standing.Name.ShouldBe("Fashion");
    }

    [Fact]
    public void forward_by_itself_when_the_last_requirement_is_met()
    {
        _story.Hears(Told.Scoped[..^1]);
        _story.Standing.Stage.ShouldBe(Stage.Scoping);
        var events = _story.Hear(Told.Scoped[^1]);
        events.ShouldBe([
            new RequirementTurned(Stage.Scoping, ScopingGate.Milestone, Status.Met, "Milestone release: the first release", _story.Now),
            new Moved(Stage.Data, Stage.Scoping, 1, "The gate of scoping is open: all 6 requirements are met.", _story.Now),
        ]);
    }

    [Fact]
    public void all_the_way_to_monitoring()
    {
        _story.Hears(Told.Everything);
        _story.Events.OfType<Moved>().Select(m => m.To).ShouldBe(StageNames.All);
        _story.Standing.Iteration.ShouldBe(1);
    }

    [Fact]
    public void through_several_gates_at_once_when_the_facts_were_there_before()
    {
        _story.Hears(Told.Sound).Hears(Told.Run("r1", 0.95), Told.Evaluated("r1")).Hears(Told.Scoped[..^1]);
        _story.Standing.Stage.ShouldBe(Stage.Scoping);
        _story.Hear(Told.Scoped[^1]).OfType<Moved>().Select(m => m.To).ShouldBe([Stage.Data, Stage.Modeling, Stage.Deployment]);
    }

    [Fact]
    public void forward_on_a_persons_word_through_open_gates_only()
    {
        _story.Hears(Told.Scoped);
        var refused = MoveProjectSlice.Decide(_story.Standing, new("modeling", "hurry"), _story.Now).Refusal!;
        (refused.Status, refused.Code).ShouldBe((409, "gate-closed"));
        refused.Detail.ShouldContain("dataset-version: No dataset is registered.");
    }

    [Theory]
    [InlineData("production", "now", "to")]
    [InlineData("Data", "now", "to")]
    [InlineData("data", " ", "reason")]
    public void only_where_there_is_a_stage_and_for_a_reason(string to, string reason, string field) =>
        MoveProjectSlice.Decide(_story.Standing, new(to, reason), _story.Now).Refusal!.Field.ShouldBe(field);

    [Fact]
    public void nowhere_when_it_is_there_already() =>
        MoveProjectSlice.Decide(_story.Hears(Told.Scoped).Standing, new("data", "again"), _story.Now).Events.ShouldBeEmpty();

    [Fact]
    public void back_on_a_persons_word_in_a_new_iteration()
    {
        _story.Hears(Told.Everything).Goes(Stage.Modeling);
        _story.Standing.Stage.ShouldBe(Stage.Modeling);
        _story.Standing.Iteration.ShouldBe(2);
        _story.Gate(Stage.Data).Open.ShouldBeTrue();
        _story.Gate(Stage.Modeling).Open.ShouldBeFalse();
        _story.Gate(Stage.Deployment).Open.ShouldBeFalse();
        _story.Events.OfType<SentBack>().Single().BackTo.ShouldBe(Stage.Modeling);
    }

    [Fact]
    public void back_to_scoping_and_stays_there_although_the_scope_still_stands()
    {
        _story.Hears(Told.Everything).Goes(Stage.Scoping);
        _story.Gate(Stage.Scoping).Open.ShouldBeTrue();
        _story.Hears(Told.Baseline(0.7, "older system"));
        _story.Standing.Stage.ShouldBe(Stage.Scoping);
        _story.Goes(Stage.Data).Standing.Stage.ShouldBe(Stage.Data);
        _story.Gate(Stage.Data).Open.ShouldBeFalse();
    }

    [Theory]
    [InlineData("drift:brightness", "warning", true)]
    [InlineData("latencyMs:p95", "critical", true)]
    [InlineData("latencyMs:p95", "warning", false)]
    public void back_to_data_when_a_grave_alert_is_raised_in_monitoring(string metric, string severity, bool back)
    {
        _story.Hears(Told.Everything);
        var events = _story.Hear(Told.Raised(metric, severity));
        _story.Standing.Stage.ShouldBe(back ? Stage.Data : Stage.Monitoring);
        if (back)
        {
            events[0].ShouldBe(new SentBack(2, Stage.Data, _story.Now, "Alert dark on deployment shop: Alert dark: The images are darker.", _story.Now));
            events[1].ShouldBeOfType<Moved>().From.ShouldBe(Stage.Monitoring);
        }
    }

    [Fact]
    public void back_once_however_many_alerts_there_are_and_however_often_they_are_told()
    {
        _story.Hears(Told.Everything).Hears(Told.Raised(), Told.Raised(), Told.Raised(alert: Guid.CreateVersion7()));
        _story.Standing.Iteration.ShouldBe(2);
        _story.Standing.Production.Alerts.Count.ShouldBe(2);
        _story.Hears(Told.Resolved());
        _story.Standing.Production.Alerts.Count.ShouldBe(1);
    }

    [Fact]
    public void back_at_once_when_the_alert_was_heard_before_the_gate_opened()
    {
        _story.Hears(Told.Everything[..^1]).Hears(Told.Raised());
        _story.Standing.Stage.ShouldBe(Stage.Deployment);
        _story.Hear(Told.Everything[^1]).OfType<Moved>().Select(m => m.To).ShouldBe([Stage.Monitoring, Stage.Data]);
    }

    [Fact]
    public void nowhere_for_an_alert_that_is_over_already()
    {
        _story.Hears(Told.Everything).Hears(Told.Resolved(), Told.Raised());
        _story.Standing.Stage.ShouldBe(Stage.Monitoring);
        _story.Standing.Production.Alerts.ShouldBeEmpty();
    }
}
