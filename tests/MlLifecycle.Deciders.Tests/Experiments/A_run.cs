using MlLifecycle.Experiments.Protocol;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Runs;

public static class A_run
{
    private static readonly Guid Project = Guid.Parse("0192a000-0000-7000-8000-0000000000aa");
    private static readonly RunCreated Created = new(Project, 3, "trees", "calm-otter-7", "ada", 1000, Text(("mlflow.runName", "calm-otter-7")));

    [Fact]
    public static void is_created_once() => Spec.Given<Run>()
        .When(run => CreateRunSlice.Decide(run with { ProjectId = Project, Experiment = 3, ExperimentName = "trees" }, new("calm-otter-7", "ada", 1000, Text(("mlflow.runName", "calm-otter-7")))))
        .Then(Created);

    [Fact]
    public static void takes_parameters_once() => Spec.Given<Run>(Created)
        .When(run => LogParamSlice.Decide(run, Text(("depth", "3"), ("eta", "0.1"))))
        .Then(new ParamsLogged(Text(("depth", "3"), ("eta", "0.1"))));

    [Fact]
    public static void takes_only_the_parameters_it_lacks() => Spec.Given<Run>(Created, new ParamsLogged(Text(("depth", "3"))))
        .When(run => LogParamSlice.Decide(run, Text(("depth", "3"), ("eta", "0.1"))))
        .Then(new ParamsLogged(Text(("eta", "0.1"))));

    [Fact]
    public static void keeps_a_parameter_as_it_is() => Spec.Given<Run>(Created, new ParamsLogged(Text(("depth", "3"))))
        .When(run => LogParamSlice.Decide(run, Text(("eta", "0.1"), ("depth", "4"))))
        .ThenRefused(400, "INVALID_PARAMETER_VALUE").Detail.ShouldContain("key='depth' was already logged with value=\"3\"");

    [Fact]
    public static void changes_tags() => Spec.Given<Run>(Created, new TagsSet(Text(("phase", "one"), ("team", "red"))))
        .When(run => SetTagSlice.Decide(run, Text(("phase", "two"), ("team", "red"))))
        .Then(new TagsSet(Text(("phase", "two"))));

    [Fact]
    public static void is_renamed_by_its_tag() => Spec.Given<Run>(Created)
        .When(run => SetTagSlice.Decide(run, Text(("mlflow.runName", "best"))))
        .Then(new RunRenamed("best"));

    [Fact]
    public static void loses_a_tag() => Spec.Given<Run>(Created, new TagsSet(Text(("phase", "one"))))
        .When(run => SetTagSlice.Remove(run, "phase"))
        .ThenEachTime(new TagRemoved("phase"));

    [Fact]
    public static void has_no_tag_to_lose() => Spec.Given<Run>(Created).When(run => SetTagSlice.Remove(run, "phase")).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");

    [Fact]
    public static void ends_with_all_that_others_want_to_hear()
    {
        var given = Spec.Given<Run>(
            Created,
            new ParamsLogged(Text(("algorithm", "trees"), ("depth", "3"))),
            new InputsLogged([new("fashion", "8f14e45f", "http", "x", null, null, Text(("mlflow.data.context", "training")))]));
        var measured = given with { State = given.State.With([new("accuracy", 0.91, 5, 1), new("loss", double.NaN, 5, 1)]) };
        var ended = measured.When(run => UpdateRunSlice.Decide(run, new(RunStatus.Finished, 2000, null))).ThenEvents().ShouldHaveSingleItem().ShouldBeOfType<RunEnded>();
        (ended.RunId, ended.Status, ended.EndTime, ended.Name, ended.Experiment, ended.Algorithm)
            .ShouldBe((measured.State.Id.ToString("N"), RunStatus.Finished, 2000, "calm-otter-7", "trees", "trees"));
        ended.Params.ShouldBe(Text(("algorithm", "trees"), ("depth", "3")), ignoreOrder: true);
        ended.Metrics.ShouldHaveSingleItem().ShouldBe(new("accuracy", 0.91));
        ended.Inputs.ShouldBe([new("fashion", "8f14e45f", "training")]);
    }

    [Fact]
    public static void runs_again_after_its_end() => Spec.Given<Run>(Created, Ended(RunStatus.Failed))
        .When(run => UpdateRunSlice.Decide(run, new(RunStatus.Running, null, null)))
        .Then(new StatusSet(RunStatus.Running, 2000));

