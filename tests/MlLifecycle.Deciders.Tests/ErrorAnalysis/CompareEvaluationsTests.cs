using MlLifecycle.ErrorAnalysis.Evaluations;
using MlLifecycle.ErrorAnalysis.Tags;
using Shouldly;
using Xunit;

namespace MlLifecycle.Deciders.Tests.ErrorAnalysis;

public class Comparing_two_evaluations
{
    [Fact]
    public void shows_regressions_first_those_beyond_chance_before_the_others()
    {
        var before = Given.Evaluation(1000, 100, new TagCount("worse", 200, 10), new("noise", 10, 1), new("better", 300, 60), new("gone", 5, 1));
        var after = Given.Evaluation(1000, 90, new TagCount("worse", 200, 40), new("noise", 10, 4), new("better", 300, 20), new("new", 7, 0));

        var comparison = CompareEvaluations.Compare(before, after);

        comparison.AccuracyChange.ShouldBe(0.01, 1e-12);
        comparison.Regressions.ShouldBe(2);
        comparison.Items.Select(i => (i.Tag, i.Regressed, i.Significant)).ShouldBe(
            [("worse", true, true), ("noise", true, false), ("better", false, true), ("gone", false, false), ("new", false, false)]);
        comparison.Items[0].ErrorRateChange!.Value.ShouldBe(0.15, 1e-12);
        comparison.Items[3].After.ShouldBeNull();
        comparison.Items[4].Before.ShouldBeNull();
    }

    /// <summary>20 of 200 against 30 of 200: z² = 16/7. Expected value from Python: <c>math.erfc(math.sqrt(16 / 7 / 2))</c>.</summary>
    [Fact]
    public void has_the_p_value_of_the_two_proportion_test() =>
        CompareEvaluations.Compare(Given.Evaluation(200, 10, new TagCount("t", 200, 20)), Given.Evaluation(200, 40, new TagCount("t", 200, 30)))
            .Items[0].PValue!.Value.ShouldBe(0.13057001811573626, 2e-7);

    [Fact]
    public void with_itself_changes_nothing()
    {
        var evaluation = Given.Evaluation(1000, 100, new TagCount("a", 200, 10), new("b", 10, 10), new("c", 10, 0));
        CompareEvaluations.Compare(evaluation, evaluation).Items.ShouldAllBe(i => i.ErrorRateChange == 0 && !i.Regressed && i.PValue > 0.999 && !i.Significant);
    }
}
