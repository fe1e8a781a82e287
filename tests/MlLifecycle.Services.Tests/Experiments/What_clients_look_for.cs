using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>Messages, orders and spellings that clients of MLflow and scripts around it compare word for word.</summary>
public sealed class What_clients_look_for(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Theory]
    [InlineData("experiments/create", """{"name": 123}""", "Invalid value 123 for parameter 'name' supplied")]
    [InlineData("experiments/create", """{"name": "x", "artifact_location": 9.0}""", "Invalid value 9.0 for parameter 'artifact_location' supplied")]
    [InlineData("experiments/create", """{"name": "x", "tags": "5"}""", "Invalid value \"5\" for parameter 'tags' supplied")]
    [InlineData("experiments/create", "{}", "Missing value for required parameter 'name'")]
    [InlineData("runs/log-metric", """{"run_id": "x", "key": "k", "value": 1, "timestamp": "foo"}""", "Invalid value \"foo\" for parameter 'timestamp' supplied")]
    [InlineData("runs/log-batch", """{"run_id": "x", "metrics": [{"key": "k", "value": 1, "timestamp": 1}, {"step": true}]}""", "Invalid value true for parameter 'metrics[1].step' supplied")]
    [InlineData("runs/search", """{"max_results": 123456789}""", "Invalid value 123456789 for parameter 'max_results' supplied")]
    public async Task a_refusal_names_the_parameter_and_what_was_sent_for_it(string path, string json, string part)
    {
        var message = await Tracking.Refused(service.Empty().Raw(path, json), 400, "INVALID_PARAMETER_VALUE");
        message.ShouldContain(part);
        message.ShouldNotContain("System.");
    }

    [Fact]
    public async Task of_a_parameter_sent_twice_no_value_is_guessed_at() =>
        (await Tracking.Refused(service.Empty().Raw("experiments/create", """{"name": 1, "name": 2}"""), 400, "INVALID_PARAMETER_VALUE"))
            .ShouldStartWith("Invalid value for parameter 'name' supplied");

    [Fact]
    public async Task a_version_of_a_logged_model_that_is_not_there_is_refused()
    {
        var client = service.Empty();
        await client.Post("registered-models/create", new { name = "sorter" });
        (await client.RefusedPost("model-versions/create", new { name = "sorter", source = "s3://b/m", model_id = "m-none" }, "RESOURCE_DOES_NOT_EXIST", 404)).ShouldContain("m-none");
        var model = (await client.Post("logged-models", new { experiment_id = "0", name = "net" }))["model"]!["info"]!["model_id"]!.GetValue<string>();
        (await client.Post("model-versions/create", new { name = "sorter", source = "s3://b/m", model_id = model }))["model_version"]!["model_id"]!.GetValue<string>().ShouldBe(model);
    }

    [Fact]
    public async Task the_first_experiment_is_as_old_as_its_project()
    {
        var begun = DateTimeOffset.UtcNow.AddDays(-3);
        var (project, id) = ("p-" + Guid.NewGuid().ToString("N")[..12], Guid.CreateVersion7(begun));
        var client = new Tracking(service.As(Role.Contributor, project, id), project, id);
        (await client.Get("experiments/get?experiment_id=0"))["experiment"]!["creation_time"]!.GetValue<long>().ShouldBe(begun.ToUnixTimeMilliseconds());
    }

    [Theory]
    [InlineData("registered-models/search?order_by=creation_timestamp", "creation_timestamp")]
    [InlineData("model-versions/search?order_by=name&order_by=run_id%20DESC", "run_id")]
    [InlineData("model-versions/search?order_by=source_path", "source_path")]
    public async Task the_registry_has_some_orders_and_no_others(string path, string key) => (await service.Empty().RefusedGet(path)).ShouldStartWith($"Invalid order by key '{key}' specified.");

    [Fact]
    public async Task the_field_of_an_input_that_is_too_long_is_named_alone_and_in_its_place()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        var dataset = new { name = new string('n', 501), digest = "1", source_type = "s", source = "s" };
        (await client.RefusedPost("runs/log-inputs", new { run_id = run, datasets = new[] { new { dataset } } })).ShouldBe("'name' exceeds the maximum length of 500 characters: it has 501. (datasets[0].dataset.name)");
    }

    [Theory]
    [InlineData("""{"experiment_ids": ["0"], "filter_string2": "name = 'x'"}""", "filter_string1")]
    [InlineData("""{"experiment_ids": ["0"], "filter_string1": "name = 'x'"}""", "filter_string2")]
    [InlineData("""{"filter_string1": "name = 'x'", "filter_string2": "name = 'x'"}""", "experiment_ids")]
    public async Task a_correlation_is_of_two_filters(string json, string lacks) =>
        (await Tracking.Refused(service.Empty().Raw("/api/3.0/mlflow/traces/calculate-filter-correlation", json), 400, "INVALID_PARAMETER_VALUE")).ShouldBe($"Missing value for required parameter '{lacks}'.");

    [Theory]
    [InlineData("metric_key=k", "GetMetricHistoryBulk request must specify at least one run_id")]
    [InlineData("run_id=1", "GetMetricHistoryBulk request must specify a metric_key")]
    public async Task the_bulk_history_says_what_it_lacks(string query, string part) =>
        (await service.Empty().RefusedGet("metrics/get-history-bulk?" + query)).ShouldContain(part);

    [Theory]
    [InlineData("metric_key=k", "Missing value for required parameter 'run_ids'.")]
    [InlineData("run_ids=1", "Missing value for required parameter 'metric_key'")]
    [InlineData("run_ids=1&metric_key=k&max_results=0", "max_results must be between 1 and 2500")]
    public async Task so_does_the_sampled_history(string query, string part) =>
        (await service.Empty().RefusedGet("metrics/get-history-bulk-interval?" + query)).ShouldContain(part);

    [Fact]
    public async Task more_runs_than_a_history_takes_are_refused_in_words()
    {
        var client = service.Empty();
        var many = string.Join('&', Enumerable.Range(0, 1000).Select(i => $"run_id=id_{i}"));
        (await client.RefusedGet($"metrics/get-history-bulk?metric_key=k&{many}")).ShouldContain("GetMetricHistoryBulk request cannot specify more than");
    }

    [Fact]
    public async Task a_path_that_leads_out_is_refused_in_the_two_words_that_are_compared()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        foreach (var path in (string[])[$"artifacts/list?run_id={run}&path=../path", $"/get-artifact?run_id={run}&path=../path", "/model-versions/get-artifact?name=m&version=1&path=../path"])
            (await client.RefusedGet(path)).ShouldBe("Invalid path");
    }

    [Fact]
    public async Task a_dot_lists_where_it_stands()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Upload($"0/{run}/artifacts/dir/model.txt", [1]);
        (await client.Get($"artifacts/list?run_id={run}&path=.")).ToJsonString().ShouldContain("""{"path":"dir","is_dir":true}""");
        (await client.Get($"artifacts/list?run_id={run}&path=./dir/.")).ToJsonString().ShouldContain("\"path\":\"dir/model.txt\"");
        (await client.Get($"/api/2.0/mlflow-artifacts/artifacts?path=0/{run}/artifacts/.")).ToJsonString().ShouldContain("""{"path":"dir","is_dir":true}""");
    }

    [Theory]
    [InlineData("images/dog%step%20%timestamp%1764000000000%g1b2.png")]
    [InlineData("images/dog+step+20+timestamp+100+g1b2.png")]
    [InlineData("a:b.txt")]
    public async Task images_are_stored_under_the_names_that_clients_make_of_key_step_and_time(string name)
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Upload($"0/{run}/artifacts/" + string.Join('/', name.Split('/').Select(Uri.EscapeDataString)), [7]);
        (await (await client.Http.GetAsync(client.At($"/get-artifact?run_id={run}&path={Uri.EscapeDataString(name)}"))).Content.ReadAsByteArrayAsync()).ShouldBe([7]);
    }

    [Theory]
    [InlineData("MLmodel")]
    [InlineData("MLproject")]
    public async Task descriptions_of_models_and_projects_are_text(string name)
    {
        var client = service.Empty();
        await client.Upload("files/" + name, [65]);
        (await client.Download("files/" + name)).Content.Headers.ContentType!.ToString().ShouldBe("text/plain");
    }

    [Theory]
    [InlineData("", "Request must specify run_uuid.")]
    [InlineData("run_uuid={run}", "Request must specify path.")]
    [InlineData("run_uuid={run}&path=../x", "Invalid path")]
    [InlineData("run_uuid={run}&path=x", "Request must specify data.")]
    public async Task an_upload_says_what_it_lacks(string query, string message)
    {
        var client = service.Empty();
        var run = await client.NewRun();
        var path = $"/mlflow/{client.Project}/ajax-api/2.0/mlflow/upload-artifact?{query.Replace("{run}", run, StringComparison.Ordinal)}";
        (await Tracking.Refused(client.Http.PostAsync(path, new ByteArrayContent([])), 400, "INVALID_PARAMETER_VALUE")).ShouldBe(message);
    }

    [Theory]
    [InlineData("/tmp", "To use a local path as a model version")]
    [InlineData("file:///tmp", "To use a local path as a model version")]
    [InlineData("http://host:9000/models/../../../", "If supplying a source as an http, https,")]
    [InlineData("mlflow-artifacts://host:9000/models/..%2f..%2fartifacts", "If supplying a source as an http, https,")]
    [InlineData("mlflow-artifacts://host:9000/models/artifact%00", "If supplying a source as an http, https,")]
    public async Task a_source_that_is_no_place_is_refused_and_says_which_would_be(string source, string part)
    {
        var client = service.Empty();
        await client.Post("registered-models/create", new { name = "m" });
        (await client.RefusedPost("model-versions/create", new { name = "m", source })).ShouldContain(part);
    }

    [Fact]
    public async Task versions_come_in_the_order_asked_for_then_by_name()
    {
        var client = service.Empty();
        foreach (var name in (string[])["b", "a", "c"])
        {
            await client.Post("registered-models/create", new { name });
            await client.Post("model-versions/create", new { name, source = "s3://x" });
        }

        await client.Post("model-versions/create", new { name = "c", source = "s3://x" });
        await client.Post("model-versions/create", new { name = "b", source = "s3://x" });
        (await Found("version_number DESC")).ShouldBe(["b2", "c2", "a1", "b1", "c1"]);
        (await Found("name DESC")).ShouldBe(["c2", "c1", "b2", "b1", "a1"]);

        async Task<string[]> Found(string order) =>
            [.. (await client.Get("model-versions/search?order_by=" + Uri.EscapeDataString(order)))["model_versions"]!.AsArray().Select(v => $"{v!["name"]}{v["version"]}")];
    }

    [Fact]
    public async Task a_logged_model_carries_the_versions_made_of_it_in_a_tag()
    {
        var client = service.Empty();
        var info = (await client.Post("logged-models", new { experiment_id = "0", tags = new[] { new { key = "team", value = "vision" } } }))["model"]!["info"]!;
        var (id, source) = (info["model_id"]!.GetValue<string>(), info["artifact_uri"]!.GetValue<string>());
        await client.Post("registered-models/create", new { name = "model" });
        await client.Post("model-versions/create", new { name = "model", source, model_id = id });
        await client.Post("model-versions/create", new { name = "model", source, model_id = id });
        (await Tags()).ShouldBe([("mlflow.modelVersions", """[{"name": "model", "version": 1}, {"name": "model", "version": 2}]"""), ("team", "vision")]);
        await client.Send(HttpMethod.Delete, "model-versions/delete", new { name = "model", version = "1" });
        (await Tags())[0].Value.ShouldBe("""[{"name": "model", "version": 2}]""");

        async Task<(string Key, string Value)[]> Tags() =>
            [.. (await client.Get("logged-models/" + id))["model"]!["info"]!["tags"]!.AsArray().Select(t => (t!["key"]!.GetValue<string>(), t["value"]!.GetValue<string>()))];
    }

    [Fact]
    public async Task a_version_that_is_no_number_is_refused_by_name()
    {
        var client = service.Empty();
        await client.Post("registered-models/create", new { name = "m" });
        (await client.RefusedGet("model-versions/get?name=m&version=newest")).ShouldBe("Parameter 'version' must be an integer, got 'newest'.");
    }

    [Theory]
    [InlineData("   ", "Webhook URL cannot be empty or just whitespace")]
    [InlineData("ftp://example.com", "Invalid webhook URL scheme")]
    [InlineData("http://[invalid", "Invalid webhook URL")]
    public async Task a_webhook_says_what_is_wrong_with_its_address(string url, string part)
    {
        var client = service.Empty(ServiceDefaults.Trust.Role.Maintainer);
        (await client.RefusedPost("webhooks", new { name = "w", url, events = new[] { new { entity = "MODEL_VERSION", action = "CREATED" } } })).ShouldContain(part);
        (await client.RefusedGet("webhooks/nonexistent", "RESOURCE_DOES_NOT_EXIST", 404)).ShouldBe("Webhook with ID nonexistent not found.");
    }

    [Theory]
    [InlineData("LATEST", "'latest' alias name (case insensitive) is reserved")]
    [InlineData("v12", "Version alias name 'v12' is reserved")]
    [InlineData("", "Registered model alias name cannot be empty")]
    public async Task an_alias_says_why_it_cannot_be_one(string alias, string part)
    {
        var client = service.Empty();
        await client.Post("registered-models/create", new { name = "m" });
        (await client.RefusedPost("registered-models/alias", new { name = "m", alias, version = "1" })).ShouldContain(part);
    }
}
