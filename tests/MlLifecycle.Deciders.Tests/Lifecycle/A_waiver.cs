using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Moves;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

public sealed class A_waiver
{
    private readonly Story _story = new Story().Hears(Told.Scoped);

    [Fact]
    public void lets_a_gate_open_and_the_project_move_on()
    {
        _story.Hears(Told.Registered(plan: null), Told.Committed(1)).Hears(Told.Checked(1)).Hears(Told.Split(1));
        var events = _story.Once((s, now) => WaiveRequirementSlice.Decide(s, new("data", DataGate.Feedback, "a pilot"), "ada", now));
        events.ShouldBe([
            new RequirementWaived(new(Stage.Data, DataGate.Feedback, "ada", "a pilot", null, _story.Now)),
            new RequirementTurned(Stage.Data, DataGate.Feedback, Status.Waived, "Waived by ada for this iteration: a pilot", _story.Now),
            new Moved(Stage.Modeling, Stage.Data, 1, "The gate of data is open: 5 requirements are met, 1 waived.", _story.Now),
        ]);
    }

    [Fact]
    public void steps_back_when_the_requirement_is_met_after_all()
    {
        _story.Hears(Told.Committed(1)).Waives(Stage.Data, DataGate.Coverage).Hears(Told.Check(1, "coverage"));
        _story.Requirement(Stage.Data, DataGate.Coverage).Status.ShouldBe(Status.Met);
    }

    [Fact]
    public void may_be_given_anew_for_longer()
    {
        var until = _story.Now.AddDays(1);
        _story.Waives(Stage.Data, DataGate.Size, until).Waives(Stage.Data, DataGate.Size, until.AddDays(1));
        _story.Standing.Waivers.Single().Until.ShouldBe(until.AddDays(1));
    }

    [Fact]
    public void ends_by_itself_at_its_time_and_that_goes_on_record_once()
    {
        var until = _story.Now.AddHours(1);
        _story.Waives(Stage.Data, DataGate.Size, until);
        _story.Standing.NextExpiry.ShouldBe(until);
        ExpireWaivers.Decide(_story.Standing, until.AddTicks(-1)).Events.ShouldBeEmpty();
        _story.Waits(TimeSpan.FromHours(2)).Requirement(Stage.Data, DataGate.Size).Status.ShouldBe(Status.Missing);
        var events = _story.Once(ExpireWaivers.Decide);
        events.ShouldBe([
            new WaiverExpired(Stage.Data, DataGate.Size, "ada", until, _story.Now),
            new RequirementTurned(Stage.Data, DataGate.Size, Status.Missing, "There is no dataset version to check yet.", _story.Now),
        ]);
        _story.Standing.NextExpiry.ShouldBeNull();
    }

    [Fact]
    public void that_ends_leaves_the_project_where_it_is_and_says_what_to_mend()
    {
        _story.Hears(Told.Registered(plan: null), Told.Committed(1)).Hears(Told.Checked(1)).Hears(Told.Split(1)).Waives(Stage.Data, DataGate.Feedback, _story.Now.AddHours(1));
        _story.Standing.Stage.ShouldBe(Stage.Modeling);
        _story.Waits(TimeSpan.FromHours(2)).Once(ExpireWaivers.Decide);
        _story.Standing.Stage.ShouldBe(Stage.Modeling);
        var mend = NextActions.Of(_story.Standing, _story.Now)[^1];
        (mend.Gate, mend.Requirement).ShouldBe((Stage.Data, DataGate.Feedback));
        mend.Reason.ShouldStartWith("The gate of data was passed, but no longer holds");
    }

    [Theory]
    [InlineData("monitoring", "size", "why", null, "gate")]
    [InlineData("data", "problem", "why", null, "requirement")]
    [InlineData("data", "size", "", null, "reason")]
    [InlineData("data", "size", "why", -1, "until")]
    public void names_a_requirement_a_reason_and_a_time_to_come(string gate, string requirement, string reason, int? minutes, string field)
    {
        var until = minutes is { } m ? _story.Now.AddMinutes(m) : (DateTimeOffset?)null;
        var refusal = WaiveRequirementSlice.Decide(_story.Standing, new(gate, requirement, reason, until), "ada", _story.Now).Refusal!;
        (refusal.Status, refusal.Field).ShouldBe((400, field));
    }

    [Fact]
    public void has_a_reason_of_bounded_length() =>
        WaiveRequirementSlice.Decide(_story.Standing, new("data", "size", new string('x', 1001)), "ada", _story.Now).Refusal!.Field.ShouldBe("reason");
}
