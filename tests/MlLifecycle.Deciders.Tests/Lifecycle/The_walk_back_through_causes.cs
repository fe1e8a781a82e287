using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Timeline;
using MlLifecycle.ServiceDefaults.Events;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

public sealed class The_walk_back_through_causes
{
    private readonly Story _story = new();

    private static IntegrationEvent[] Production =>
    [
        Told.Created, Told.Problem, Told.Metric("accuracy", "ml", 0.9, primary: true), Told.Registered(), Told.Committed(1), Told.Committed(2), Told.Run("r1", 0.93, version: 2),
        new ModelVersionRegistered("sorter", 1, "r1", "mlflow-artifacts:/1"), Told.Started(), Told.Reference(), Told.Rule("dark", "input", "drift:brightness"),
        new DriftDetected(Told.Deployment, "shop", 4, Story.Beginning, Story.Beginning, 1000, [new("brightness", "wasserstein", 0.3, 0.1)], 1), Told.Raised(),
    ];

    [Fact]
    public void goes_from_an_alert_to_the_scope_decision()
    {
        var walk = Walk(Entries(Production), nameof(AlertRaised));
        walk.Select(e => e.Subject).ShouldBe([
            $"alert:{Told.Alert}", "window:shop/4", "rule:shop/dark", "reference:shop", "deployment:shop", "model:sorter@1", "run:r1", "dataset:garments@2",
            "dataset:garments@1", "dataset:garments", "scope:metric/accuracy", "scope:problem/problem", "project"]);
    }

    [Fact]
    public void says_why_each_step_is_taken()
    {
        var entries = Entries(Production);
        Because(entries, nameof(AlertRaised), "window:shop/4").ShouldBe("Alert dark fired in this window.");
        Because(entries, nameof(DeploymentStarted), "model:sorter@1").ShouldBe("Deployment shop serves it.");
        Because(entries, nameof(RunFinished), "dataset:garments@2").ShouldBe("Run boost-r1 used it for training.");
        Because(entries, nameof(DatasetRegistered), "scope:problem/problem").ShouldBe("Dataset garments was registered for this problem.");
    }

    [Fact]
    public void finds_a_thing_that_is_named_before_it_is_heard_of()
    {
        var entries = Entries(Told.Evaluated("r1"), Told.Committed(1), Told.Run("r1", 0.9));
        Links(entries, nameof(EvaluationCompleted)).Count.ShouldBe(2);
    }

    [Fact]
    public void does_not_take_a_later_decision_for_a_cause()
    {
        var entries = Entries(Told.Registered(), Told.Problem);
        Links(entries, nameof(DatasetRegistered)).ShouldBeEmpty();
    }

    [Fact]
    public void takes_the_latest_word_before_the_effect()
    {
        var entries = Entries(Told.Started(), Told.Started(), Told.Reference(), Told.Started());
        var reference = entries.Single(e => e.Type == nameof(ReferenceProfileSet));
        Links(entries, nameof(ReferenceProfileSet)).Single().Cause.ShouldBe(entries[1].Id);
        reference.At.ShouldBeGreaterThan(entries[1].At);
    }

    [Fact]
    public void follows_what_directly_led_to_a_decision_of_this_service()
    {
        var alert = Entries(Told.Raised())[0];
        var origin = new Origin(Story.ProjectId, "fashion", "ada", "c", alert.Id.ToString());
        var opened = TimelineEntry.OfOwn(new Moves.SentBack(2, Gates.Stage.Data, alert.At, "drift", alert.At), Guid.CreateVersion7(), origin, alert.At.AddMicroseconds(1))!;
        var link = CausalWalk.Links(opened, [Landmark(alert)]).Single();
        (link.Cause, link.Because).ShouldBe((alert.Id, "It sent the project round again."));
        (opened.Type, opened.Subject).ShouldBe((nameof(IterationOpened), "iteration:2"));
    }

    [Fact]
    public void ends_although_two_facts_name_each_other()
    {
        var entries = Entries(Told.Run("r1", 0.9), Told.Run("r2", 0.9));
        CausalLink[] links = [new(entries[0].Id, entries[1].Id, ""), new(entries[1].Id, entries[0].Id, "")];
        CausalWalk.InOrder(entries[1], entries, links).Select(e => e.Id).ShouldBe([entries[1].Id, entries[0].Id]);
    }

    [Fact]
    public void has_a_sentence_and_a_subject_for_every_contract_and_reads_it_back()
    {
        IntegrationEvent[] all =
        [
            .. Production, Told.Resolved(), Told.Evaluated("r1"), Told.Tag("dark"), Told.Split(1), Told.Check(1, "size"), new MilestoneReached("release", "accuracy 0.93"),
            new ModelVersionPromoted("sorter", 1, "champion"), new RolloutChanged(Told.Deployment, "shop", 0.5, "it works"),
        ];
        var contracts = typeof(IntegrationEvent).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(IntegrationEvent)))
            .Except([typeof(StageEntered), typeof(GateChanged), typeof(IterationOpened)]);
        all.Select(fact => fact.GetType()).Distinct().ShouldBe(contracts, ignoreOrder: true);
        foreach (var entry in Entries(all))
        {
            entry.Subject.ShouldNotStartWith("fact:");
            entry.Summary.ShouldMatch(@"[.!?]$|raw$|0\.93$|works$|first release$|metric$");
            entry.Fact().ShouldBeEquivalentTo(Facts.Heard.Of(entry.Fact()).Read());
        }
    }

    private List<TimelineEntry> Entries(params IntegrationEvent[] facts) =>
        [.. facts.Select((fact, minute) => TimelineEntry.Of(_story.Told(fact, Story.Beginning.AddMinutes(minute))))];

    private static Landmark Landmark(TimelineEntry e) => new(e.Id, e.Subject, e.At, e.Digest);

    private static IReadOnlyList<CausalLink> Links(List<TimelineEntry> entries, string type) =>
        CausalWalk.Links(entries.First(e => e.Type == type), [.. entries.Select(Landmark)]);

    private static string Because(List<TimelineEntry> entries, string type, string subject) =>
        Links(entries, type).Single(link => link.Cause == entries.First(e => e.Subject == subject).Id).Because;

    private static IReadOnlyList<TimelineEntry> Walk(List<TimelineEntry> entries, string type)
    {
        var landmarks = entries.Select(Landmark).ToList();
        var start = entries.Single(e => e.Type == type);
        List<TimelineEntry> reached = [start];
        List<CausalLink> links = [];
        for (var i = 0; i < reached.Count; i++)
        {
            var found = CausalWalk.Links(reached[i], landmarks);
            links.AddRange(found);
            reached.AddRange(entries.Where(e => found.Any(l => l.Cause == e.Id) && !reached.Contains(e)));
        }

        return CausalWalk.InOrder(start, reached, links);
    }
}
