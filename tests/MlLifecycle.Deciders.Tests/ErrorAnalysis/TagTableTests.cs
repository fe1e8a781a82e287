using CsCheck;
using MlLifecycle.ErrorAnalysis.Tags;
using Shouldly;
using Xunit;

namespace MlLifecycle.Deciders.Tests.ErrorAnalysis;

public class The_tag_table
{
    /// <summary>Ng, error analysis of speech recognition: accuracy 94, 89, 87, 70 %; human level 95, 93, 89, 70 %; share of the data 60, 4, 30, 6 %.</summary>
    [Fact]
    public void agrees_with_the_published_example()
    {
        var evaluation = Given.Evaluation(
            10_000, 984, new TagCount("clean speech", 6_000, 360), new("car noise", 400, 44), new("people noise", 3_000, 390), new("low bandwidth", 600, 180));
        var book = Given.Book(
            Given.Appraised("clean speech", 0.95), Given.Appraised("car noise", 0.93), Given.Appraised("people noise", 0.89), Given.Appraised("low bandwidth", 0.70));

        var rows = TagTable.Of(evaluation, book).ToDictionary(row => row.Tag);

        rows["clean speech"].Room!.Value.ShouldBe(0.01, 1e-12);
        rows["clean speech"].Prevalence.ShouldBe(0.60, 1e-12);
        rows["clean speech"].Gain!.Value.ShouldBe(0.006, 1e-12);
        rows["car noise"].Gain!.Value.ShouldBe(0.0016, 1e-12);
        rows["people noise"].Gain!.Value.ShouldBe(0.006, 1e-12);
        rows["low bandwidth"].Gain!.Value.ShouldBe(0, 1e-12);
        rows["car noise"].ErrorRate.ShouldBe(0.11, 1e-12);
        rows["car noise"].ShareOfErrors.ShouldBe(44.0 / 984, 1e-12);
    }

    [Fact]
    public void has_no_room_where_the_model_is_better_than_people() =>
        TagTable.Of(Given.Evaluation(100, 5, new TagCount("blurry", 50, 1)), Given.Book(Given.Appraised("blurry", 0.9)))[0].Gain.ShouldBe(0);

    [Fact]
    public void leaves_room_and_gain_open_while_the_human_level_is_not_known()
    {
        var row = TagTable.Of(Given.Evaluation(100, 5, new TagCount("blurry", 50, 1)), Given.Book())[0];
        row.Room.ShouldBeNull();
        row.Gain.ShouldBeNull();
        row.Open.ShouldBeFalse();
    }

    [Fact]
    public void has_no_shares_of_nothing()
    {
        var row = TagTable.Of(Given.Evaluation(10, 0, new TagCount("blurry", 5, 0)), Given.Book())[0];
        row.ShareOfErrors.ShouldBe(0);
        row.Accuracy.ShouldBe(1);
    }

    [Fact]
    public void puts_the_most_to_gain_first_and_the_most_errors_next()
    {
        var evaluation = Given.Evaluation(100, 40, new TagCount("a", 10, 1), new("b", 10, 9), new("c", 50, 30));
        TagTable.Of(evaluation, Given.Book(Given.Appraised("a", 1))).Select(row => row.Tag).ShouldBe(["a", "c", "b"]);
    }

    [Fact]
    public void has_shares_between_0_and_1_that_agree_with_each_other() => Tables.Sample(
        (tags, human) =>
        {
            var examples = tags.Sum(t => t.Examples);
            var errors = tags.Sum(t => t.Errors);
            var rows = TagTable.Of(Given.Evaluation(examples, errors, tags), Given.Book([.. tags.Select(t => (object)Given.Appraised(t.Tag, human))]));
            rows.Count.ShouldBe(tags.Length);
            foreach (var row in rows)
            {
                foreach (var share in new[] { row.ShareOfErrors, row.ErrorRate, row.Accuracy, row.Prevalence, row.Room!.Value, row.Gain!.Value })
                    share.ShouldBeInRange(0, 1);
                (row.ErrorRate + row.Accuracy).ShouldBe(1, 1e-12);
                row.Gain.Value.ShouldBeLessThanOrEqualTo(Math.Min(row.Room.Value, row.Prevalence));
                row.Gain.Value.ShouldBeLessThanOrEqualTo(row.Prevalence * row.ErrorRate + 1e-12); // nobody gains more than all its errors
            }

            // These tags do not overlap and leave no example out: then, and only then, the shares add up.
            rows.Sum(row => row.Prevalence).ShouldBe(1, 1e-9);
            rows.Sum(row => row.ShareOfErrors).ShouldBe(errors == 0 ? 0 : 1, 1e-9);
        });

    [Fact]
    public void does_not_depend_on_the_order_of_the_tags() => Tables.Sample(
        (tags, human) =>
        {
            object[] known = [.. tags.Take(tags.Length / 2).Select(t => (object)Given.Appraised(t.Tag, human))];
            var once = TagTable.Of(Given.Evaluation(100_000, 90_000, tags), Given.Book(known));
            var reversed = TagTable.Of(Given.Evaluation(100_000, 90_000, [.. tags.Reverse()]), Given.Book([.. known.Reverse()]));
            reversed.ShouldBe(once);
        });

    private static Gen<(TagCount[] Tags, double Human)> Tables =>
        from counts in Gen.Select(Gen.Int[1, 1000], Gen.Double[0, 1]).Array[1, 20]
        from human in Gen.Double[0, 1]
        select (counts.Select((c, i) => new TagCount($"tag {i}", c.Item1, (long)(c.Item1 * c.Item2))).ToArray(), human);
}
