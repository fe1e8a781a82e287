using MlLifecycle.Contracts;
using MlLifecycle.ErrorAnalysis;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Decisions;
using Shouldly;
using Xunit;

namespace MlLifecycle.Deciders.Tests.ErrorAnalysis;

public class Judging_a_tag
{
    private static readonly Evaluation Evaluation = Given.Evaluation(1000, 100, new TagCount("class=Shirt", 100, 40));

    [Fact]
    public void keeps_what_people_reach_on_it() => Decide(Given.Book(), new(HumanLevel: 0.8, Ease: 0.5))
        .Events.ShouldBe([Given.Appraised("class=Shirt", 0.8, 0.5)]);

    [Fact]
    public void leaves_what_is_not_said_as_it_was() => Decide(Given.Book(Given.Appraised("class=Shirt", 0.8, 0.5)), new(Importance: 1))
        .Events.ShouldBe([Given.Appraised("class=Shirt", 0.8, 0.5, 1)]);

    [Fact]
    public void opens_it_with_its_first_priority_and_tells_the_gain()
    {
        var decision = Decide(Given.Book(Given.Appraised("class=Shirt", 0.8)), new(Priority: "high", Notes: "worst class"));
        var set = decision.Events.ShouldHaveSingleItem().ShouldBeOfType<TagPrioritySet>();
        set.ShouldBe(new TagPrioritySet(Evaluation.Id, "baseline", "class=Shirt", "high", true, set.Gain, "worst class", Given.Now, "ann"));
        set.Gain!.Value.ShouldBe(0.02, 1e-12);
        Announcements.Of(set).ShouldBe(new TagPrioritized(Evaluation.Id, "baseline", "class=Shirt", "high", true, set.Gain, "worst class"));
    }

    [Fact]
    public void closes_it_without_changing_its_priority()
    {
        var book = Given.Book(new TagPrioritySet(Evaluation.Id, "baseline", "class=Shirt", "high", true, null, null, Given.Now, "ann"));
        var set = Decide(book, new(Open: false)).Events.ShouldHaveSingleItem().ShouldBeOfType<TagPrioritySet>();
        (set.Priority, set.Open).ShouldBe(("high", false));
        // and a new priority does not open it again by itself
        Decide(book.Evolve(set), new(Priority: "low")).Events.ShouldHaveSingleItem().ShouldBeOfType<TagPrioritySet>().Open.ShouldBeFalse();
    }

    [Fact]
    public void counts_the_new_human_level_in_the_gain_it_announces()
    {
        var events = Decide(Given.Book(), new(HumanLevel: 1, Priority: "high")).Events;
        events.Count.ShouldBe(2);
        events[1].ShouldBeOfType<TagPrioritySet>().Gain!.Value.ShouldBe(0.04, 1e-12);
    }

    [Fact]
    public void keeps_notes_beside_the_decision_when_there_is_one_and_beside_the_figures_otherwise()
    {
        Decide(Given.Book(), new(Notes: "look again")).Events.ShouldHaveSingleItem().ShouldBeOfType<TagAppraised>().Notes.ShouldBe("look again");
        var book = Given.Book(new TagPrioritySet(Evaluation.Id, "baseline", "class=Shirt", "low", true, null, null, Given.Now, "ann"));
        Decide(book, new(Notes: "look again")).Events.ShouldHaveSingleItem().ShouldBeOfType<TagPrioritySet>().Notes.ShouldBe("look again");
    }

    [Fact]
    public void twice_is_once()
    {
        var judge = new JudgeTag(0.8, 0.5, 1, "high", true, "worst class");
        var book = Given.Book();
        var first = Decide(book, judge);
        first.Events.Count.ShouldBe(2);
        Decide(first.Events.Aggregate(book, (b, e) => b.Evolve(e)), judge).ShouldBe(Decision.Nothing);
    }

    [Theory]
    [InlineData(-0.1, "humanLevel")]
    [InlineData(1.1, "humanLevel")]
    [InlineData(double.NaN, "humanLevel")]
    public void refuses_shares_outside_0_and_1(double value, string field) => Decide(Given.Book(), new(HumanLevel: value)).Refusal!.Field.ShouldBe(field);

    [Fact]
    public void refuses_a_priority_it_does_not_know() => Decide(Given.Book(), new(Priority: "urgent")).Refusal!.Field.ShouldBe("priority");

    [Fact]
    public void refuses_a_tag_that_the_evaluation_does_not_have() =>
        JudgeTagSlice.Decide(Given.Book(), Evaluation, "class=Coat", new(HumanLevel: 1), Given.Now, "ann").Refusal!.Code.ShouldBe("tag-unknown");

    [Fact]
    public void refuses_an_evaluation_that_is_not_there() =>
        JudgeTagSlice.Decide(Given.Book(), null, "class=Coat", new(HumanLevel: 1), Given.Now, "ann").Refusal!.Code.ShouldBe("evaluation-unknown");

    private static Decision Decide(TagBook book, JudgeTag judge) => JudgeTagSlice.Decide(book, Evaluation, "class=Shirt", judge, Given.Now, "ann");
}
