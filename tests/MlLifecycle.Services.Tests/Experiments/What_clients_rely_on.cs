using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>What tests of MLflow's own ask of logged models, assessments and evaluation datasets.</summary>
public sealed class What_clients_rely_on(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task a_search_for_data_finds_the_models_measured_on_them()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        var (first, second) = (await Logged("one"), await Logged("two"));
        await client.Post("runs/log-metric", new { run_id = run, key = "m", value = 1, timestamp = 1, dataset_name = "d", dataset_digest = "123", model_id = first });
        await client.Post("runs/log-metric", new { run_id = run, key = "m", value = 9, timestamp = 1, dataset_name = "other", dataset_digest = "1", model_id = second });
        (await Found(new { experiment_ids = new[] { "0" }, datasets = new[] { new { dataset_name = "d", dataset_digest = "123" } } })).ShouldBe(["one"]);
        (await Found(new { experiment_ids = new[] { "0" }, filter = "metrics.m > 5", datasets = new[] { new { dataset_name = "d", dataset_digest = "123" } } })).ShouldBeEmpty();

        async Task<string> Logged(string name) => (await client.Post("logged-models", new { experiment_id = "0", name }))["model"]!["info"]!["model_id"]!.GetValue<string>();

        async Task<string[]> Found(object search) =>
            [.. (await client.Post("logged-models/search", search))["models"]?.AsArray().Select(m => m!["info"]!["name"]!.GetValue<string>()) ?? []];
    }

    [Fact]
    public async Task a_failed_upload_is_found_as_FAILED()
    {
        var client = service.Empty();
        var id = (await client.Post("logged-models", new { experiment_id = "0" }))["model"]!["info"]!["model_id"]!.GetValue<string>();
        await client.Send(HttpMethod.Patch, "logged-models/" + id, new { model_id = id, status = "LOGGED_MODEL_UPLOAD_FAILED" });
        (await client.Post("logged-models/search", new { experiment_ids = new[] { "0" }, filter = "status = 'FAILED'" }))["models"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task what_was_overridden_counts_again_when_the_override_is_withdrawn()
    {
        var client = service.Empty();
        var path = await Traced(client);
        var first = await Assessed(new { assessment_name = "q", feedback = new { value = 4 } });
        var second = await Assessed(new { assessment_name = "q2", feedback = new { value = 3 }, overrides = first });
        var third = await Assessed(new { assessment_name = "q3", feedback = new { value = 2 }, overrides = first });
        (await Valid(first)).ShouldBeFalse();
        await client.Http.DeleteAsync(client.At($"{path}/{second}", "3.0")).Json();
        (await Valid(first)).ShouldBeFalse("another one overrides it still");
        await client.Http.DeleteAsync(client.At($"{path}/{third}", "3.0")).Json();
        (await Valid(first)).ShouldBeTrue();

        async Task<string> Assessed(object assessment) => (await Post(client, path, new { assessment }))["assessment"]!["assessment_id"]!.GetValue<string>();

        async Task<bool> Valid(string id) => (await client.Http.GetAsync(client.At($"{path}/{id}", "3.0")).Json())["assessment"]!["valid"]!.GetValue<bool>();
    }

    [Fact]
    public async Task an_expectation_made_of_several_values_comes_back_as_its_json()
    {
        var client = service.Empty();
        var path = await Traced(client);
        var expectation = (await Post(client, path, new { assessment = new { assessment_name = "e", expectation = new { value = new { threshold = 1000, passed = true } } } }))["assessment"]!["expectation"]!;
        expectation["value"].ShouldBeNull();
        JsonNode.Parse(expectation["serialized_value"]!["value"]!.GetValue<string>())!["threshold"]!.GetValue<int>().ShouldBe(1000);
        (await Post(client, path, new { assessment = new { assessment_name = "e", expectation = new { value = "Paris" } } }))["assessment"]!["expectation"]!["value"]!.GetValue<string>().ShouldBe("Paris");
    }

    [Fact]
    public async Task evaluation_datasets_are_searched_by_name_and_tag_in_the_order_asked_for()
    {
        var client = service.Empty();
        foreach (var (name, team) in ((string, string)[])[("b", "ml"), ("a", "data"), ("c", "ml")])
            await Post(client, "datasets/create", new { name, tags = $$"""{"team": "{{team}}"}""" });
        await Post(client, "datasets/create", new { name = "bare" });
        (await Found("tags.team = 'ml'")).ShouldBe(["c", "b"]);
        (await Found("tags.team != 'ml'")).ShouldBe(["a"]);
        (await Found("name LIKE 'b%'", "name ASC")).ShouldBe(["b", "bare"]);
        (await Found("name ILIKE 'B_R%'")).ShouldBe(["bare"]);
        (await Found("name IN ('a', 'c') AND created_time > 0", "name DESC")).ShouldBe(["c", "a"]);
        (await Found("created_by = 'nobody'")).ShouldBeEmpty();
        (await Found(null, "name ASC")).ShouldBe(["a", "b", "bare", "c"]);
        (await Found(null)).ShouldBe(["bare", "c", "a", "b"]);
        await Tracking.Refused(client.Http.PostAsync(client.At("datasets/search", "3.0"), new StringContent("""{"filter_string": "colour = 'x'"}""", null, "application/json")), 400, "INVALID_PARAMETER_VALUE");

        // Page by page, whatever the order.
        async Task<string[]> Found(string? filter_string, string? order = null)
        {
            var names = new List<string>();
            string? page_token = null;
            do
            {
                var page = await Post(client, "datasets/search", new { filter_string, order_by = order is null ? Array.Empty<string>() : [order], max_results = 1, page_token });
                names.AddRange(page["datasets"]?.AsArray().Select(d => d!["name"]!.GetValue<string>()) ?? []);
                page_token = page["next_page_token"]?.GetValue<string>();
            }
            while (page_token is not null);
            return [.. names];
        }
    }

    [Fact]
    public async Task an_evaluation_dataset_joins_and_leaves_experiments()
    {
        var client = service.Empty();
        var (one, two) = (await client.NewExperiment("one"), await client.NewExperiment("two"));
        var id = (await Post(client, "datasets/create", new { name = "d", experiment_ids = new[] { one } }))["dataset"]!["dataset_id"]!.GetValue<string>();
        (await Changed("add-experiments", one, two)).ShouldBe([one, two]);
        (await Changed("remove-experiments", one, "77")).ShouldBe([two]);
        (await Changed("remove-experiments", two)).ShouldBeEmpty();
        await Tracking.Refused(Raw($"datasets/{id}/add-experiments", """{"experiment_ids": ["77"]}"""), 404, "RESOURCE_DOES_NOT_EXIST");
        await Tracking.Refused(Raw("datasets/d-nonexistent1234567890abcdef1234/add-experiments", """{"experiment_ids": []}"""), 404, "RESOURCE_DOES_NOT_EXIST");

        async Task<string[]> Changed(string how, params string[] experiment_ids) =>
            [.. (await Post(client, $"datasets/{id}/{how}", new { experiment_ids }))["dataset"]!["experiment_ids"]!.AsArray().Select(e => e!.GetValue<string>())];

        Task<HttpResponseMessage> Raw(string path, string json) => client.Http.PostAsync(client.At(path, "3.0"), new StringContent(json, null, "application/json"));
    }

    private static async Task<string> Traced(Tracking client)
    {
        var id = "tr-" + Guid.NewGuid().ToString("N");
        await Post(client, "traces", new
        {
            trace = new
            {
                trace_info = new { trace_id = id, trace_location = new { type = "MLFLOW_EXPERIMENT", mlflow_experiment = new { experiment_id = "0" } }, request_time = "2026-01-01T00:00:00Z", state = "OK" },
            },
        });
        return $"traces/{id}/assessments";
    }

    private static Task<JsonNode> Post(Tracking client, string path, object body) =>
        client.Http.PostAsync(client.At(path, "3.0"), System.Net.Http.Json.JsonContent.Create(body)).Json();
}
