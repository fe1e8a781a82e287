using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Gates;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

public sealed class A_gate
{
    private readonly Story _story = new();

    [Fact]
    public void has_at_first_everything_missing_and_a_reason_for_it()
    {
        foreach (var requirement in Judgement.Catalogue.SelectMany(gate => gate.Requirements))
        {
            requirement.Status.ShouldBe(Status.Missing, requirement.Id);
            requirement.Evidence.ShouldBeNull();
            requirement.Why.ShouldEndWith(".");
        }
    }

    public static TheoryData<string, Func<IntegrationEvent[]>> FactsOfScoping => new()
    {
        { ScopingGate.Problem, () => [Told.Problem] },
        { ScopingGate.MlMetric, () => [Told.Metric("accuracy", "ml", 0.9)] },
        { ScopingGate.SoftwareMetric, () => [Told.Metric("latency", "software", 100)] },
        { ScopingGate.BusinessMetric, () => [Told.Metric("returns", "business", 0.05)] },
        { ScopingGate.PrimaryBaseline, () => [Told.Metric("accuracy", "ml", 0.9, primary: true), Told.Baseline(0.8)] },
        { ScopingGate.Milestone, () => [Told.Milestone()] },
    };

    [Theory]
    [MemberData(nameof(FactsOfScoping))]
    public void of_scoping_is_met_by_what_the_team_states(string requirement, Func<IntegrationEvent[]> facts)
    {
        _story.Hears(facts());
        var met = _story.Requirement(Stage.Scoping, requirement);
        met.Status.ShouldBe(Status.Met);
        met.Evidence!.At.ShouldBe(_story.Now);
        _story.Events.OfType<IntegrationEvent>().ShouldContain(fact => fact.EventId == met.Evidence.EventId);
    }

    [Fact]
    public void of_scoping_asks_for_targets_resources_and_days()
    {
        _story.Hears(Told.Metric("accuracy", "ml", null), Told.Metric("clicks", "output", 0.1), Told.Milestone(due: false));
        _story.Requirement(Stage.Scoping, ScopingGate.MlMetric).Why.ShouldBe("accuracy has no target yet.");
        _story.Requirement(Stage.Scoping, ScopingGate.Milestone).Status.ShouldBe(Status.Missing);
        _story.Hears(Told.Milestone(resources: false)).Requirement(Stage.Scoping, ScopingGate.Milestone).Status.ShouldBe(Status.Missing);
        _story.Hears(Told.Milestone()).Requirement(Stage.Scoping, ScopingGate.Milestone).Status.ShouldBe(Status.Met);
    }

    [Fact]
    public void of_scoping_wants_the_baseline_on_the_metric_that_is_primary_now()
    {
        _story.Hears(Told.Metric("accuracy", "ml", 0.9, primary: true), Told.Baseline(0.8));
        _story.Requirement(Stage.Scoping, ScopingGate.PrimaryBaseline).Status.ShouldBe(Status.Met);
        _story.Hears(Told.Metric("recall", "ml", 0.9, primary: true));
        _story.Requirement(Stage.Scoping, ScopingGate.PrimaryBaseline).Why.ShouldBe("No baseline is on recall, the primary metric.");
        _story.Hears(Told.Metric("recall", "ml", 0.9));
        _story.Requirement(Stage.Scoping, ScopingGate.PrimaryBaseline).Why.ShouldContain("none is said to be the primary");
    }

    [Fact]
    public void of_data_is_met_by_one_version_that_has_everything()
    {
        _story.Hears(Told.Scoped).Hears(Told.Registered(), Told.Committed(1));
        _story.Gate(Stage.Data).Missing.Select(r => r.Id).ShouldBe([DataGate.Coverage, DataGate.LabelConsistency, DataGate.Size, DataGate.Split]);
        _story.Hears(Told.Checked(1)).Hears(Told.Split(1, suited: false));
        _story.Requirement(Stage.Data, DataGate.Split).Why.ShouldContain("does not suit its size");
        _story.Hears(Told.Split(1)).Gate(Stage.Data).Open.ShouldBeTrue();
        _story.Hears(Told.Split(1, suited: false)).Gate(Stage.Data).Open.ShouldBeTrue();
    }

    [Fact]
    public void of_data_says_what_a_failed_check_found_and_looks_at_the_mended_version()
    {
        _story.Hears(Told.Scoped).Hears(Told.Registered(), Told.Committed(1), Told.Check(1, "coverage", passed: false));
        _story.Requirement(Stage.Data, DataGate.Coverage).Why.ShouldBe("garments@1, coverage failed: 2 of 9 cases are too few.");
        _story.Hears(Told.Committed(2));
        _story.Requirement(Stage.Data, DataGate.Coverage).Why.ShouldBe("Nobody has checked whether garments@2 covers the important cases.");
    }

    [Fact]
    public void of_data_stays_open_when_another_version_is_committed_afterwards()
    {
        _story.Hears(Told.Scoped).Hears(Told.Sound).Hears(Told.Committed(2), Told.Check(2, "coverage", passed: false));
        _story.Gate(Stage.Data).Open.ShouldBeTrue();
        _story.Requirement(Stage.Data, DataGate.Version).Evidence!.Summary.ShouldStartWith("garments@1");
        _story.Hears(Told.Check(2, "coverage"), Told.Check(2, "label-consistency"), Told.Check(2, "size"), Told.Split(2));
        _story.Requirement(Stage.Data, DataGate.Version).Evidence!.Summary.ShouldStartWith("garments@2");
    }

