using CsCheck;
using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Moves;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

public sealed class Facts_that_overtake_each_other
{
    private static readonly IntegrationEvent[] Story =
    [
        .. Told.Everything,
        Told.Metric("accuracy", "ml", 0.92, primary: true),
        Told.Baseline(0.9),
        Told.Registered(plan: "labels the same day"),
        Told.Committed(2),
        Told.Check(2, "coverage", passed: false),
        Told.Check(2, "coverage"),
        Told.Split(1, suited: false),
        Told.Run("r2", 0.91),
        Told.Evaluated("r2", Guid.Parse("0192a000-0000-7000-8000-00000000e002")),
        Told.Tag("class=Shirt"),
        Told.Tag("class=Shirt", open: false),
        Told.Started(),
        Told.Raised("latencyMs:p95"),
        Told.Resolved(),
    ];

    [Fact]
    public void lead_to_the_same_verdict_in_whatever_order_they_are_heard()
    {
        var teller = new Story();
        IntegrationEvent[] told = [.. Story.Select((fact, minute) => teller.Told(fact, Lifecycle.Story.Beginning.AddMinutes(minute)))];
        var expected = Verdict(told);
        expected.Stage.ShouldBe(Stage.Monitoring);
        Gen.Shuffle(told).Sample(shuffled => Verdict(shuffled) == expected, iter: 300);
    }

    [Fact]
    public void have_no_further_effect_when_they_are_heard_twice()
    {
        var story = new Story();
        foreach (var fact in Story)
        {
            story.Hear(fact);
            var heard = story.Events.OfType<IntegrationEvent>().Last();
            HearFact.Decide(story.Standing, heard, null, story.Now).Events.ShouldBe([heard]);
        }
    }

    private static (Stage? Stage, string Gates) Verdict(IEnumerable<IntegrationEvent> facts)
    {
        var now = Lifecycle.Story.Beginning.AddDays(1);
        var standing = facts.Aggregate(
            Standing.Initial(Lifecycle.Story.ProjectId),
            (before, fact) => HearFact.Decide(before, fact, null, now).Events.Aggregate(before, (s, e) => s.Evolve(e)));
        return (standing.Stage, string.Join('\n', Judgement.Of(standing, now).SelectMany(g => g.Requirements)));
    }
}
