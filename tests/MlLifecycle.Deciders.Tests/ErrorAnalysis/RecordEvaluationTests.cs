using MlLifecycle.Contracts;
using MlLifecycle.ErrorAnalysis;
using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Decisions;
using Shouldly;
using Xunit;

namespace MlLifecycle.Deciders.Tests.ErrorAnalysis;

public class Recording_an_evaluation
{
    private static readonly Evaluation Empty = Evaluation.Initial(Evaluation.IdOf(Given.Project, "baseline"));

    [Fact]
    public void keeps_what_the_table_came_to_and_announces_it()
    {
        var ask = Given.Ask() with { Run = "r1", Dataset = "images", Version = 3 };
        var recorded = Decide(Empty, ask).Events.ShouldHaveSingleItem();
        var evaluation = Empty.Evolve(recorded);
        evaluation.Tags.ShouldBe([new TagCount("blurry", 4, 2)]);
        evaluation.Table.ShouldBe("ff");
        Announcements.Of(recorded).ShouldBe(new EvaluationCompleted(Empty.Id, "baseline", "r1", "images", 3, 10, 3, 0.7, 1));
    }

    [Fact]
    public void twice_is_once() => Decide(Given.Evaluation(10, 3), Given.Ask()).ShouldBe(Decision.Nothing);

    [Fact]
    public void twice_is_once_whichever_tag_columns_were_asked_for()
    {
        var ask = Given.Ask() with { Columns = new(Tags: ["brightness"]) };
        var evaluation = Empty.Evolve(Decide(Empty, ask).Events[0]);
        Decide(evaluation, Given.Ask() with { Columns = new(Tags: ["brightness"]) }).ShouldBe(Decision.Nothing);
        Decide(evaluation, Given.Ask()).Refusal!.Code.ShouldBe("evaluation-exists");
    }

    [Fact]
    public void refuses_another_table_under_the_same_name() =>
        Decide(Given.Evaluation(10, 3), Given.Ask(upload: "bb")).Refusal!.Code.ShouldBe("evaluation-exists");

    [Fact]
    public void refuses_the_same_table_of_another_run_under_the_same_name() =>
        Decide(Given.Evaluation(10, 3), Given.Ask() with { Run = "r2" }).Refusal!.Status.ShouldBe(409);

    [Fact]
    public void has_an_id_that_follows_from_project_and_name()
    {
        Evaluation.IdOf(Given.Project, "baseline").ShouldBe(Empty.Id);
        Evaluation.IdOf(Guid.Empty, "baseline").ShouldNotBe(Empty.Id);
        Evaluation.IdOf(Given.Project, "other").ShouldNotBe(Empty.Id);
    }

    private static Decision Decide(Evaluation evaluation, RecordEvaluation ask) =>
        RecordEvaluationSlice.Decide(evaluation, Given.Project, ask, Given.Facts(10, 3, new TagCount("blurry", 4, 2)), Given.Now, "ann");
}
