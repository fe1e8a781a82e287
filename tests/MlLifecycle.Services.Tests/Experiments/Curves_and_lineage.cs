using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class Curves_and_lineage(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task histories_of_several_runs_come_together()
    {
        var client = service.Empty();
        var (one, two, other) = (await client.NewRun(), await client.NewRun(), await service.Empty().NewRun());
        foreach (var run in (string[])[one, two])
        {
            await client.Metric(run, "loss", 2, 0, 10);
            await client.Metric(run, "loss", 1, 1, 20);
        }

        var all = (await client.Get($"metrics/get-history-bulk?run_id={one}&run_id={two}&run_id={other}&run_id=nonsense&metric_key=loss"))["metrics"]!.AsArray();
        all.Select(m => m!["run_id"]!.GetValue<string>()).Distinct().Order().ShouldBe(((string[])[one, two]).Order());
        all.Select(m => m!["value"]!.GetValue<double>()).ShouldBe([2, 1, 2, 1]);
        (await client.Get($"metrics/get-history-bulk?run_id={one}&run_id={two}&metric_key=loss&max_results=3"))["metrics"]!.AsArray().Count.ShouldBe(3);
        (await client.Http.GetAsync($"/mlflow/{client.Project}/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id={one}&metric_key=loss").Json())["metrics"]!.AsArray().Count.ShouldBe(2);
        await client.RefusedGet("metrics/get-history-bulk?metric_key=loss");
        await client.RefusedGet($"metrics/get-history-bulk?run_id={one}");
        await client.RefusedGet("metrics/get-history-bulk?metric_key=loss&" + string.Join('&', Enumerable.Range(0, 101).Select(i => $"run_id={i}")));
    }

    [Fact]
    public async Task a_long_curve_is_sampled_with_its_ends()
    {
        var client = service.Empty();
        var (one, two) = (await client.NewRun(), await client.NewRun());
        for (var batch = 0; batch < 4; batch++)
            await client.Post("runs/log-batch", new { run_id = one, metrics = Enumerable.Range(batch * 1000, 1000).Select(step => new { key = "loss", value = (double)step, timestamp = 1 + step, step }) });
        await client.Post("runs/log-batch", new { run_id = two, metrics = Enumerable.Range(1, 10).Select(i => new { key = "loss", value = 1.0, timestamp = 1, step = i * 501 }) });

        (await Steps($"run_ids={one}&max_results=100")).Count.ShouldBe(101);
        var sample = await Steps($"run_ids={one}&max_results=100");
        (sample[0], sample[^1], sample[1] - sample[0]).ShouldBe((0, 3999, 40));
        (await Steps($"run_ids={one}")).Count.ShouldBe(2500);
        (await Steps($"run_ids={one}&start_step=100&end_step=199")).ShouldBe(Enumerable.Range(100, 100).Select(i => (long)i));
        (await Steps($"run_ids={one}&start_step=100&end_step=3099&max_results=10"))[^1].ShouldBe(3099);
        var both = (await client.Get($"metrics/get-history-bulk-interval?run_ids={one}&run_ids={two}&metric_key=loss&max_results=10"))["metrics"]!.AsArray();
        both.Where(m => m!["run_id"]!.GetValue<string>() == two).Select(m => m!["step"]!.GetValue<long>()).ShouldContain(5010, "each run's last step is there");
        both.Where(m => m!["run_id"]!.GetValue<string>() == two).Select(m => m!["step"]!.GetValue<long>()).ShouldContain(501, "and its first");
        foreach (var wrong in (string[])["max_results=0", "max_results=2501", "start_step=1", "end_step=1", "start_step=2&end_step=1", "start_step=x&end_step=1"])
            await client.RefusedGet($"metrics/get-history-bulk-interval?run_ids={one}&metric_key=loss&{wrong}");
        await client.RefusedGet("metrics/get-history-bulk-interval?metric_key=loss");
        (await client.Get($"metrics/get-history-bulk-interval?run_ids={one}&metric_key=none"))["metrics"]!.AsArray().ShouldBeEmpty();

        async Task<List<long>> Steps(string query) =>
            [.. (await client.Get($"metrics/get-history-bulk-interval?metric_key=loss&{query}"))["metrics"]!.AsArray().Select(m => m!["step"]!.GetValue<long>())];
    }

    [Fact]
    public async Task the_data_of_experiments_is_found()
    {
        var client = service.Empty();
        var experiment = await client.NewExperiment();
        foreach (var (name, context) in ((string, string)[])[("fashion", "training"), ("fashion", "training"), ("cars", "")])
        {
            await client.Post("runs/log-inputs", new
            {
                run_id = await client.NewRun(experiment),
                datasets = new[] { new { dataset = new { name, digest = "1a", source_type = "x", source = "y" }, tags = context.Length > 0 ? [new { key = "mlflow.data.context", value = context }] : Array.Empty<object>() } },
            });
        }

        var found = (await client.Post("experiments/search-datasets", new { experiment_ids = new[] { experiment, "0" } }))["dataset_summaries"]!.AsArray();
        found.Select(d => (d!["experiment_id"]!.GetValue<string>(), d["name"]!.GetValue<string>(), d["context"]?.GetValue<string>())).ShouldBe([(experiment, "cars", null), (experiment, "fashion", "training")]);
        await client.RefusedPost("experiments/search-datasets", new { });
        await client.RefusedPost("experiments/search-datasets", new { experiment_ids = Enumerable.Range(0, 21).Select(i => $"{i}") });
    }

    [Fact]
    public async Task a_run_names_the_models_it_made_and_used()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Post("runs/outputs", new { run_id = run, models = new[] { new { model_id = "m-1", step = 5 }, new { model_id = "m-2", step = 6 } } });
        await client.Post("runs/outputs", new { run_id = run, models = new[] { new { model_id = "m-1", step = 5 } } });
        await client.Post("runs/log-inputs", new { run_id = run, models = new[] { new { model_id = "m-0" } } });
        var read = await client.Run(run);
        read["outputs"]!["model_outputs"]!.AsArray().Select(m => (m!["model_id"]!.GetValue<string>(), m["step"]!.GetValue<long>())).ShouldBe([("m-1", 5L), ("m-2", 6L)]);
        read["inputs"]!["model_inputs"]!.AsArray().ShouldHaveSingleItem()!["model_id"]!.GetValue<string>().ShouldBe("m-0");
        await client.RefusedPost("runs/outputs", new { run_id = run, models = new[] { new { step = 5 } } });
    }

    [Fact]
    public async Task a_models_description_is_kept_among_the_tags()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        string Model(string path) => $$$"""
            {"artifact_path": "{{{path}}}", "flavors": {"sklearn": {"pickled_model": "model.pkl", "config": {"a": 1} } }, "utc_time_created": "2026-01-01",
             "run_id": "{{{run}}}", "model_uuid": "u", "signature": {}, "metadata": {}, "mlflow_version": "3.5.0"}
            """;
        foreach (var path in (string[])["a", "b", "b"])
            await client.Post("runs/log-model", new { run_id = run, model_json = Model(path) });
        var tag = (await client.Run(run))["data"]!["tags"]!.AsArray().Single(t => t!["key"]!.GetValue<string>() == "mlflow.log-model.history")!["value"]!.GetValue<string>();
        JsonNode.Parse(tag)!.AsArray().Select(m => m!["artifact_path"]!.GetValue<string>()).ShouldBe(["a", "b"]);
        JsonNode.Parse(tag)![0]!.AsObject().Select(field => field.Key).ShouldBe(["artifact_path", "flavors", "utc_time_created", "run_id", "model_uuid"]);
        JsonNode.Parse(tag)![0]!["flavors"]!.ToJsonString().ShouldBe("""{"sklearn":{"pickled_model":"model.pkl"}}""");
        await client.RefusedPost("runs/log-model", new { run_id = run, model_json = "{nonsense" });
        (await client.RefusedPost("runs/log-model", new { run_id = run, model_json = """{"run_id": "x"}""" })).ShouldContain("artifact_path");
        await client.RefusedPost("runs/log-model", new { run_id = run });
    }
}
