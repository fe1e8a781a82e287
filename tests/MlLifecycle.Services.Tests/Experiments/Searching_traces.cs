using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>What MLflow's clients ask when they search for traces.</summary>
public sealed class Searching_traces(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    private const string V3 = "/api/3.0/mlflow/traces";

    [Theory]
    [InlineData("trace.run_id = '{0}'", "12")]
    [InlineData("attribute.run_id = '{0}'", "12")]
    [InlineData("metadata.`mlflow.sourceRun` = '{0}'", "12")]
    [InlineData("request_metadata.mlflow.sourceRun = \"{0}\"", "12")]
    [InlineData("run_id != '{0}'", "3")]
    [InlineData("run_id != 'other'", "1")]
    [InlineData("run_id IN ('{0}', 'other')", "13")]
    public async Task by_their_run_finds_those_made_in_it_and_those_linked_to_it(string filter, string found)
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await Record(client, "1", metadata: new() { ["mlflow.sourceRun"] = run });
        // The link may be here before the trace is: clients send both side by side.
        await client.Post("traces/link-to-run", new { run_id = run, trace_ids = new[] { "tr-2" } });
        await client.RefusedGet($"{V3}/tr-2", "RESOURCE_DOES_NOT_EXIST", 404);
        await Record(client, "2");
        await Record(client, "3", metadata: new() { ["mlflow.sourceRun"] = "other" });
        await Record(client, "4");
        (await Found(client, string.Format(System.Globalization.CultureInfo.InvariantCulture, filter, run))).ShouldBe(found);
    }

    [Fact]
    public async Task by_assessments_compares_their_values_as_texts_and_as_numbers()
    {
        var client = service.Empty();
        foreach (var (id, value) in ((string, JsonNode)[])[("1", true), ("2", "true"), ("3", 5.0), ("4", "5"), ("5", 0.5), ("6", new JsonArray("a", 1))])
        {
            await Record(client, id);
            await Assess(client, id, new() { ["assessment_name"] = "f", ["feedback"] = new JsonObject { ["value"] = value } });
            await Assess(client, id, new() { ["assessment_name"] = "e", ["expectation"] = new JsonObject { ["value"] = value.DeepClone() } });
        }

        await Record(client, "7");
        await Assess(client, "7", new() { ["assessment_name"] = "f", ["feedback"] = new JsonObject { ["error"] = new JsonObject { ["error_code"] = "E" } } });
        foreach (var kind in (string[])["feedback.f", "expectation.e"])
        {
            (await Found(client, $"{kind} = 'true'")).ShouldBe("12");
            (await Found(client, $"{kind} = '\"true\"'")).ShouldBe("2");
            (await Found(client, $"{kind} = '5'")).ShouldBe("34");
            (await Found(client, $"{kind} = 5")).ShouldBe("3");
            (await Found(client, $"{kind} = 0.5")).ShouldBe("5");
            (await Found(client, $"{kind} >= 0.5 AND {kind} < 5")).ShouldBe("5");
            (await Found(client, $"{kind} != 5")).ShouldBe("5");
            (await Found(client, $"{kind} LIKE '%r%'")).ShouldBe("12");
            await client.RefusedPost($"{V3}/search", new { experiment_ids = new[] { "0" }, filter = $"{kind} > '5'" });
            await client.RefusedPost($"{V3}/search", new { experiment_ids = new[] { "0" }, filter = $"{kind} LIKE 5" });
        }

        (await Found(client, "feedback.f != '5'")).ShouldBe("12567");
        (await Found(client, "expectation.e = '[\"a\",1]'")).ShouldBe("6");
    }

    [Fact]
    public async Task knows_when_they_ended_what_they_say_and_which_prompts_they_used()
    {
        var client = service.Empty();
        await Record(client, "1", second: 1, duration: "9s", tags: new() { ["mlflow.linkedPrompts"] = """[{"name": "sum", "version": "1"}, {"name": "q\"a", "version": "2"}]""" });
        await Record(client, "2", second: 2, duration: "1s", tags: new() { ["mlflow.linkedPrompts"] = "somebody's own" });
        await Record(client, "3", second: 3, duration: null);
        (await Found(client, "trace.end_time > 1772539203000")).ShouldBe("1");
        (await Found(client, "end_time_ms <= 1772539203000", "end_time DESC")).ShouldBe("32", "they end at once: the later one first is the default");
        (await Found(client, null, "end_time DESC"))[..1].ShouldBe("1");
        (await Found(client, null, "experiment_id ASC", "timestamp ASC")).ShouldBe("123");
        (await Found(client, "prompt = 'sum/1'")).ShouldBe("1");
        (await Found(client, "prompt = 'q\"a/2'")).ShouldBe("1");
        (await Found(client, "prompt = 'sum/2'")).ShouldBe("");
        foreach (var id in (string[])["1", "2", "2"])
            await client.Post($"{V3}/link-prompts", new { trace_id = $"tr-{id}", prompt_versions = new[] { new { name = "sum", version = "2" }, new { name = "sum", version = "1" } } });
        (await Found(client, "prompt = 'sum/2'")).ShouldBe("21");
        (await client.Get($"{V3}/tr-2"))["trace"]!["trace_info"]!["tags"]!["mlflow.linkedPrompts"]!.GetValue<string>()
            .ShouldBe("""[{"name": "sum", "version": "2"}, {"name": "sum", "version": "1"}]""");
        foreach (var bad in (string[])["prompt LIKE 'sum%'", "prompt != 'sum/1'", "prompt = 'sum'", "prompt = 'a/b/c'", "prompt IS NULL"])
            await client.RefusedPost($"{V3}/search", new { experiment_ids = new[] { "0" }, filter = bad });
        await client.RefusedPost($"{V3}/search", new { experiment_ids = new[] { "0" }, order_by = new[] { "prompt" } });
        await client.RefusedPost($"{V3}/search", new { experiment_ids = new[] { "0" }, order_by = new[] { "text" } });
        await client.RefusedPost($"{V3}/link-prompts", new { trace_id = "tr-1" });
        await client.RefusedPost($"{V3}/link-prompts", new { trace_id = "tr-1", prompt_versions = new[] { new { name = "sum" } } });
        await client.RefusedPost($"{V3}/link-prompts", new { trace_id = "tr-9", prompt_versions = new[] { new { name = "sum", version = "1" } } }, "RESOURCE_DOES_NOT_EXIST", 404);
    }

    private static Task<JsonNode> Assess(Tracking client, string id, JsonObject assessment) => client.Post($"{V3}/tr-{id}/assessments", new { assessment });

    private static async Task Record(
        Tracking client, string id, Dictionary<string, string>? metadata = null, Dictionary<string, string>? tags = null, int second = 0, string? duration = "1s") =>
        await client.Post(V3, new
        {
            trace = new
            {
                trace_info = new
                {
                    trace_id = $"tr-{id}",
                    trace_location = new { type = "MLFLOW_EXPERIMENT", mlflow_experiment = new { experiment_id = "0" } },
                    request_time = $"2026-03-03T12:00:0{second}Z",
                    execution_duration = duration,
                    state = "OK",
                    trace_metadata = metadata ?? [],
                    tags = tags ?? [],
                },
            },
        });

    private static async Task<string> Found(Tracking client, string? filter, params string[] order)
    {
        var page = await client.Post($"{V3}/search", new { locations = new[] { new { mlflow_experiment = new { experiment_id = "0" } } }, filter, order_by = order });
        return string.Concat(page["traces"]?.AsArray().Select(t => t!["trace_id"]!.GetValue<string>()[3..]) ?? []);
    }
}