    [Fact]
    public static void is_renamed_and_ended_at_once() => Spec.Given<Run>(Created)
        .When(run => UpdateRunSlice.Decide(run, new(RunStatus.Killed, 9, "best")))
        .ThenEvents().ShouldSatisfyAllConditions(
            events => events[0].ShouldBe(new RunRenamed("best")),
            events => events[1].ShouldBeOfType<RunEnded>().Name.ShouldBe("best"));

    [Fact]
    public static void names_the_same_data_once()
    {
        Input first = new("fashion", "a1", "http", "x", null, null, Text()), second = new("fashion", "a2", "http", "x", null, null, Text());
        Spec.Given<Run>(Created, new InputsLogged([first])).When(run => RunLinks.Decide(run, [first, second, second], []))
            .ThenEvents().ShouldHaveSingleItem().ShouldBeOfType<InputsLogged>().Inputs.ShouldBe([second]);
        RunModel made = new("m-1", true, 1), used = made with { Output = false, Step = 0 };
        Spec.Given<Run>(Created, new ModelsLinked([made])).When(run => RunLinks.Decide(run, [], [made with { Step = 2 }, used, used]))
            .ThenEvents().ShouldHaveSingleItem().ShouldBeOfType<ModelsLinked>().Models.ShouldBe([used]);
    }

    [Fact]
    public static void is_deleted_and_restored()
    {
        Spec.Given<Run>(Created).When(DeleteRunSlice.Delete).Then(new RunDeleted());
        Spec.Given<Run>(Created, new RunDeleted()).When(DeleteRunSlice.Restore).Then(new RunRestored());
        Spec.Given<Run>(Created).When(DeleteRunSlice.Restore).ThenNothing();
    }

    [Fact]
    public static void takes_nothing_while_it_is_deleted()
    {
        var deleted = Spec.Given<Run>(Created, new RunDeleted());
        deleted.When(run => LogParamSlice.Decide(run, Text(("a", "1")))).ThenRefused(400, "INVALID_PARAMETER_VALUE");
        deleted.When(run => SetTagSlice.Decide(run, Text(("a", "1")))).ThenRefused(400, "INVALID_PARAMETER_VALUE");
        deleted.When(run => SetTagSlice.Remove(run, "a")).ThenRefused(400, "INVALID_PARAMETER_VALUE");
        deleted.When(LogMetricSlice.Decide).ThenRefused(400, "INVALID_PARAMETER_VALUE");
        deleted.When(run => RunLinks.Decide(run, [], [])).ThenRefused(400, "INVALID_PARAMETER_VALUE");
        deleted.When(run => UpdateRunSlice.Decide(run, new(RunStatus.Finished, 1, null))).ThenRefused(400, "INVALID_PARAMETER_VALUE");
        (deleted with { State = Spec.Given<Run>(Created).State with { ExperimentDeleted = true } }).When(LogMetricSlice.Decide).ThenRefused(400, "INVALID_PARAMETER_VALUE");
    }

    [Fact]
    public static void takes_a_batch_whole() => Spec.Given<Run>(Created, new ParamsLogged(Text(("depth", "3"))))
        .When(run => LogBatchSlice.Decide(run, new(Text(("depth", "3"), ("eta", "1")), Text(("phase", "one"), ("mlflow.runName", "best")), [])))
        .Then(new ParamsLogged(Text(("eta", "1"))), new TagsSet(Text(("phase", "one"))), new RunRenamed("best"));

    [Fact]
    public static void takes_nothing_of_a_batch_that_changes_a_parameter() => Spec.Given<Run>(Created, new ParamsLogged(Text(("depth", "3"))))
        .When(run => LogBatchSlice.Decide(run, new(Text(("eta", "1"), ("depth", "4")), Text(("phase", "one")), [])))
        .ThenRefused(400, "INVALID_PARAMETER_VALUE");

    [Fact]
    public static void knows_the_latest_of_its_points_in_whatever_order_they_come()
    {
        var run = Spec.Given<Run>(Created).State.With([new("loss", 3, 10, 2), new("loss", 9, 99, 1), new("loss", 4, 10, 2), new("loss", 1, 9, 2)]);
        run.Metrics["loss"].ShouldBe(new MetricPoint("loss", 4, 10, 2));
        new MetricPoint("loss", 1, 9, 2).IsAfter(new("loss", double.NaN, 9, 2)).ShouldBeTrue("not-a-number counts as 0");
        new MetricPoint("loss", double.NaN, 9, 2).IsAfter(new("loss", 1, 9, 2)).ShouldBeFalse();
        new MetricPoint("loss", double.NaN, 9, 2).IsAfter(new("loss", -1, 9, 2)).ShouldBeTrue();
    }