    [Fact]
    public void of_data_wants_a_plan_for_feedback()
    {
        _story.Hears(Told.Registered(plan: null), Told.Committed(1));
        _story.Requirement(Stage.Data, DataGate.Feedback).Status.ShouldBe(Status.Missing);
        _story.Hears(Told.Registered(plan: "labels within a week"));
        _story.Requirement(Stage.Data, DataGate.Feedback).Why.ShouldBe("Feedback on garments: labels within a week");
    }

    [Fact]
    public void of_modeling_names_all_that_a_run_lacks()
    {
        _story.Hears(Told.Scoped).Hears(Told.Sound);
        _story.Hears(Told.Run("r0", 0.99) with { Algorithm = null, Params = new Dictionary<string, string>(), Inputs = [new("garments", "deadbeefdead", "training")], Metrics = new Dictionary<string, double> { ["loss"] = 1 } });
        _story.Requirement(Stage.Modeling, ModelingGate.Run).Why
            .ShouldBe("Run boost-r0 lacks an algorithm, a dataset version of this project (garments deadbeefdead is none), hyper-parameters and the metric accuracy.");
    }

    [Fact]
    public void of_modeling_holds_the_run_against_target_and_baselines_in_the_metrics_direction()
    {
        _story.Hears(Told.Scoped).Hears(Told.Sound).Hears(Told.Run("r1", 0.83), Told.Evaluated("r1"));
        _story.Requirement(Stage.Modeling, ModelingGate.Target).Why.ShouldBe("accuracy 0.83 of run boost-r1 does not reach the target 0.9.");
        _story.Requirement(Stage.Modeling, ModelingGate.Baselines).Why.ShouldBe("accuracy 0.83 of run boost-r1 does not beat people (0.835).");
        _story.Hears(Told.Metric("accuracy", "ml", 0.85, primary: true, lower: true));
        _story.Requirement(Stage.Modeling, ModelingGate.Target).Status.ShouldBe(Status.Met);
        _story.Requirement(Stage.Modeling, ModelingGate.Baselines).Evidence!.Summary.ShouldBe("accuracy 0.83 of run boost-r1 beats people (0.835).");
    }

    [Fact]
    public void of_modeling_is_not_met_by_a_baseline_that_is_only_equalled_nor_by_one_of_several()
    {
        _story.Hears(Told.Scoped).Hears(Told.Sound).Hears(Told.Run("r1", 0.9), Told.Baseline(0.9, "paper"), Told.Baseline(0.97, "best paper"));
        _story.Requirement(Stage.Modeling, ModelingGate.Target).Status.ShouldBe(Status.Met);
        _story.Requirement(Stage.Modeling, ModelingGate.Baselines).Why.ShouldBe("accuracy 0.9 of run boost-r1 does not beat best paper (0.97) and paper (0.9).");
    }

    [Theory]
    [InlineData("FAILED")]
    [InlineData("KILLED")]
    public void of_modeling_counts_finished_runs_only(string status)
    {
        _story.Hears(Told.Scoped).Hears(Told.Sound).Hears(Told.Run("r1", 0.99, status: status));
        _story.Requirement(Stage.Modeling, ModelingGate.Run).Why.ShouldBe("No run has finished yet.");
    }

    [Fact]
    public void of_modeling_looks_at_the_latest_evaluated_run_and_keeps_one_that_was_good_enough()
    {
        _story.Hears(Told.Scoped).Hears(Told.Sound).Hears(Told.Tag("class=Shirt"), Told.Run("r1", 0.8), Told.Evaluated("r1"), Told.Run("r2", 0.95));
        _story.Requirement(Stage.Modeling, ModelingGate.Target).Why.ShouldContain("boost-r1");
        _story.Hears(Told.Evaluated("r2", Guid.CreateVersion7()));
        _story.Requirement(Stage.Modeling, ModelingGate.Target).Why.ShouldContain("boost-r2");
        _story.Hears(Told.Run("r3", 0.7), Told.Evaluated("r3", Guid.CreateVersion7()));
        _story.Requirement(Stage.Modeling, ModelingGate.Target).Why.ShouldContain("boost-r2");
    }

    [Fact]
    public void of_modeling_stays_closed_while_a_tag_of_high_priority_is_open()
    {
        _story.Hears(Told.Scoped).Hears(Told.Sound);
        _story.Requirement(Stage.Modeling, ModelingGate.HighPriorityTags).Status.ShouldBe(Status.Missing);
        _story.Hears(Told.Tag("class=Shirt"), Told.Tag("dark", priority: "low")).Hears(Told.Modelled);
        _story.Requirement(Stage.Modeling, ModelingGate.HighPriorityTags).Why.ShouldBe("class=Shirt is of high priority and open.");
        _story.Hears(Told.Tag("class=Shirt", open: false));
        var met = _story.Requirement(Stage.Modeling, ModelingGate.HighPriorityTags);
        met.Status.ShouldBe(Status.Met);
        met.Evidence!.At.ShouldBe(_story.Now);
    }

    [Fact]
    public void of_deployment_wants_a_way_back_eyes_and_a_reference()
    {
        _story.Hears(Told.Scoped).Hears(Told.Sound).Hears(Told.Modelled).Hears(Told.Started(back: null));
        _story.Gate(Stage.Deployment).Missing.Length.ShouldBe(5);
        _story.Requirement(Stage.Deployment, DeploymentGate.Deployment).Why.ShouldBe("Deployment shop does not say what traffic returns to when it fails.");
        _story.Hears(Told.Started(), Told.Reference(), Told.Rule("drift", "input", "drift:share"), Told.Rule("slow", "software", "latencyMs:p95"));
        _story.Gate(Stage.Deployment).Missing.Select(r => r.Id).ShouldBe([DeploymentGate.OutputWatched]);
        _story.Hears(Told.Rule("nulls", "output", "null-rate"));
        _story.Gate(Stage.Deployment).Open.ShouldBeTrue();
    }
}
