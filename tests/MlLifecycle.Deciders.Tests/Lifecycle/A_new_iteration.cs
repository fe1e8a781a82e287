using MlLifecycle.Lifecycle.Gates;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

public sealed class A_new_iteration
{
    private readonly Story _story = new Story().Hears(Told.Everything).Hears(Told.Raised());

    [Fact]
    public void keeps_the_scope_and_asks_for_new_data_runs_and_rollouts()
    {
        _story.Gate(Stage.Scoping).Open.ShouldBeTrue();
        Missing(Stage.Data).ShouldBe([DataGate.Version, DataGate.Coverage, DataGate.LabelConsistency, DataGate.Size, DataGate.Split]);
        Missing(Stage.Modeling).ShouldBe([ModelingGate.Run, ModelingGate.Target, ModelingGate.Baselines, ModelingGate.ErrorAnalysis, ModelingGate.HighPriorityTags]);
        Missing(Stage.Deployment).Length.ShouldBe(5);
        _story.Requirement(Stage.Data, DataGate.Version).Why.ShouldContain("the iteration before");
    }

    [Fact]
    public void is_not_served_by_a_check_of_old_data()
    {
        _story.Hears(Told.Checked(1)).Hears(Told.Split(1));
        Missing(Stage.Data).ShouldContain(DataGate.Coverage);
    }

    [Fact]
    public void goes_round_with_new_facts()
    {
        var deployment = Guid.CreateVersion7();
        _story.Hears(Told.Committed(2)).Hears(Told.Checked(2)).Hears(Told.Split(2));
        _story.Standing.Stage.ShouldBe(Stage.Modeling);
        _story.Hears(Told.Run("r2", 0.94, version: 2), Told.Evaluated("r2", Guid.CreateVersion7()));
        _story.Standing.Stage.ShouldBe(Stage.Deployment);
        _story.Hears(
            Told.Started(deployment, "shop-2"), Told.Reference(deployment, "shop-2"), Told.Rule("drift", "input", "drift:share", deployment),
            Told.Rule("nulls", "output", "null-rate", deployment), Told.Rule("slow", "software", "volume", deployment));
        _story.Standing.Stage.ShouldBe(Stage.Monitoring);
        _story.Standing.Iteration.ShouldBe(2);
    }

    [Fact]
    public void lets_the_same_deployment_start_again_with_the_rules_it_has_but_a_new_reference()
    {
        _story.Hears(Told.Committed(2)).Hears(Told.Checked(2)).Hears(Told.Split(2)).Hears(Told.Run("r2", 0.94, version: 2), Told.Evaluated("r2", Guid.CreateVersion7()), Told.Started());
        Missing(Stage.Deployment).ShouldBe([DeploymentGate.ReferenceProfile]);
        _story.Hears(Told.Reference()).Standing.Stage.ShouldBe(Stage.Monitoring);
    }

    [Fact]
    public void counts_a_run_that_was_heard_late_by_when_it_happened()
    {
        var late = _story.Told(Told.Run("late", 0.99), Story.Beginning);
        _story.Decide(s => Moves.HearFact.Decide(s, late, null, _story.Now));
        _story.Requirement(Stage.Modeling, ModelingGate.Run).Status.ShouldBe(Status.Missing);
    }

    [Fact]
    public void ends_the_waivers_that_were_given_for_the_one_before()
    {
        var story = new Story().Hears(Told.Scoped);
        var until = story.Now.AddDays(1);
        story.Waives(Stage.Data, DataGate.Feedback).Waives(Stage.Data, DataGate.Size, until).Goes(Stage.Scoping).Goes(Stage.Data);
        story.Requirement(Stage.Data, DataGate.Feedback).Status.ShouldBe(Status.Missing);
        story.Requirement(Stage.Data, DataGate.Size).Status.ShouldBe(Status.Waived);
    }

    private string[] Missing(Stage gate) => [.. _story.Gate(gate).Missing.Select(r => r.Id)];
}
