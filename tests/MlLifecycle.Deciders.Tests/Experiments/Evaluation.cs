using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Evaluation;

public static class A_scorer
{
    private static readonly Guid Project = Guid.Parse("0192a000-0000-7000-8000-0000000000aa");

    [Fact]
    public static void gets_a_version_for_each_thing_it_says_anew()
    {
        Spec.Given<Scorer>().When(s => ScorerSlice.Register(s, Project, 0, "polite", "one", 1)).Then(new ScorerRegistered(Project, 0, "polite", 1, "one", 1));
        var one = Spec.Given<Scorer>(new ScorerRegistered(Project, 0, "polite", 1, "one", 1));
        one.When(s => ScorerSlice.Register(s, Project, 0, "polite", "two", 2)).Then(new ScorerRegistered(Project, 0, "polite", 2, "two", 2));
        ScorerSlice.Delete(one.State, 1).Events.ShouldHaveSingleItem().ShouldBeOfType<ScorerDeleted>().Versions.ShouldBe([1]);
        one.When(s => ScorerSlice.Delete(s, 2)).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Fact]
    public static void never_gives_a_version_twice() => Spec.Given<Scorer>(new ScorerRegistered(Project, 0, "polite", 1, "one", 1), new ScorerDeleted([1]))
        .When(s => ScorerSlice.Register(s, Project, 0, "polite", "one", 3)).Then(new ScorerRegistered(Project, 0, "polite", 2, "one", 3));
}

public static class An_evaluation_set
{
    [Fact]
    public static void changes_its_tags()
    {
        var created = new EvaluationDatasetCreated(Guid.Parse("0192a000-0000-7000-8000-0000000000aa"), "qa", [], new Dictionary<string, string> { ["a"] = "1" }, "ada", 1);
        Spec.Given<EvaluationDataset>(created).When(d => EvaluationDatasets.SetTags(d, new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" }, 2))
            .Then(new EvaluationDatasetTagsSet(new Dictionary<string, string> { ["b"] = "2" }, 2));
        Spec.Given<EvaluationDataset>(created).When(d => EvaluationDatasets.RemoveTag(d, "a", 2)).Then(new EvaluationDatasetTagRemoved("a", 2));
    }

    [Theory]
    [InlineData("""{"a": 1, "b": {"c": 2, "d": [1, 2]}}""", """{"b": {"d": [1, 2], "c": 2}, "a": 1}""", true)]
    [InlineData("""{"a": [1, 2]}""", """{"a": [2, 1]}""", false)]
    [InlineData("""{"a": 1}""", """{"a": "1"}""", false)]
    public static void knows_the_same_inputs_however_they_are_written(string one, string other, bool same) =>
        (EvaluationRecords.KeyOf(JsonNode.Parse(one)!.AsObject()) == EvaluationRecords.KeyOf(JsonNode.Parse(other)!.AsObject())).ShouldBe(same);

    [Fact]
    public static void takes_in_what_is_new_of_records()
    {
        var first = Upsert(new Dictionary<string, KnownRecord>(), """{"inputs": {"q": 1}, "expectations": {"a": 1}}""", """{"inputs": {"q": 2}}""", """{"inputs": {"q": 1}, "expectations": {"b": 2}, "source": {"s": 1}}""", """{"inputs": {"q": 1}, "expectations": {"a": 1}}""")!;
        (first.Inserted, first.Updated, first.By, first.Time).ShouldBe((2, 1, "ada", 5));
        first.Records.Select(r => r.Inputs!.ToJsonString()).ShouldBe(["""{"q":1}""", """{"q":2}"""]);
        first.Records[0].Expectations.ToJsonString().ShouldBe("""{"a":1,"b":2}""");
        first.Records[0].Source.ShouldBeNull("where a record comes from is said when it comes");

        var known = first.Records.ToDictionary(r => r.Key, r => new KnownRecord(r.Id, r.Expectations, r.Tags, r.Outputs));
        Upsert(known, """{"inputs": {"q": 2}}""", """{"inputs": {"q": 1}, "expectations": {"b": 2}, "source": {"s": 2}}""").ShouldBeNull("a retry is not news");
        var second = Upsert(known, """{"inputs": {"q": 1}, "expectations": {"a": 1, "b": {"c": 3}}, "tags": {"t": "x"}}""", """{"inputs": {"q": 1}, "expectations": {"a": 1}}""")!;
        (second.Inserted, second.Updated).ShouldBe((0, 1));
        var change = second.Records.ShouldHaveSingleItem();
        (change.Id, change.Inputs, change.Tags.ToJsonString()).ShouldBe((first.Records[0].Id, null, """{"t":"x"}"""));
        change.Expectations.ToJsonString().ShouldBe("""{"a":1,"b":{"c":3}}""");

        var answered = Upsert(known, """{"inputs": {"q": 1}, "outputs": "yes"}""", """{"inputs": {"q": 1}, "outputs": "yes"}""", """{"inputs": {"q": 1}, "outputs": {"a": "no"}}""")!;
        (answered.Updated, answered.Records.ShouldHaveSingleItem().Outputs!.ToJsonString()).ShouldBe((2, """{"a":"no"}"""));

        var taken = Upsert(known, """{"inputs": {"q": 1}, "outputs": "yes"}""", """{"inputs": {"q": 1}, "outputs": null}""")!.Records.ShouldHaveSingleItem();
        (taken.Outputs, taken.Unanswered).ShouldBe((null, true));
        var given = Upsert(known, """{"inputs": {"q": 1}, "outputs": "yes"}""", """{"inputs": {"q": 1}, "outputs": null}""", """{"inputs": {"q": 1}, "outputs": "no"}""")!.Records.ShouldHaveSingleItem();
        (given.Outputs!.ToJsonString(), given.Unanswered).ShouldBe(("\"no\"", false));
        Upsert(known, """{"inputs": {"q": 1}, "outputs": null}""").ShouldBeNull("there were none");

        // A value that comes back after another one within the same request is news, whatever was known before.
        var back = Upsert(known, """{"inputs": {"q": 1}, "expectations": {"a": 9}}""", """{"inputs": {"q": 1}, "expectations": {"a": 1}}""")!;
        (back.Updated, back.Records.ShouldHaveSingleItem().Expectations.ToJsonString()).ShouldBe((2, """{"a":1}"""));

        static EvaluationRecordsChanged? Upsert(IReadOnlyDictionary<string, KnownRecord> known, params string[] records) => (EvaluationRecordsChanged?)UpsertRecordsSlice.Decide(
            known, [.. records.Select(r => JsonNode.Parse(r)!.AsObject())], "ada", 5).Events.SingleOrDefault();
    }
}
