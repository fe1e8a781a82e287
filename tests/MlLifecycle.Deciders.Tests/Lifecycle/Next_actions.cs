using System.Text.RegularExpressions;
using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Gates;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

public sealed class Next_actions
{
    private readonly Story _story = new();

    [Fact]
    public void begin_with_the_problem_and_name_the_call_to_make()
    {
        var actions = Of(Told.Created);
        actions.Length.ShouldBe(5);
        var first = actions[0];
        (first.Action, first.Reason, first.Gate, first.Requirement).ShouldBe(("State the business problem", "Nobody has stated the business problem.", Stage.Scoping, ScopingGate.Problem));
        (first.Command!.Method, first.Command.Path).ShouldBe(("PUT", "/api/projects/fashion/problem"));
    }

    [Fact]
    public void follow_the_data_from_registration_to_split()
    {
        Of(Told.Scoped).Select(a => a.Action).ShouldBe(["Register a dataset"]);
        Of(Told.Registered(plan: null)).Select(a => a.Action).ShouldBe(["Stage files of garments and commit a version", "Plan how labels of garments come back from production"]);
        var actions = Of(Told.Committed(1));
        actions.Select(a => a.Action).ShouldBe([
            "Check garments@1 for coverage, labels and size", "Plan how labels of garments come back from production", "Split garments@1 into train, dev and test"]);
        actions[0].Command!.Path.ShouldBe("/api/projects/fashion/datasets/garments/versions/1/checks");
        Of(Told.Check(1, "coverage", passed: false))[0].Action.ShouldBe("Mend garments and commit a new version");
    }

    [Fact]
    public void lead_from_a_run_over_its_errors_to_the_tags_that_matter()
    {
        Of([.. Told.Scoped, .. Told.Sound]).Select(a => a.Action).ShouldBe(["Train a model and log the run"]);
        Of(Told.Run("r1", 0.8)).Select(a => a.Action).ShouldBe(["Upload the predictions of run boost-r1 for error analysis"]);
        Of(Told.Evaluated("r1"))[0].Command!.Path.ShouldBe($"/api/projects/fashion/evaluations/{Told.Evaluation}/priorities");
        var tag = Of(Told.Tag("class=Shirt")).Single(a => a.Requirement == ModelingGate.HighPriorityTags);
        (tag.Action, tag.Command!.Path).ShouldBe(("Work on tag class=Shirt, then close it", $"/api/projects/fashion/evaluations/{Told.Evaluation}/tags/class%3DShirt"));
    }

    [Fact]
    public void set_up_what_a_deployment_lacks()
    {
        Of([.. Told.Scoped, .. Told.Sound, .. Told.Modelled]).Length.ShouldBe(1);
        Of(Told.Started()).Select(a => a.Requirement)
            .ShouldBe([DeploymentGate.InputWatched, DeploymentGate.OutputWatched, DeploymentGate.SoftwareWatched, DeploymentGate.ReferenceProfile]);
    }

    [Fact]
    public void are_none_when_all_is_well_in_production() => Of(Told.Everything).ShouldBeEmpty();

    [Fact]
    public void put_the_alert_before_the_new_data()
    {
        var actions = Of([.. Told.Everything, Told.Raised()]);
        actions[0].Command!.Path.ShouldMatch("^/api/projects/fashion/timeline/[0-9a-f-]{36}/causes$");
        actions[1].Command!.Path.ShouldBe($"/api/projects/fashion/alerts/{Told.Alert}/resolve");
        actions[2].Action.ShouldBe("Stage files of garments and commit a version");
    }

    [Fact]
    public void say_that_the_way_is_open_where_a_person_holds_the_project()
    {
        _story.Hears(Told.Everything).Goes(Stage.Scoping);
        var actions = Of();
        actions[0].Action.ShouldBe("Move on to data");
        actions[0].Command!.Path.ShouldBe("/api/projects/fashion/lifecycle/transitions");
    }

    [Fact]
    public void always_have_a_reason_and_a_call_for_each_missing_requirement()
    {
        foreach (var fact in Told.Everything)
        {
            var actions = Of(fact);
            actions.ShouldAllBe(a => a.Reason.Length > 0 && a.Command != null && Regex.IsMatch(a.Command.Path, "^/(api|mlflow)/"));
            actions.Select(a => a.Action).ShouldBeUnique();
        }
    }

    private NextAction[] Of(params IntegrationEvent[] facts) => [.. NextActions.Of(_story.Hears(facts).Standing, _story.Now)];
}
