using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class Logged_models(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task are_logged_finalized_measured_and_registered()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        var created = (await client.Post("logged-models", new
        {
            experiment_id = "0",
            name = "net",
            model_type = "agent",
            source_run_id = run,
            @params = new[] { new { key = "depth", value = "3" } },
            tags = new[] { new { key = "team", value = "red" } },
        }))["model"]!;
        var id = created["info"]!["model_id"]!.GetValue<string>();
        created["info"]!["status"]!.GetValue<string>().ShouldBe("LOGGED_MODEL_PENDING");
        created["info"]!.AsObject().ContainsKey("creator_id").ShouldBeFalse("it is an int64 to clients, which our callers' names are not");
        created["info"]!["artifact_uri"]!.GetValue<string>().ShouldBe($"mlflow-artifacts:/0/models/{id}/artifacts");
        await client.Upload($"0/models/{id}/artifacts/MLmodel", "x"u8.ToArray());
        (await client.Send(HttpMethod.Patch, $"logged-models/{id}", new { model_id = id, status = "LOGGED_MODEL_READY" }))["model"]!["info"]!["status"]!.GetValue<string>().ShouldBe("LOGGED_MODEL_READY");
        await client.Post($"logged-models/{id}/params", new { @params = new[] { new { key = "eta", value = "1" } } });
        await client.Send(HttpMethod.Patch, $"logged-models/{id}/tags", new { tags = new[] { new { key = "phase", value = "one" } } });
        await client.Send(HttpMethod.Delete, $"logged-models/{id}/tags/team");
        await client.Send(HttpMethod.Patch, $"logged-models/{id}/tags", new { tags = new[] { new { key = "of/both", value = "x" } } });
        await client.Send(HttpMethod.Delete, $"logged-models/{id}/tags/of/both");
        await client.Post("runs/log-metric", new { run_id = run, model_id = id, key = "acc", value = 0.8, timestamp = 1, step = 1, dataset_name = "fashion", dataset_digest = "1a" });
        await client.Post("runs/log-batch", new { run_id = run, metrics = new[] { new { key = "acc", value = 0.9, timestamp = 2, step = 2, model_id = id, dataset_name = "fashion", dataset_digest = "1a" } } });
        await client.Post("registered-models/create", new { name = "sorter" });
        await client.Post("model-versions/create", new { name = "sorter", source = $"models:/{id}", model_id = id, run_id = run });

        var read = (await client.Get($"logged-models/{id}"))["model"]!;
        A_client_at_work.Entries(read["data"]!["params"]!).ShouldBe([("depth", "3"), ("eta", "1")]);
        A_client_at_work.Entries(read["info"]!["tags"]!).ShouldBe([("mlflow.modelVersions", """[{"name": "sorter", "version": 1}]"""), ("phase", "one")]);
        var metrics = read["data"]!["metrics"]!.AsArray();
        metrics.Select(m => (m!["step"]!.GetValue<long>(), m["value"]!.GetValue<double>())).ShouldBe([(1, 0.8), (2, 0.9)]);
        var metric = metrics[1]!;
        (metric["value"]!.GetValue<double>(), metric["run_id"]!.GetValue<string>(), metric["dataset_name"]!.GetValue<string>()).ShouldBe((0.9, run, "fashion"));
        read["info"]!["registrations"]![0]!["version"]!.GetValue<string>().ShouldBe("1");
        (await client.Get("model-versions/get?name=sorter&version=1"))["model_version"]!["model_id"]!.GetValue<string>().ShouldBe(id);
        (await client.Get("model-versions/get-download-uri?name=sorter&version=1"))["artifact_uri"]!.GetValue<string>().ShouldBe($"mlflow-artifacts:/0/models/{id}/artifacts");
        (await client.Get($"logged-models/{id}/artifacts/directories"))["files"]![0]!["path"]!.GetValue<string>().ShouldBe("MLmodel");
        (await client.Http.GetStringAsync($"/mlflow/{client.Project}/ajax-api/2.0/mlflow/logged-models/{id}/artifacts/files?artifact_file_path=MLmodel")).ShouldBe("x");
        (await client.Run(run))["data"]!["metrics"]![0]!["value"]!.GetValue<double>().ShouldBe(0.9);

        await client.Send(HttpMethod.Delete, $"logged-models/{id}");
        await client.Send(HttpMethod.Delete, $"logged-models/{id}");
        await client.RefusedGet($"logged-models/{id}", "RESOURCE_DOES_NOT_EXIST", 404);
        (await client.Get($"logged-models/{id}?allow_deleted=true"))["model"]!["info"]!["name"]!.GetValue<string>().ShouldBe("net");
    }

    [Fact]
    public async Task are_searched_by_what_is_known_of_them()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        foreach (var (name, acc) in ((string, double?)[])[("a", 0.7), ("b", 0.9), ("c", null)])
        {
            var id = (await client.Post("logged-models", new { experiment_id = "0", name, @params = new[] { new { key = "kind", value = name } } }))["model"]!["info"]!["model_id"]!.GetValue<string>();
            if (acc is { } value)
                await client.Post("runs/log-metric", new { run_id = run, model_id = id, key = "acc", value, timestamp = 1, dataset_name = name == "a" ? "fashion" : "cars" });
        }

        (await Names(null)).ShouldBe(["c", "b", "a"], "the newest first");
        (await Names("metrics.acc > 0.5", "metrics.acc")).ShouldBe(["a", "b"]);
        (await Names(null, "metrics.acc", ascending: false)).ShouldBe(["b", "a", "c"]);
        (await Names("params.kind = 'a'")).ShouldBe(["a"]);
        (await Names("name IN ('a', 'c')", "name")).ShouldBe(["a", "c"]);
        (await Names("status = 'READY'")).ShouldBeEmpty();
        (await Names("metrics.acc > 0.5", dataset: "cars")).ShouldBe(["b"]);
        await client.RefusedPost("logged-models/search", new { });
        foreach (var (name, digest) in ((string, string)[])[("a", "2"), ("b", "1")])
        {
            var id = (await client.Post("logged-models/search", new { experiment_ids = new[] { "0" }, filter = $"name = '{name}'" }))["models"]![0]!["info"]!["model_id"]!.GetValue<string>();
            await client.Post("runs/log-metric", new { run_id = run, model_id = id, key = "acc", value = name == "a" ? 0.1 : 0.2, timestamp = 2, dataset_name = "streets", dataset_digest = digest });
        }

        var ordered = await client.Post("logged-models/search", new { experiment_ids = new[] { "0" }, order_by = new[] { new { field_name = "metrics.acc", dataset_digest = "1" } } });
        ordered["models"]!.AsArray().Select(m => m!["info"]!["name"]!.GetValue<string>()).ShouldBe(["b", "c", "a"]); // only one was measured on data of that digest
        await client.RefusedPost("logged-models/search", new { experiment_ids = new[] { "0" }, filter = "nonsense = 'x'" });
        await client.RefusedPost("logged-models/search", new { experiment_ids = new[] { "0" }, order_by = new[] { new { ascending = true } } });

        async Task<string[]> Names(string? filter, string? order = null, bool ascending = true, string? dataset = null)
        {
            var names = new List<string>();
            string? page_token = null;
            do
            {
                var page = await client.Post("logged-models/search", new
                {
                    experiment_ids = new[] { "0" },
                    filter,
                    datasets = dataset is null ? [] : new[] { new { dataset_name = dataset } },
                    order_by = order is null ? [] : new[] { new { field_name = order, ascending } },
                    max_results = 2,
                    page_token,
                });
                names.AddRange(page["models"]?.AsArray().Select(m => m!["info"]!["name"]!.GetValue<string>()) ?? []);
                page_token = page["next_page_token"]?.GetValue<string>();
            }
            while (page_token is not null);
            return [.. names];
        }
    }

    [Fact]
    public async Task keep_each_point_and_are_ordered_by_the_latest()
    {
        var client = service.Empty();
        var (run, other) = (await client.NewRun(), await client.NewRun());
        var ids = new List<string>();
        foreach (var lr in (string[])["0.1", "0.2"])
            ids.Add((await client.Post("logged-models", new { experiment_id = "0", name = lr[2..], @params = new[] { new { key = "lr", value = lr } } }))["model"]!["info"]!["model_id"]!.GetValue<string>());
        object[] points =
        [
            new { key = "acc", value = 0.9, timestamp = 1, step = 5, model_id = ids[0] },
            new { key = "acc", value = 0.1, timestamp = 2, step = 1, model_id = ids[0] },
            new { key = "acc", value = 0.2, timestamp = 2, step = 1, model_id = ids[0] },
            new { key = "acc", value = 0.5, timestamp = 1, step = 1, model_id = ids[1] },
        ];
        await client.Post("runs/log-batch", new { run_id = run, metrics = points });
        await client.Post("runs/log-batch", new { run_id = other, metrics = new[] { new { key = "acc", value = 0.3, timestamp = 1, step = 5, model_id = ids[0] } } });
        (await client.Get($"logged-models/{ids[0]}"))["model"]!["data"]!["metrics"]!.AsArray()
            .Select(m => (m!["run_id"]!.GetValue<string>() == run, m["timestamp"]!.GetValue<long>(), m["value"]!.GetValue<double>())).ShouldBe([(true, 1, 0.9), (false, 1, 0.3), (true, 2, 0.2)], ignoreOrder: true);
        (await Search(null, "metrics.acc")).ShouldBe(["1", "2"], "0.2 is the latest of the first, by its time");
        (await Search("metrics.acc > 0.8", "metrics.acc")).ShouldBe(["1"], "any point will do");
        (await Search("params.lr = 0.2", "last_updated_time")).ShouldBe(["2"], "a text that looks like a number may stand without quotes here");

        async Task<string[]> Search(string? filter, string order) =>
            [.. (await client.Post("logged-models/search", new { experiment_ids = new[] { "0" }, filter, order_by = new[] { new { field_name = order, ascending = true } }, max_results = 5000 }))["models"]!
                .AsArray().Select(m => m!["info"]!["name"]!.GetValue<string>())];
    }

    [Fact]
    public async Task that_are_none_are_said_so()
    {
        var (client, other) = (service.Empty(), service.Empty());
        var id = (await other.Post("logged-models", new { experiment_id = "0" }))["model"]!["info"]!["model_id"]!.GetValue<string>();
        await client.RefusedGet($"logged-models/{id}", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet("logged-models/m-x", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedPost("logged-models", new { experiment_id = "99" }, "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedPost("logged-models", new { experiment_id = "0", name = "a/b" });
        await client.Refused(HttpMethod.Patch, $"logged-models/{id}", new { status = "LOGGED_MODEL_READY" }, 404, "RESOURCE_DOES_NOT_EXIST");
        await other.Refused(HttpMethod.Patch, $"logged-models/{id}", new { status = "READY" }, 400, "INVALID_PARAMETER_VALUE");
        await other.Refused(HttpMethod.Patch, $"logged-models/{id}", new { }, 400, "INVALID_PARAMETER_VALUE");
        await client.RefusedPost("runs/log-metric", new { run_id = await client.NewRun(), model_id = id, key = "acc", value = 0.8, timestamp = 1 }, "RESOURCE_DOES_NOT_EXIST", 404);
    }
}