    private static RunEnded Ended(RunStatus status) => new("r", status, 2000, "n", "e", null, Text(), new Dictionary<string, double>(), []);

    private static Dictionary<string, string> Text(params (string Key, string Value)[] entries) => entries.ToDictionary(e => e.Key, e => e.Value, StringComparer.Ordinal);
}

public static class A_batch
{
    [Fact]
    public static void holds_a_thousand_metrics_a_hundred_params_a_hundred_tags_and_a_thousand_in_all()
    {
        Check(1000, 0, 0).ShouldBeNull();
        Check(800, 100, 100).ShouldBeNull();
        Check(1001, 0, 0).ShouldNotBeNull().ShouldContain("at most 1000 metrics. Got 1001");
        Check(0, 101, 0).ShouldNotBeNull().ShouldContain("at most 100 params");
        Check(0, 0, 101).ShouldNotBeNull().ShouldContain("at most 100 tags");
        Check(900, 51, 50).ShouldNotBeNull().ShouldContain("at most 1000 metrics, params, and tags");
    }

    [Fact]
    public static void names_a_parameter_once() => LogBatchSlice
        .Check(new() { Params = [new("a", "1"), new("a", "1")] }, out _).ShouldNotBeNull().Detail.ShouldContain("Duplicate parameter keys have been submitted: ['a']");

    [Theory]
    [InlineData("""{"metrics": [{"key": "a", "value": 1, "timestamp": 1}, {"key": "b", "timestamp": 1}]}""", "metrics[1].value")]
    [InlineData("""{"metrics": [{"key": "a", "value": 1}]}""", "metrics[0].timestamp")]
    [InlineData("""{"metrics": [{"key": "a", "value": 1, "timestamp": -1}]}""", "metrics[0].timestamp")]
    [InlineData("""{"metrics": [{"key": "a\nb", "value": 1, "timestamp": 1}]}""", "metrics[0].key")]
    [InlineData("""{"params": [{"key": "a", "value": "1"}, {"key": "../a", "value": "1"}]}""", "params[1].key")]
    [InlineData("""{"tags": [{"key": "", "value": "1"}]}""", "tags[0].key")]
    public static void with_a_bad_entry_is_refused_by_its_place(string json, string place)
    {
        var message = System.Text.Json.JsonSerializer.Deserialize<LogBatchMessage>(json, ProtoJson.Options)!;
        var refusal = LogBatchSlice.Check(message, out _).ShouldNotBeNull();
        (refusal.Status, refusal.Code).ShouldBe((400, "INVALID_PARAMETER_VALUE"));
        refusal.Detail.ShouldContain(place);
    }

    [Fact]
    public static void cuts_values_that_are_too_long_and_stores_infinities_as_the_largest_numbers()
    {
        var message = new LogBatchMessage
        {
            Params = [new("p", new string('x', 7000))],
            Tags = [new("t", new string('x', 7999) + "😀😀")],
            Metrics = [new() { Key = "up", Value = double.PositiveInfinity, Timestamp = 1 }, new() { Key = "down", Value = double.NegativeInfinity, Timestamp = 1 }, new() { Key = "no", Value = double.NaN, Timestamp = 1 }],
        };
        LogBatchSlice.Check(message, out var batch).ShouldBeNull();
        batch.Params["p"].Length.ShouldBe(6000);
        batch.Tags["t"].ShouldBe(new string('x', 7999) + "😀", "one of .NET's two halves is no character");
        batch.Points.Select(p => p.Value).ShouldBe([double.MaxValue, double.MinValue, double.NaN]);
        batch.Points.ShouldAllBe(p => p.Step == 0);
    }

    private static string? Check(int metrics, int parameters, int tags) => LogBatchSlice.Check(
        new()
        {
            Metrics = [.. Enumerable.Range(0, metrics).Select(i => new MetricMessage { Key = "m", Value = i, Timestamp = 1 })],
            Params = [.. Enumerable.Range(0, parameters).Select(i => new Entry("p" + i, "1"))],
            Tags = [.. Enumerable.Range(0, tags).Select(i => new Entry("t" + i, "1"))],
        },
        out _)?.Detail;
}
