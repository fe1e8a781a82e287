using CsCheck;
using MlLifecycle.ErrorAnalysis.Tags;
using Shouldly;
using Xunit;

namespace MlLifecycle.Deciders.Tests.ErrorAnalysis;

public class Priorities_of_tags
{
    private static readonly PriorityWeights Even = new(1, 1, 1, 1);

    [Fact]
    public void weigh_room_frequency_ease_and_importance()
    {
        // Of two tags the second has half the room and half the frequency of the first, but is easy and important.
        var rows = TagTable.Of(
            Given.Evaluation(1000, 150, new TagCount("hard", 400, 120), new("easy", 200, 30)),
            Given.Book(Given.Appraised("hard", 0.9, 0, 0), Given.Appraised("easy", 0.95, 1, 1)));

        var even = Priorities.Rank(rows, Even);
        even.Select(r => (r.Tag, r.Rank)).ShouldBe([("easy", 1), ("hard", 2)]);
        even[0].Score.ShouldBe((0.5 + 0.5 + 1 + 1) / 4, 1e-9);
        even[1].Score.ShouldBe((1 + 1 + 0 + 0) / 4.0, 1e-9);

        Priorities.Rank(rows, new(1, 1, 0, 0))[0].Tag.ShouldBe("hard");
        Priorities.Rank(rows, new(0, 0, 0, 5))[0].Tag.ShouldBe("easy");
    }

    [Fact]
    public void say_why_in_words()
    {
        var rows = TagTable.Of(
            Given.Evaluation(1000, 150, new TagCount("known", 400, 120), new("unknown", 200, 30), new("done", 100, 1)),
            Given.Book(Given.Appraised("known", 0.9, 0.25), Given.Appraised("done", 0.9)));
        var reasons = Priorities.Rank(rows, Even).ToDictionary(r => r.Tag, r => r.Reason);
        reasons["known"].ShouldBe(
            "Accuracy 70.0% against a human level of 90.0%: 20.0% to gain on 40.0% of all examples, 8.00% of all. 80.0% of the errors carry it. Ease 0.25, importance not judged.");
        reasons["unknown"].ShouldStartWith("The human level is not known, so there is at most 15.0% to gain on 20.0% of all examples.");
        reasons["done"].ShouldStartWith("Accuracy 99.0% is at the human level of 90.0% already: no room.");
    }

    [Fact]
    public void are_empty_without_tags() => Priorities.Rank([], Even).ShouldBeEmpty();

    [Fact]
    public void have_scores_between_0_and_1_that_fall_with_the_rank_and_depend_on_the_proportions_of_the_weights_only() =>
        Gen.Select(Rows, Gen.Double[0, 9], Gen.Double[0, 9], Gen.Double[0, 9], Gen.Double[0.1, 9]).Sample((rows, room, frequency, ease, importance) =>
        {
            var ranked = Priorities.Rank(rows, new(room, frequency, ease, importance));
            ranked.Select(r => r.Rank).ShouldBe(Enumerable.Range(1, rows.Count));
            ranked.ShouldAllBe(r => r.Score >= 0 && r.Score <= 1 + 1e-12);
            ranked.Zip(ranked.Skip(1)).ShouldAllBe(pair => pair.First.Score >= pair.Second.Score);
            var doubled = Priorities.Rank(rows, new(2 * room, 2 * frequency, 2 * ease, 2 * importance));
            doubled.Zip(ranked).ShouldAllBe(pair => Math.Abs(pair.First.Score - pair.Second.Score) < 1e-12);
        });

    private static Gen<IReadOnlyList<TagRow>> Rows =>
        from tags in Gen.Select(Gen.Int[1, 500], Gen.Double[0, 1], Gen.Double[0, 1].Nullable(), Gen.Double[0, 1].Nullable()).Array[1, 12]
        select TagTable.Of(
            Given.Evaluation(5000, 4000, [.. tags.Select((t, i) => new TagCount($"tag {i}", t.Item1, (long)(t.Item1 * t.Item2)))]),
            Given.Book([.. tags.Select((t, i) => (object)Given.Appraised($"tag {i}", t.Item3, t.Item4))]));
}
