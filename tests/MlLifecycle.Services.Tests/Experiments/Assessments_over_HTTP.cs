using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>Clients read a page of traces with all of their assessments as one message: a field of another type in one of them would take the page from them.</summary>
public sealed class Assessments_over_HTTP(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    private const string V3 = "/api/3.0/mlflow/traces";

    [Theory]
    [InlineData("rationale", "5")]
    [InlineData("rationale", """{"a": 1}""")]
    [InlineData("metadata", """{"k": 5}""")]
    [InlineData("metadata", """{"k": null}""")]
    [InlineData("metadata", """{"a\u0000": "x"}""")]
    [InlineData("metadata", "[1]")]
    [InlineData("source", "\"me\"")]
    [InlineData("source", """{"source_type": 5}""")]
    [InlineData("source", """{"source_type": "GHOST"}""")]
    [InlineData("source", """{"source_type": "HUMAN", "source_id": 5}""")]
    [InlineData("feedback", """{"value": 1, "error": "x"}""")]
    [InlineData("feedback", """{"error": {"error_code": 5}}""")]
    [InlineData("feedback", """{"value": "a\u0000b"}""")]
    [InlineData("feedback", """{"value": {"\ud800": 1}}""")]
    [InlineData("feedback", """{"value": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}""")]
    [InlineData("feedback", "{}")]
    [InlineData("feedback", """{"value": null}""")]
    [InlineData("expectation", "{}")]
    [InlineData("expectation", """{"value": null}""")]
    [InlineData("expectation", """{"serialized_value": {"value": {"a": 1}}}""")]
    [InlineData("expectation", """{"serialized_value": {"value": "[1]"}}""")]
    [InlineData("expectation", """{"serialized_value": {"serialization_format": "JSON_FORMAT", "value": "[1"}}""")]
    [InlineData("expectation", """{"serialized_value": {"serialization_format": "JSON_FORMAT", "value": "null"}}""")]
    [InlineData("valid", "5")]
    public async Task of_another_type_are_refused_wherever_they_come(string field, string value)
    {
        var client = service.Empty();
        var id = await Given(client, """{"assessment_name": "x", "feedback": {"value": 1}}""");
        var assessment = field is "feedback" or "expectation" ? $$"""{"assessment_name": "x", "{{field}}": {{value}} }""" : $$"""{"assessment_name": "x", "feedback": {"value": 1}, "{{field}}": {{value}} }""";
        (await Tracking.Refused(client.Raw($"{V3}/tr-1/assessments", $$"""{"assessment": {{assessment}} }"""), 400, "INVALID_PARAMETER_VALUE")).ShouldContain(field);
        (await Tracking.Refused(client.Raw(V3, Trace("tr-2", assessment)), 400, "INVALID_PARAMETER_VALUE")).ShouldContain(field);
        (await Tracking.Refused(client.Http.PatchAsync(client.At($"{V3}/tr-1/assessments/{id}"), Json($$"""{"assessment": {"{{field}}": {{value}} }, "update_mask": "{{field}}"}""")), 400, "INVALID_PARAMETER_VALUE")).ShouldContain(field);
        (await client.Get($"{V3}/tr-1/assessments/{id}"))["assessment"]!["feedback"]!.ToJsonString().ShouldBe("""{"value":1}""");
    }

    [Theory]
    [InlineData("\"yesterday\"")]
    [InlineData("5")]
    public async Task of_no_time_are_refused(string time)
    {
        var client = service.Empty();
        await client.Raw(V3, Trace("tr-1", null)).Json();
        foreach (var field in (string[])["create_time", "last_update_time"])
            (await Tracking.Refused(client.Raw($"{V3}/tr-1/assessments", $$"""{"assessment": {"assessment_name": "x", "feedback": {"value": 1}, "{{field}}": {{time}} } }"""), 400, "INVALID_PARAMETER_VALUE")).ShouldContain(field);
    }

    [Fact]
    public async Task are_kept_as_the_message_has_them()
    {
        var client = service.Empty();
        var id = await Given(
            client,
            """{"assessment_name": "x", "feedback": {"value": {"a": [1, 2.5, null]}, "error": {"error_code": "E", "stack_trace": "s", "colour": 1}}, "create_time": "2026-03-03T14:00:00.1234567+02:00", "metadata": {"k": "v"}, "valid": "true", "colour": 5}""");
        var kept = (await client.Get($"{V3}/tr-1/assessments/{id}"))["assessment"]!.AsObject();
        (kept["create_time"]!.GetValue<string>(), kept["valid"]!.GetValue<bool>(), kept.ContainsKey("colour")).ShouldBe(("2026-03-03T12:00:00.123Z", true, false));
        kept["feedback"]!.ToJsonString().ShouldBe("""{"value":{"a":[1,2.5,null]},"error":{"error_code":"E","stack_trace":"s"}}""");
        kept["metadata"]!.ToJsonString().ShouldBe("""{"k":"v"}""");
    }

    [Fact]
    public async Task are_withdrawn_once_and_their_metadata_add_up()
    {
        var client = service.Empty();
        var id = await Given(client, """{"assessment_name": "x", "feedback": {"value": 1}, "metadata": {"a": "1", "b": "2"}}""");
        var changed = (await client.Send(HttpMethod.Patch, $"{V3}/tr-1/assessments/{id}", new { assessment = new { metadata = new { b = "3", c = "4" } }, update_mask = "metadata" }))["assessment"]!;
        changed["metadata"]!.ToJsonString().ShouldBe("""{"a":"1","b":"3","c":"4"}""");
        (await client.Refused(HttpMethod.Patch, $"{V3}/tr-1/assessments/{id}", new { assessment = new { expectation = new { value = 1 } }, update_mask = "expectation" }, 400, "INVALID_PARAMETER_VALUE"))
            .ShouldContain("Cannot update expectation value on a Feedback assessment.");
        foreach (var path in (string[])[$"tr-1/assessments/{id}", $"tr-1/assessments/{id}", "tr-9/assessments/a-1"])
            (await client.Send(HttpMethod.Delete, $"{V3}/{path}")).ToJsonString().ShouldBe("{}");
        (await client.RefusedGet($"{V3}/tr-1/assessments/{id}", "RESOURCE_DOES_NOT_EXIST", 404)).ShouldContain($"Assessment with ID '{id}' not found for trace 'tr-1'");
        (await client.RefusedGet($"{V3}/tr-9/assessments/{id}", "RESOURCE_DOES_NOT_EXIST", 404)).ShouldContain("Trace with ID 'tr-9' not found.");
    }

    [Fact]
    public async Task names_of_tags_that_cannot_be_kept_are_refused()
    {
        var client = service.Empty();
        foreach (var key in (string[])[@"a\u0000", @"a\ud800"])
            await Tracking.Refused(client.Raw(V3, $$$"""{"trace": {"trace_info": {"trace_id": "tr-1", "trace_location": {"mlflow_experiment": {"experiment_id": "0"}}, "tags": {"{{{key}}}": "x"} } } }"""), 400, "INVALID_PARAMETER_VALUE");
    }

    private static async Task<string> Given(Tracking client, string assessment)
    {
        await client.Raw(V3, Trace("tr-1", null)).Json();
        return (await client.Raw($"{V3}/tr-1/assessments", $$"""{"assessment": {{assessment}} }""").Json())["assessment"]!["assessment_id"]!.GetValue<string>();
    }

    private static string Trace(string id, string? assessment) =>
        $$$"""{"trace": {"trace_info": {"trace_id": "{{{id}}}", "trace_location": {"mlflow_experiment": {"experiment_id": "0"}}, "state": "OK", "assessments": [{{{assessment}}}] } } }""";

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");
}
