using MlLifecycle.Contracts;
using MlLifecycle.Datasets.Checks;
using MlLifecycle.Datasets.Splits;
using MlLifecycle.Datasets.Versions;
using Shouldly;
using Xunit;
using static MlLifecycle.Datasets.Describing_a_dataset;
using static MlLifecycle.Spec;

namespace MlLifecycle.Datasets;

public static class Committing_a_version
{
    private static readonly VersionCommitted First = new(StreamId, "garments", 1, "aaaa", null, 2, 20, "raw", Now, "ada");

    [Fact]
    public static void twice_is_once() => Given<Dataset>(Garments).When(d => Commit(d, new(null, "aaaa", 2, 20, "raw"))).Then(First);

    [Fact]
    public static void continues_from_the_head() =>
        Given<Dataset>(Garments, First).When(d => Commit(d, new("aaaa", "bbbb", 3, 30, "more"))).Then(new VersionCommitted(StreamId, "garments", 2, "bbbb", 1, 3, 30, "more", Now, "ada"));

    [Fact]
    public static void with_the_content_of_the_head_is_nothing() => Given<Dataset>(Garments, First).When(d => Commit(d, new("aaaa", "aaaa", 2, 20, "again"))).ThenNothing();

    [Fact]
    public static void made_over_a_head_that_has_moved_is_refused() =>
        Given<Dataset>(Garments, First).When(d => Commit(d, new(null, "bbbb", 3, 30, "late"))).ThenRefused(409, "head-moved");

    [Fact]
    public static void without_a_file_is_refused_for_the_first_and_allowed_later()
    {
        Given<Dataset>(Garments).When(d => Commit(d, new(null, "eeee", 0, 0, "empty"))).ThenRefused(409, "nothing-staged");
        Given<Dataset>(Garments, First).When(d => Commit(d, new("aaaa", "eeee", 0, 0, "all withdrawn"))).ThenEvents().Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    public static void without_a_message_is_refused(string message) =>
        Given<Dataset>(Garments).When(d => Commit(d, new(null, "aaaa", 2, 20, message))).ThenRefused(400, "invalid-input", "message");

    [Fact]
    public static void to_a_dataset_that_is_not_there_is_refused() => Given<Dataset>().When(d => Commit(d, new(null, "aaaa", 2, 20, "raw"))).ThenRefused(404, "dataset-unknown");

    [Fact]
    public static void is_announced() => Announcements.Of(First).ShouldBe(new DatasetVersionCommitted(StreamId, "garments", 1, "aaaa", null, 2, 20, "raw"));

    [Fact]
    public static void makes_the_count_of_its_examples_unknown_until_they_are_counted()
    {
        Given<Dataset>(Garments, First).State.Examples.ShouldBeNull();
        Given<Dataset>(Garments, First, Verdict("size", true, "70 examples")).State.Examples.ShouldBe(70);
        Given<Dataset>(Garments, First, Verdict("size", true, "70 examples"), First with { Number = 2, Manifest = "bbbb" }).State.Examples.ShouldBeNull();
    }

    [Fact]
    public static void the_same_verdict_again_is_nothing_and_another_one_is_news()
    {
        var verdicts = new[] { Verdict("coverage", false, "none declared"), Verdict("size", true, "70 examples") };
        Given<Dataset>(Garments, First).When(d => CheckVersionSlice.Decide(d, verdicts)).Then(verdicts[0], verdicts[1]);
        Given<Dataset>(Garments, First, verdicts[0], verdicts[1]).When(d => CheckVersionSlice.Decide(d, [Verdict("coverage", true, "covered"), verdicts[1]]))
            .Then(Verdict("coverage", true, "covered"));
        Announcements.Of(verdicts[1]).ShouldBe(new DatasetChecked(StreamId, "garments", 1, "size", true, "70 examples"));
    }

    [Fact]
    public static void the_same_split_again_is_nothing()
    {
        var split = new SplitMade(
            Guid.NewGuid(), StreamId, "garments", 1, new("train.csv", "d", null, null, "label", []), "balanced", 42, Shares.Small, true, "few", new(40, 30, 30), new("x", "y", "z"), [], 0, Now, "ada");
        Given<Dataset>(Garments, First).When(d => SplitVersionSlice.Decide(d, split)).Then(split);
        Announcements.Of(split).ShouldBe(new DatasetSplit(StreamId, "garments", 1, "balanced", 42, 40, 30, 30, true));
    }

    private static VersionChecked Verdict(string check, bool passed, string summary) => new(StreamId, "garments", 1, check, passed, summary, new(), 70, Now, "ada");

    private static ServiceDefaults.Decisions.Decision Commit(Dataset dataset, CommitVersion commit) => CommitVersionSlice.Decide(dataset, commit, Now, "ada");
}
