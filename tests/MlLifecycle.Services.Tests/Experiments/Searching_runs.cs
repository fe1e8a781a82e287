using System.Globalization;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class Searching_runs(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>, IAsyncLifetime
{
    private readonly Tracking _client = service.Empty();

    public async ValueTask InitializeAsync()
    {
        foreach (var (name, acc, depth, status, data) in ((string, string?, string?, string, string?)[])
            [("a", "0.9", "3", "FINISHED", "fashion"), ("b", "0.8", "4", "FAILED", "cars"), ("c", "\"NaN\"", "3", "RUNNING", null), ("d", null, null, "RUNNING", "fashion"), ("e", "-1", "10", "FINISHED", null)])
        {
            var run = await _client.NewRun("0", ("mlflow.runName", name), ("team", name is "a" or "b" ? "Red" : "blue"));
            if (acc is not null)
                (await _client.Raw("runs/log-metric", $$"""{"run_id": "{{run}}", "key": "my acc", "value": {{acc}}, "timestamp": 1}""")).EnsureSuccessStatusCode();
            if (depth is not null)
                await _client.Param(run, "depth", depth);
            if (data is not null)
                await _client.Post("runs/log-inputs", new { run_id = run, datasets = new[] { new { dataset = new { name = data, digest = "1a", source_type = "x", source = "y" }, tags = new[] { new { key = "mlflow.data.context", value = "train" } } } } });
            if (status != "RUNNING")
                await _client.Finish(run, status);
        }
    }

    public ValueTask DisposeAsync()
    {
        _client.Http.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("metrics.`my acc` > 0.85", "a")]
    [InlineData("metrics.\"my acc\" <= 0.8", "be")]
    [InlineData("metrics.`my acc` != 0.9", "bce")]
    [InlineData("params.depth = '3'", "ac")]
    [InlineData("params.depth != '3'", "be")]
    [InlineData("params.depth LIKE '1%'", "e")]
    [InlineData("tags.team ILIKE 'r%'", "ab")]
    [InlineData("tags.team LIKE 'r%'", "")]
    [InlineData("attributes.status = 'RUNNING'", "cd")]
    [InlineData("status IN ('RUNNING', 'FAILED')", "bcd")]
    [InlineData("run_name NOT IN ('a', 'b')", "cde")]
    [InlineData("dataset.name = 'fashion'", "ad")]
    [InlineData("dataset.name IN ('cars') AND dataset.context = 'train'", "b")]
    [InlineData("params.depth = '3' AND metrics.`my acc` > 0 AND status = 'FINISHED'", "a")]
    [InlineData("params.depth IS NULL", "d")]
    [InlineData("params.depth IS NOT NULL and tags.team = 'blue'", "ce")]
    [InlineData("end_time > 0", "abe")]
    [InlineData("params.depth = '4' OR metrics.`my acc` < 0", "be")]
    [InlineData("(params.depth = '3' OR params.depth = '4') AND tags.team = 'Red'", "ab")]
    [InlineData("metrics.`my acc` IS NULL OR (status = 'FINISHED' AND artifact_uri LIKE 'mlflow%')", "ade")]
    [InlineData("metrics.`my acc` IS NOT NULL", "abce")]
    [InlineData("tags.team = 'x'' OR ''1''=''1'", "")]
    [InlineData("run_name = 'a''; DROP TABLE tracking.runs; --'", "")]
    public async Task finds_what_the_filter_says(string filter, string names) => string.Concat((await _client.Search(filter)).Order()).ShouldBe(names);

    [Theory]
    [InlineData("metrics.`my acc` DESC", "abecd")]
    [InlineData("metrics.`my acc`", "ebacd")]
    [InlineData("params.depth ASC,run_name", "eacbd")]
    [InlineData("run_name DESC", "edcba")]
    [InlineData("params.depth DESC,metrics.`my acc` DESC", "baced")]
    [InlineData("end_time ASC,run_name ASC", "abecd")]
    public async Task sorts_numbers_first_then_what_is_none_then_what_is_missing(string order, string names)
    {
        foreach (var size in (int[])[1, 2, 3, 1000])
            string.Concat(await _client.Search(order_by: order.Split(','), max_results: size)).ShouldBe(names, size.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task sorts_by_a_metric_that_the_filter_speaks_of_too()
    {
        string.Concat(await _client.Search("metrics.`my acc` IS NULL OR metrics.`my acc` > 0.85", ["metrics.`my acc` DESC"], 1)).ShouldBe("ad");
        string.Concat(await _client.Search("metrics.`my acc` IS NULL", ["metrics.`my acc`"])).ShouldBe("d");
        string.Concat(await _client.Search("metrics.`my acc` < 0.85", ["metrics.`my acc`"], 1)).ShouldBe("eb");
    }

    [Theory]
    [InlineData("metrics.acc > 'x'")]
    [InlineData("nonsense")]
    [InlineData("params.a = 'x")]
    [InlineData("metrics.a > 1; DROP TABLE tracking.runs")]
    [InlineData("1 = 1")]
    [InlineData("params.a = (SELECT 1)")]
    [InlineData("attributes.password = 'x'")]
    public async Task refuses_what_is_no_filter(string filter)
    {
        var message = await _client.RefusedPost("runs/search", new { experiment_ids = new[] { "0" }, filter });
        message.ShouldNotContain("SELECT r.");
        (await _client.Search()).Length.ShouldBe(5);
    }

    [Fact]
    public async Task refuses_pages_and_orders_that_make_no_sense()
    {
        await _client.RefusedPost("runs/search", new { experiment_ids = new[] { "0" }, max_results = 50_001 });
        await _client.RefusedPost("runs/search", new { experiment_ids = new[] { "0" }, max_results = -1 });
        await _client.RefusedPost("runs/search", new { experiment_ids = new[] { "0" }, order_by = new[] { "metrics.a UP" } });
        await _client.RefusedPost("runs/search", new { experiment_ids = new[] { "0" }, page_token = "bm9uc2Vuc2U=" });
        await _client.RefusedPost("runs/search", new { experiment_ids = new[] { "0" }, run_view_type = "SOME" });
        await _client.RefusedPost("runs/search", new { experiment_ids = "0" });
        (await _client.Search(experiments: ["77", "x"])).ShouldBeEmpty();
    }

    [Fact]
    public async Task pages_stay_whole_while_runs_come_and_go()
    {
        var client = service.Empty();
        for (var i = 0; i < 6; i++)
            await client.Metric(await client.NewRun("0", ("mlflow.runName", i.ToString(CultureInfo.InvariantCulture))), "m", i);
        string[] order_by = ["metrics.m ASC"];
        var first = await client.Post("runs/search", new { experiment_ids = new[] { "0" }, order_by, max_results = 3 });
        await client.Post("runs/delete", new { run_id = first["runs"]![0]!["info"]!["run_id"]!.GetValue<string>() });
        await client.Metric(await client.NewRun("0", ("mlflow.runName", "late")), "m", -1);
        var second = await client.Post("runs/search", new { experiment_ids = new[] { "0" }, order_by, max_results = 3, page_token = first["next_page_token"]!.GetValue<string>() });
        second["runs"]!.AsArray().Select(r => r!["info"]!["run_name"]!.GetValue<string>()).ShouldBe(["3", "4", "5"]);
    }

    [Fact]
    public async Task answers_a_run_as_it_is_after_each_change()
    {
        var client = service.Empty();
        var experiment = await client.NewExperiment();
        var run = await client.NewRun(experiment);
        (string Path, object Body)[] changes =
        [
            ("runs/log-metric", new { run_id = run, key = "loss", value = 0.5, timestamp = 1, step = 1 }),
            ("runs/log-metric", new { run_id = run, key = "loss", value = 0.4, timestamp = 2, step = 2 }),
            ("runs/log-parameter", new { run_id = run, key = "depth", value = "3" }),
            ("runs/set-tag", new { run_id = run, key = "team", value = "red" }),
            ("runs/set-tag", new { run_id = run, key = "team", value = "blue" }),
            ("runs/delete-tag", new { run_id = run, key = "team" }),
            ("runs/log-inputs", new { run_id = run, datasets = new[] { new { dataset = new { name = "d", digest = "1a", source_type = "x", source = "y" }, tags = Array.Empty<object>() } } }),
            ("runs/log-batch", new { run_id = run, metrics = new[] { new { key = "acc", value = 1, timestamp = 1, step = 0 } }, @params = new[] { new { key = "width", value = "9" } } }),
            ("runs/outputs", new { run_id = run, models = new[] { new { model_id = "m-1", step = 1 } } }),
            ("runs/update", new { run_id = run, run_name = "another" }),
            ("runs/update", new { run_id = run, status = "FINISHED", end_time = 5 }),
            ("runs/delete", new { run_id = run }),
            ("runs/restore", new { run_id = run }),
            ("experiments/delete", new { experiment_id = experiment }),
            ("experiments/restore", new { experiment_id = experiment }),
        ];
        var before = "";
        foreach (var (path, body) in changes)
        {
            await client.Post(path, body);
            var page = await client.Post("runs/search", new { experiment_ids = new[] { experiment }, run_view_type = "ALL" });
            var found = page["runs"]![0]!.ToJsonString();
            found.ShouldNotBe(before, path);
            JsonNode.DeepEquals(page["runs"]![0], await client.Run(run)).ShouldBeTrue(path + " " + found);
            before = found;
        }
    }
}
