using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Traces;

public static class A_trace
{
    private static readonly TraceRecorded Begun = new(
        Guid.Parse("0192a000-0000-7000-8000-0000000000aa"), "tr-1", 0, null, 1000, null, TraceState.InProgress, null, null, Text(), Text());

    [Fact]
    public static void is_recorded_once() => Spec.Given<Trace>().When(t => RecordTraceSlice.Decide(t, Begun)).Then(Begun);

    [Fact]
    public static void ends() => Spec.Given<Trace>(Begun)
        .When(t => RecordTraceSlice.End(t, TraceState.Ok, 1750, Text(("a", "1")), Text()))
        .Then(Begun with { State = TraceState.Ok, DurationMs = 750, Metadata = Text(("a", "1")) });

    [Fact]
    public static void keeps_what_is_not_told_again()
    {
        var after = Spec.Given<Trace>(Begun with { RequestPreview = "why", Tags = Text(("a", "1")) }, Begun with { State = TraceState.Ok, Tags = Text(("b", "2")) }).State;
        (after.RequestPreview, after.Tags.Count, after.State).ShouldBe(("why", 2, TraceState.Ok));
    }

    [Fact]
    public static void has_tags_and_runs()
    {
        var trace = Spec.Given<Trace>(Begun);
        trace.When(t => ChangeTraceSlice.SetTag(t, "a", "1")).Then(new TraceTagSet("a", "1"));
        trace.When(t => ChangeTraceSlice.RemoveTag(t, "a")).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        trace.When(t => ChangeTraceSlice.Link(t, "r")).Then(new TraceLinked("r"));
        Spec.Given<Trace>(new TraceLinked("r"), Begun).State.Runs.ShouldBe(["r"]);
        trace.When(ChangeTraceSlice.Delete).Then(new TraceDeleted("tr-1"));
        Spec.Given<Trace>(Begun, new TraceDeleted("tr-1")).When(t => ChangeTraceSlice.SetTag(t, "a", "1")).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        Spec.Given<Trace>(Begun, new TraceDeleted("tr-1")).When(t => RecordTraceSlice.Decide(t, Begun)).Then(Begun);
    }

    [Fact]
    public static void is_assessed_changed_and_overridden()
    {
        var first = new TraceAssessed("a-1", """{"assessment_id": "a-1", "feedback": {"value": 1}, "valid": true}""");
        Spec.Given<Trace>(Begun).When(t => AssessSlice.Give(t, first)).Then(first);
        var given = Spec.Given<Trace>(Begun, first);
        given.When(t => AssessSlice.Change(t, "a-1", new JsonObject { ["feedback"] = new JsonObject { ["value"] = 2 } }, ["feedback"], "now")).ThenEvents();
        given.When(t => AssessSlice.Change(t, "a-1", new JsonObject { ["feedback"] = new JsonObject { ["value"] = 1 } }, ["feedback"], "now")).ThenNothing();
        given.When(t => AssessSlice.Change(t, "a-1", [], ["feedback"], "now")).ThenRefused(400, "INVALID_PARAMETER_VALUE");
        given.When(t => AssessSlice.Change(t, "a-2", [], [], "now")).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
        given.When(t => AssessSlice.Withdraw(t, "a-1")).Then(new AssessmentWithdrawn("a-1"));
        var events = given.When(t => AssessSlice.Give(t, new("a-2", """{"feedback": {"value": 2}, "overrides": "a-1"}"""))).ThenEvents();
        JsonNode.Parse(events[1].ShouldBeOfType<TraceAssessed>().Content)!["valid"]!.GetValue<bool>().ShouldBeFalse();
        given.When(t => AssessSlice.Give(t, new("a-3", """{"overrides": "a-9"}"""))).ThenRefused(404, "RESOURCE_DOES_NOT_EXIST");
    }

    [Theory]
    [InlineData(10, 10, 10, 10, 1)]
    [InlineData(0, 5, 5, 10, -1)]
    [InlineData(25, 50, 50, 100, 0)]
    [InlineData(5, 5, 5, 10, 1)]
    public static void goes_together_with_another_as_far_as_their_counts_say(long joint, long one, long two, long total, double npmi) =>
        FilterCorrelation.Npmi(joint, one, two, total, 0).ShouldBe(npmi, 1e-12);

    [Fact]
    public static void goes_together_with_nothing_that_is_not_there()
    {
        FilterCorrelation.Npmi(0, 0, 5, 10, 0).ShouldBe(double.NaN);
        FilterCorrelation.Npmi(0, 0, 0, 0, 0.5).ShouldBe(double.NaN);
    }

    private static Dictionary<string, string> Text(params (string Key, string Value)[] entries) => entries.ToDictionary(e => e.Key, e => e.Value, StringComparer.Ordinal);
}
