using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Facts;
using MlLifecycle.Lifecycle.Gates;
using MlLifecycle.Lifecycle.Moves;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

public sealed class A_sweep_of_runs
{
    private readonly Story _story = new Story().Hears(Told.Scoped).Hears(Told.Sound);

    [Fact]
    public void does_not_swell_the_standing()
    {
        _story.Hears(Told.Run("good", 0.95), Told.Evaluated("good", Guid.CreateVersion7()), Told.Tag("dark"));
        _story.Hears(Enumerable.Range(0, 200).Select(i => Told.Run($"sweep-{i}", 0.5)));
        _story.Standing.Models.Runs.Count.ShouldBe(ModelFacts.Kept + 1);
        _story.Requirement(Stage.Modeling, ModelingGate.Run).Why.ShouldContain("boost-good");
    }

    [Fact]
    public void gives_back_the_run_whose_evaluation_comes_long_after()
    {
        _story.Hears(Told.Run("best", 0.97));
        var best = _story.Events.OfType<RunFinished>().Single();
        _story.Hears(Enumerable.Range(0, 50).Select(i => Told.Run($"sweep-{i}", 0.5)));
        _story.Standing.Models.Knows("best").ShouldBeFalse();
        var events = _story.Decide(s => HearFact.Decide(s, _story.Told(Told.Evaluated("best"), _story.Now), best, _story.Now));
        events[1].ShouldBe(new RunRecalled(best));
        _story.Standing.Stage.ShouldBe(Stage.Deployment);
    }

    [Fact]
    public void of_versions_keeps_the_one_furthest_along_and_the_newest_and_knows_all_digests()
    {
        _story.Hears(Enumerable.Range(2, 100).Select(i => Told.Committed(i)));
        _story.Standing.Data.Versions.Count.ShouldBe(DataFacts.KeptVersions);
        _story.Gate(Stage.Data).Open.ShouldBeTrue();
        _story.Standing.Data.Versions.ShouldContain(v => v.Number == 101);
        _story.Standing.Data.VersionOf(new RunInput("garments", Told.Digest(37), "")).ShouldBe("garments@37");
        _story.Standing.Data.VersionOf(new RunInput("garments", Told.Digest(37)[..8], "")).ShouldBe("garments@37");
        _story.Standing.Data.VersionOf(new RunInput("garments", Told.Digest(37)[..7], "")).ShouldBeNull();
    }
}
