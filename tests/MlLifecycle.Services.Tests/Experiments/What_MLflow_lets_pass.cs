using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>What scripts get away with against MLflow's own server, and so send.</summary>
public sealed class What_MLflow_lets_pass(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task a_run_begins_with_tags_of_any_name()
    {
        var client = service.Empty();
        string[] keys = ["a@b", "../x", "100%", "team"];
        var run = await client.NewRun("0", [.. keys.Select(key => (key, "1")), ("mlflow.runName", "odd")]);
        (await client.Search("tags.`a@b` = '1' AND tags.`../x` = '1'", ["tags.`100%`"])).ShouldBe(["odd"]);
        await client.RefusedPost("runs/set-tag", new { run_id = run, key = "a@b", value = "2" });
        foreach (var key in keys)
            await client.Post("runs/delete-tag", new { run_id = run, key });
        (await client.Run(run))["data"]!["tags"]!.AsArray().Count.ShouldBe(1);
        await client.RefusedPost("runs/create", new { experiment_id = "0", tags = new[] { new { key = "", value = "1" } } });
        (await client.RefusedPost("runs/create", new { experiment_id = "0", tags = new[] { new { key = new string('k', 251), value = "1" } } })).ShouldContain("tags[0].key");
    }

    [Fact]
    public async Task a_batch_may_be_of_many_bytes_when_its_entries_are_few()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Post("runs/log-batch", new { run_id = run, @params = Enumerable.Range(0, 100).Select(i => new { key = $"p{i}", value = new string('字', 20_000) }) });
        var read = (await client.Run(run))["data"]!["params"]!.AsArray();
        read.Count.ShouldBe(100);
        read.ShouldAllBe(p => p!["value"]!.GetValue<string>() == new string('字', 6000));
    }

    [Fact]
    public async Task metrics_are_named_with_whatever_python_takes_for_a_letter_or_digit()
    {
        var client = service.Empty();
        var run = await client.NewRun("0", ("mlflow.runName", "fit"));
        foreach (var key in (string[])["R²", "𝑅/½", "Δt"])
            await client.Metric(run, key, 1);
        (await client.Search("metrics.R² = 1 AND metrics.`𝑅/½` >= 1 AND metrics.Δt < 2", ["metrics.R²"])).ShouldBe(["fit"]);
        (await client.Get($"metrics/get-history?run_id={run}&metric_key={Uri.EscapeDataString("R²")}"))["metrics"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task a_tuple_of_one_run_is_a_list_of_runs()
    {
        var client = service.Empty();
        var run = await client.NewRun("0", ("mlflow.runName", "only"));
        (await client.Search($"attributes.run_id IN ('{run}',)")).ShouldBe(["only"]);
        (await client.Search($"`attributes`.run_id NOT IN ('{run}',) AND ")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("\"NaN\"", "0.25", "0.25")]
    [InlineData("0.25", "\"NaN\"", "0.25")]
    [InlineData("\"NaN\"", "-0.25", "\"NaN\"")]
    public async Task of_one_moment_not_a_number_counts_as_zero(string first, string second, string latest)
    {
        var client = service.Empty();
        var run = await client.NewRun();
        foreach (var value in (string[])[first, second])
            (await client.Raw("runs/log-metric", $$"""{"run_id": "{{run}}", "key": "apart", "value": {{value}}, "timestamp": 5}""")).EnsureSuccessStatusCode();
        (await client.Raw("runs/log-batch", $$"""{"run_id": "{{run}}", "metrics": [{"key": "at once", "value": {{first}}, "timestamp": 5}, {"key": "at once", "value": {{second}}, "timestamp": 5}]}""")).EnsureSuccessStatusCode();
        (await client.Run(run))["data"]!["metrics"]!.AsArray().Select(m => m!["value"]!.ToJsonString()).ShouldBe([latest, latest]);
    }

    [Fact]
    public async Task a_run_may_say_of_more_data_than_a_search_for_them_answers()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        var datasets = Enumerable.Range(0, 1010).Select(i => new { dataset = new { name = "d" + i, digest = "1a", source_type = "x", source = "y" } }).ToList();
        await client.Post("runs/log-inputs", new { run_id = run, datasets = datasets.Concat(datasets) });
        (await client.Run(run))["inputs"]!["dataset_inputs"]!.AsArray().Count.ShouldBe(1010);
        (await client.Post("experiments/search-datasets", new { experiment_ids = new[] { "0" } }))["dataset_summaries"]!.AsArray().Count.ShouldBe(1000);
    }

    [Fact]
    public async Task a_name_whose_tag_was_removed_is_given_again()
    {
        var client = service.Empty();
        var run = await client.NewRun("0", ("mlflow.runName", "one"));
        await client.Post("runs/delete-tag", new { run_id = run, key = "mlflow.runName" });
        (await Names()).ShouldBe(("one", null));
        await client.Post("runs/update", new { run_id = run, run_name = "" });
        (await Names()).ShouldBe(("one", null));
        await client.Post("runs/update", new { run_id = run, run_name = "one" });
        (await Names()).ShouldBe(("one", "one"));

        async Task<(string Name, string? Tag)> Names()
        {
            var read = await client.Run(run);
            return (read["info"]!["run_name"]!.GetValue<string>(), read["data"]!["tags"]?[0]!["value"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task an_empty_name_leaves_a_run_the_one_it_has()
    {
        var client = service.Empty();
        var run = await client.NewRun("0", ("mlflow.runName", "one"));
        await client.Post("runs/set-tag", new { run_id = run, key = "mlflow.runName", value = "" });
        await client.Post("runs/log-batch", new { run_id = run, tags = new[] { new { key = "mlflow.runName", value = "" }, new { key = "team", value = "" } } });
        var read = await client.Run(run);
        read["info"]!["run_name"]!.GetValue<string>().ShouldBe("one");
        read["data"]!["tags"]!.AsArray().Select(tag => (tag!["key"]!.GetValue<string>(), tag["value"]!.GetValue<string>())).ShouldBe([("mlflow.runName", "one"), ("team", "")]);
    }

    [Fact]
    public async Task a_key_may_stand_between_single_quotes_after_its_dot()
    {
        var client = service.Empty();
        await client.NewRun("0", ("mlflow.runName", "one"), ("the team", "red"));
        (await client.Search("tags.'the team' = 'red'", ["tags.'the team'"])).ShouldBe(["one"]);
    }

    [Fact]
    public async Task an_experiments_files_may_lie_at_an_address_with_a_query()
    {
        var client = service.Empty();
        var id = (await client.Post("experiments/create", new { name = "x", artifact_location = "s3://bucket/path?endpoint=here" }))["experiment_id"]!.GetValue<string>();
        (await client.Get($"experiments/get?experiment_id={id}"))["experiment"]!["artifact_location"]!.GetValue<string>().ShouldBe("s3://bucket/path?endpoint=here");
        var run = await client.NewRun(id, ("mlflow.runName", "there"));
        (await client.Run(run))["info"]!["artifact_uri"]!.GetValue<string>().ShouldBe($"s3://bucket/path/{run}/artifacts?endpoint=here");
        await client.Post("registered-models/create", new { name = "sorter" });
        await client.Post("model-versions/create", new { name = "sorter", source = $"runs:/{run}/model", run_id = run });
        (await client.Get("model-versions/get-download-uri?name=sorter&version=1"))["artifact_uri"]!.GetValue<string>().ShouldBe($"s3://bucket/path/{run}/artifacts/model?endpoint=here");
        (await client.Search($"artifact_uri = 's3://bucket/path/{run}/artifacts?endpoint=here'", experiments: [id])).ShouldBe(["there"]);
        foreach (var bad in (string[])["s3://bucket/path#part", "s3://bucket/path;part", "s3://bucket/path?x=../y", "mlflow-artifacts:/team?x=1"])
            (await client.RefusedPost("experiments/create", new { name = "y", artifact_location = bad })).ShouldContain("artifact_location");
    }

    [Fact]
    public async Task a_view_may_be_named_by_its_number() =>
        (await service.Empty().Get("experiments/search?max_results=5&view_type=1"))["experiments"]!.AsArray().ShouldHaveSingleItem()!["name"]!.GetValue<string>().ShouldBe("Default");
}
