using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>What MLflow's client sends, in its order and spelling, and what it reads out of the answers.</summary>
public sealed class A_client_at_work(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public void guards_every_route() => service.ShouldGuardEveryRoute();

    [Fact]
    public async Task finds_the_default_experiment_and_nothing_else()
    {
        var client = service.Empty();
        (await client.Http.GetStringAsync(client.At("/health"))).ShouldBe("OK");
        (await client.Http.GetStringAsync(client.At("/version"))).ShouldBe("3.5.0");
        var found = await client.Post("experiments/search", new { max_results = 1000, view_type = "ACTIVE_ONLY" });
        var only = found["experiments"]!.AsArray().ShouldHaveSingleItem()!;
        (only["experiment_id"]!.GetValue<string>(), only["name"]!.GetValue<string>(), only["lifecycle_stage"]!.GetValue<string>()).ShouldBe(("0", "Default", "active"));
        (await client.Get("experiments/get?experiment_id=0"))["experiment"]!["name"]!.GetValue<string>().ShouldBe("Default");
    }

    [Fact]
    public async Task creates_an_experiment_when_there_is_none_of_that_name()
    {
        var client = service.Empty();
        await client.RefusedGet("experiments/get-by-name?experiment_name=trees", "RESOURCE_DOES_NOT_EXIST", 404);
        var id = (await client.Post("experiments/create", new { name = "trees", tags = new[] { new { key = "team", value = "red" } } }))["experiment_id"]!.GetValue<string>();
        var read = (await client.Get("experiments/get-by-name?experiment_name=trees"))["experiment"]!;
        read["experiment_id"]!.GetValue<string>().ShouldBe(id);
        read["artifact_location"]!.GetValue<string>().ShouldBe($"mlflow-artifacts:/{id}");
        read["tags"]![0]!["value"]!.GetValue<string>().ShouldBe("red");
        read["creation_time"]!.GetValue<long>().ShouldBeGreaterThan(0);
        (await client.RefusedPost("experiments/create", new { name = "trees" }, "RESOURCE_ALREADY_EXISTS")).ShouldContain("trees");
        await client.Post("experiments/update", new { experiment_id = id, new_name = "bushes" });
        await client.Post("experiments/set-experiment-tag", new { experiment_id = id, key = "team", value = "blue" });
        read = (await client.Get($"experiments/get?experiment_id={id}"))["experiment"]!;
        (read["name"]!.GetValue<string>(), read["tags"]![0]!["value"]!.GetValue<string>()).ShouldBe(("bushes", "blue"));
        await client.Post("experiments/delete-experiment-tag", new { experiment_id = id, key = "team" });
        (await client.Get($"experiments/get?experiment_id={id}"))["experiment"]!["tags"].ShouldBeNull();
    }

    [Fact]
    public async Task gets_the_same_run_when_it_sends_a_creation_again()
    {
        var client = service.Empty();
        var experiment = await client.NewExperiment();
        client.Http.DefaultRequestHeaders.Add("Idempotency-Key", "once");
        var body = new { experiment_id = experiment, start_time = 1000, tags = new[] { new { key = "team", value = "red" } } };
        // Together first: they may share a commit.
        var created = (await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.Post("runs/create", body)))).Select(answer => answer.ToJsonString()).Distinct().ShouldHaveSingleItem();
        var run = JsonNode.Parse(created)!["run"]!["info"]!["run_id"]!.GetValue<string>();
        await client.Finish(run, "FINISHED");
        var again = (await client.Post("runs/create", body))["run"]!;
        (again["info"]!["run_id"]!.GetValue<string>(), again["info"]!["status"]!.GetValue<string>(), again["data"]!["tags"]!.AsArray().Count).ShouldBe((run, "FINISHED", 2));
        (await client.Post("runs/search", new { experiment_ids = new[] { experiment } }))["runs"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task cannot_create_a_run_where_there_is_no_experiment()
    {
        var client = service.Empty();
        await client.RefusedPost("runs/create", new { experiment_id = "77" }, "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedPost("runs/create", new { experiment_id = "none" }, "RESOURCE_DOES_NOT_EXIST", 404);
        var experiment = await client.NewExperiment();
        await client.Post("experiments/delete", new { experiment_id = experiment });
        (await client.RefusedPost("runs/create", new { experiment_id = experiment }, "INVALID_PARAMETER_VALUE")).ShouldContain("deleted");
    }

    [Fact]
    public async Task follows_a_run_from_its_start_to_its_end()
    {
        var client = service.Empty();
        var experiment = await client.NewExperiment();
        var created = (await client.Post("runs/create", new
        {
            experiment_id = experiment,
            user_id = "ada",
            run_name = "calm-otter-7",
            start_time = 1_700_000_000_000,
            tags = new[] { new { key = "mlflow.user", value = "ada" }, new { key = "mlflow.source.name", value = "train.py" } },
        }))["run"]!;
        var id = created["info"]!["run_id"]!.GetValue<string>();
        id.Length.ShouldBe(32);
        created["info"]!["run_uuid"]!.GetValue<string>().ShouldBe(id);
        created["info"]!["status"]!.GetValue<string>().ShouldBe("RUNNING");
        created["info"]!["artifact_uri"]!.GetValue<string>().ShouldBe($"mlflow-artifacts:/{experiment}/{id}/artifacts");

        await client.Post("runs/log-parameter", new { run_uuid = id, run_id = id, key = "depth", value = "3" });
        await client.Post("runs/log-metric", new { run_uuid = id, run_id = id, key = "loss", value = 0.5, timestamp = 1_700_000_000_100, step = 0 });
        await client.Post("runs/log-batch", new
        {
            run_id = id,
            metrics = new[] { new { key = "loss", value = 0.25, timestamp = 1_700_000_000_200, step = 1 }, new { key = "acc", value = 0.9, timestamp = 1_700_000_000_200, step = 1 } },
            @params = new[] { new { key = "eta", value = "0.1" } },
            tags = new[] { new { key = "phase", value = "one" } },
        });
        await client.Post("runs/set-tag", new { run_uuid = id, run_id = id, key = "note", value = "x" });
        await client.Post("runs/delete-tag", new { run_id = id, key = "note" });
        await client.Post("runs/log-inputs", new
        {
            run_id = id,
            datasets = new[]
            {
                new
                {
                    tags = new[] { new { key = "mlflow.data.context", value = "training" } },
                    dataset = new { name = "fashion", digest = "8f14e45f", source_type = "http", source = """{"url": "x"}""", schema = "{}", profile = "{}" },
                },
            },
        });
        var updated = await client.Post("runs/update", new { run_uuid = id, run_id = id, status = "FINISHED", end_time = 1_700_000_001_000 });
        (updated["run_info"]!["status"]!.GetValue<string>(), updated["run_info"]!["end_time"]!.GetValue<long>()).ShouldBe(("FINISHED", 1_700_000_001_000));

        var run = await client.Run(id);
        Entries(run["data"]!["params"]!).ShouldBe([("depth", "3"), ("eta", "0.1")]);
        Entries(run["data"]!["tags"]!).ShouldBe([("mlflow.runName", "calm-otter-7"), ("mlflow.source.name", "train.py"), ("mlflow.user", "ada"), ("phase", "one")]);
        run["data"]!["metrics"]!.AsArray().Select(m => (m!["key"]!.GetValue<string>(), m["value"]!.GetValue<double>(), m["step"]!.GetValue<long>())).ShouldBe([("acc", 0.9, 1L), ("loss", 0.25, 1L)]);
        var input = run["inputs"]!["dataset_inputs"]![0]!;
        (input["dataset"]!["name"]!.GetValue<string>(), input["tags"]![0]!["value"]!.GetValue<string>()).ShouldBe(("fashion", "training"));
        var history = (await client.Get($"metrics/get-history?run_uuid={id}&metric_key=loss&run_id={id}&max_results=25000"))["metrics"]!.AsArray();
        history.Select(m => m!["value"]!.GetValue<double>()).ShouldBe([0.5, 0.25]);
    }

    [Fact]
    public async Task reads_its_own_writes_at_once_from_many_connections()
    {
        var client = service.Empty();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async worker =>
        {
            var run = await client.NewRun();
            for (var step = 0; step < 10; step++)
            {
                await client.Metric(run, "m", step + worker, step, step);
                await client.Param(run, "p" + step, "v");
                var read = (await client.Run(run))["data"]!;
                read["metrics"]![0]!["value"]!.GetValue<double>().ShouldBe(step + worker);
                read["params"]!.AsArray().Count.ShouldBe(step + 1);
            }
        }));
        (await client.Search()).Length.ShouldBe(16);
    }

    [Fact]
    public async Task pages_through_a_history()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        for (var batch = 0; batch < 3; batch++)
        {
            await client.Post("runs/log-batch", new
            {
                run_id = run,
                metrics = Enumerable.Range(batch * 900, 900).Select(step => new { key = "loss", value = 1.0 / (step + 1), timestamp = 1000 + (step / 2), step }),
            });
        }

        await client.Metric(run, "loss", 1, 0, 1000); // a retry: there already
        var seen = new List<long>();
        string? token = null;
        do
        {
            var page = await client.Get($"metrics/get-history?run_id={run}&metric_key=loss&max_results=1000{(token is null ? "" : "&page_token=" + Uri.EscapeDataString(token))}");
            seen.AddRange(page["metrics"]!.AsArray().Select(m => m!["step"]!.GetValue<long>()));
            token = page["next_page_token"]?.GetValue<string>();
        }
        while (token is not null);
        seen.ShouldBe(Enumerable.Range(0, 2700).Select(i => (long)i));
        (await client.Get($"metrics/get-history?run_id={run}&metric_key=loss"))["metrics"]!.AsArray().Count.ShouldBe(2700, "without a limit it is all of it");
        (await client.Get($"metrics/get-history?run_id={run}&metric_key=none")).AsObject().ContainsKey("next_page_token").ShouldBeFalse();
        await client.RefusedGet($"metrics/get-history?run_id={new string('0', 32)}&metric_key=loss", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet($"metrics/get-history?run_id={run}");
        await client.RefusedGet($"metrics/get-history?run_id={run}&metric_key=loss&page_token=nonsense");
    }

    [Fact]
    public async Task keeps_not_a_number_and_infinities()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        foreach (var (key, value) in ((string, string)[])[("no", "\"NaN\""), ("up", "\"Infinity\""), ("down", "\"-Infinity\""), ("text", "\"0.5\"")])
            (await client.Raw("runs/log-metric", $$"""{"run_id": "{{run}}", "key": "{{key}}", "value": {{value}}, "timestamp": "5", "extra": {}, "step": "1"}""")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var metrics = (await client.Run(run))["data"]!["metrics"]!.AsArray().ToDictionary(m => m!["key"]!.GetValue<string>(), m => m!["value"]!.ToJsonString());
        metrics.ShouldBe(new Dictionary<string, string> { ["no"] = "\"NaN\"", ["up"] = "1.7976931348623157E+308", ["down"] = "-1.7976931348623157E+308", ["text"] = "0.5" }, ignoreOrder: true);
    }

    [Fact]
    public async Task deletes_and_restores_runs_and_experiments()
    {
        var client = service.Empty();
        var experiment = await client.NewExperiment("trees");
        var (kept, deleted) = (await client.NewRun(experiment, ("mlflow.runName", "kept")), await client.NewRun(experiment, ("mlflow.runName", "deleted")));
        await client.Post("runs/delete", new { run_id = deleted });
        await client.Post("runs/delete", new { run_id = deleted });
        (await client.Search(experiments: [experiment])).ShouldBe(["kept"]);
        (await client.Search(experiments: [experiment], view: "DELETED_ONLY")).ShouldBe(["deleted"]);
        (await client.Search(experiments: [experiment], view: "ALL")).Order().ShouldBe(["deleted", "kept"]);
        (await client.Run(deleted))["info"]!["lifecycle_stage"]!.GetValue<string>().ShouldBe("deleted");
        await client.RefusedPost("runs/log-metric", new { run_id = deleted, key = "a", value = 1, timestamp = 1 });
        await client.Post("runs/restore", new { run_id = deleted });
        (await client.Search(experiments: [experiment])).Length.ShouldBe(2);

        await client.Post("runs/delete", new { run_id = deleted });
        await client.Post("experiments/delete", new { experiment_id = experiment });
        await client.RefusedPost("experiments/delete", new { experiment_id = experiment }, "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedPost("runs/log-metric", new { run_id = kept, key = "a", value = 1, timestamp = 1 });
        await client.RefusedPost("runs/create", new { experiment_id = experiment });
        (await client.RefusedPost("experiments/create", new { name = "trees" }, "RESOURCE_ALREADY_EXISTS")).ShouldContain("deleted");
        (await client.Search(experiments: [experiment])).ShouldBeEmpty();
        await client.Post("experiments/restore", new { experiment_id = experiment });
        await client.RefusedPost("experiments/restore", new { experiment_id = experiment }, "RESOURCE_DOES_NOT_EXIST", 404);
        (await client.Search(experiments: [experiment])).Order().ShouldBe(["deleted", "kept"]); // all of its runs come back with it
        await client.Metric(kept, "a", 1);
        (await client.Search("metrics.a = 1", experiments: [experiment])).ShouldBe(["kept"]);
    }

    [Fact]
    public async Task searches_experiments_in_pages()
    {
        var client = service.Empty();
        for (var i = 0; i < 5; i++)
            await client.Post("experiments/create", new { name = $"trees-{i}", tags = new[] { new { key = "odd", value = (i % 2).ToString() } } });
        var names = new List<string>();
        string? page_token = null;
        do
        {
            var page = await client.Post("experiments/search", new { max_results = 2, filter = "name LIKE 'trees%'", order_by = new[] { "name DESC" }, page_token });
            names.AddRange(page["experiments"]!.AsArray().Select(e => e!["name"]!.GetValue<string>()));
            page_token = page["next_page_token"]?.GetValue<string>();
        }
        while (page_token is not null);
        names.ShouldBe(["trees-4", "trees-3", "trees-2", "trees-1", "trees-0"]);
        (await client.Get("experiments/search?max_results=10&filter=" + Uri.EscapeDataString("tags.odd = '1'")))["experiments"]!.AsArray().Count.ShouldBe(2);
    }

    [Fact]
    public async Task finds_everything_again_after_a_restart()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Metric(run, "a", 1, 1);
        await client.Upload($"0/{run}/artifacts/a.txt", "x"u8.ToArray());
        await service.Restart();
        client = service.Again(client);
        await client.Metric(run, "a", 2, 2);
        (await client.Run(run))["data"]!["metrics"]![0]!["value"]!.GetValue<double>().ShouldBe(2);
        (await client.Get($"metrics/get-history?run_id={run}&metric_key=a"))["metrics"]!.AsArray().Count.ShouldBe(2);
        (await (await client.Download($"0/{run}/artifacts/a.txt")).Content.ReadAsStringAsync()).ShouldBe("x");
        (await client.NewExperiment("trees")).ShouldBe("1");
    }

    [Fact]
    public async Task sees_a_run_as_it_was()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Metric(run, "a", 1, 1);
        await client.Param(run, "depth", "3");
        var before = Uri.EscapeDataString(DateTimeOffset.UtcNow.ToString("O"));
        await Task.Delay(5);
        await client.Metric(run, "a", 2, 2);
        await client.Param(run, "eta", "1");
        await client.Finish(run);
        var then = await client.Http.GetAsync($"/api/projects/{client.Project}/runs/{run}?at={before}").Json();
        (then["status"]!.GetValue<string>(), then["metrics"]!["a"]!.GetValue<double>(), then["params"]!.AsObject().Count).ShouldBe(("running", 1, 1));
        var now = await client.Http.GetAsync($"/api/projects/{client.Project}/runs/{run}").Json();
        (now["status"]!.GetValue<string>(), now["metrics"]!["a"]!.GetValue<double>(), now["params"]!.AsObject().Count).ShouldBe(("finished", 2, 2));
    }

    internal static IEnumerable<(string, string)> Entries(JsonNode list) => list.AsArray().Select(e => (e!["key"]!.GetValue<string>(), e["value"]!.GetValue<string>()));
}
