using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Contracts;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class The_registry_over_HTTP(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task answers_a_creation_that_is_sent_again_as_the_first_time()
    {
        var client = service.Empty();
        client.Http.DefaultRequestHeaders.Add("Idempotency-Key", "once");
        (string Path, object Body)[] creations =
        [
            ("experiments/create", new { name = "trees" }),
            ("registered-models/create", new { name = "sorter" }),
            ("model-versions/create", new { name = "sorter", source = "mlflow-artifacts:/0/x" }),
        ];
        foreach (var (path, body) in creations)
        {
            var first = await client.Post(path, body);
            (await client.Post(path, body)).ToJsonString().ShouldBe(first.ToJsonString(), path);
        }

        await client.Send(HttpMethod.Delete, "model-versions/delete", new { name = "sorter", version = "1" });
        (await client.RefusedPost("model-versions/create", creations[2].Body, "RESOURCE_DOES_NOT_EXIST", 404)).ShouldStartWith("Model Version (name=sorter, version=1) not found: this request made it");
        client.Http.DefaultRequestHeaders.Remove("Idempotency-Key");
        await client.RefusedPost("experiments/create", new { name = "trees" }, "RESOURCE_ALREADY_EXISTS");
        await client.RefusedPost("registered-models/create", new { name = "sorter" }, "RESOURCE_ALREADY_EXISTS");
        (await client.Post("model-versions/create", new { name = "sorter", source = "mlflow-artifacts:/0/x" }))["model_version"]!["version"]!.GetValue<string>().ShouldBe("2");
        await client.Send(HttpMethod.Delete, "registered-models/delete", new { name = "sorter" });
        client.Http.DefaultRequestHeaders.Add("Idempotency-Key", "once");
        (await client.RefusedPost("registered-models/create", creations[1].Body, "RESOURCE_DOES_NOT_EXIST", 404)).ShouldStartWith("Registered Model with name=sorter not found: this request made it");
    }

    [Fact]
    public async Task keeps_versions_aliases_and_stages()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        (await client.Post("registered-models/create", new { name = "sorter", description = "sorts", tags = new[] { new { key = "team", value = "red" } } }))["registered_model"]!["name"]!.GetValue<string>().ShouldBe("sorter");
        await client.RefusedPost("registered-models/create", new { name = "sorter" }, "RESOURCE_ALREADY_EXISTS");
        for (var i = 1; i <= 3; i++)
        {
            var version = (await client.Post("model-versions/create", new { name = "sorter", source = $"runs:/{run}/model", run_id = run, description = "v" }))["model_version"]!;
            (version["version"]!.GetValue<string>(), version["current_stage"]!.GetValue<string>(), version["status"]!.GetValue<string>()).ShouldBe((i.ToString(), "None", "READY"));
        }

        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "1" });
        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "2" });
        (await client.Get("registered-models/alias?name=sorter&alias=champion"))["model_version"]!["version"]!.GetValue<string>().ShouldBe("2");
        await client.Post("model-versions/transition-stage", new { name = "sorter", version = "1", stage = "production", archive_existing_versions = false });
        await client.Post("model-versions/transition-stage", new { name = "sorter", version = "3", stage = "Production", archive_existing_versions = true });
        (await client.Get("model-versions/get?name=sorter&version=1"))["model_version"]!["current_stage"]!.GetValue<string>().ShouldBe("Archived");
        var latest = (await client.Post("registered-models/get-latest-versions", new { name = "sorter", stages = new[] { "Production" } }))["model_versions"]!.AsArray();
        latest.ShouldHaveSingleItem()!["version"]!.GetValue<string>().ShouldBe("3");
        (await client.Get("registered-models/get-latest-versions?name=sorter"))["model_versions"]!.AsArray().Count.ShouldBe(3);
        (await client.Get("model-versions/get-download-uri?name=sorter&version=3"))["artifact_uri"]!.GetValue<string>().ShouldBe($"mlflow-artifacts:/0/{run}/artifacts/model");
        await client.Send(HttpMethod.Delete, "registered-models/alias", new { name = "sorter", alias = "champion" });
        await client.RefusedGet("registered-models/alias?name=sorter&alias=champion");
        await client.RefusedGet("model-versions/get?name=sorter&version=9", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet("model-versions/get?name=sorter&version=x");
        await client.RefusedGet("registered-models/get?name=nobody", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedPost("model-versions/create", new { name = "sorter", source = "file:///etc/passwd" });
        await client.RefusedPost("model-versions/transition-stage", new { name = "sorter", version = "1", stage = "Attic" });
    }

    [Fact]
    public async Task is_searched_in_pages()
    {
        var client = service.Empty();
        foreach (var name in (string[])["b", "a", "c"])
        {
            await client.Post("registered-models/create", new { name, tags = new[] { new { key = "team", value = name } } });
            await client.Post("model-versions/create", new { name, source = "runs:/x/m", run_id = "x" });
        }

        var first = await client.Get("registered-models/search?max_results=2");
        first["registered_models"]!.AsArray().Select(m => m!["name"]!.GetValue<string>()).ShouldBe(["a", "b"]);
        var second = await client.Get($"registered-models/search?max_results=2&page_token={Uri.EscapeDataString(first["next_page_token"]!.GetValue<string>())}");
        second["registered_models"]!.AsArray().ShouldHaveSingleItem()!["name"]!.GetValue<string>().ShouldBe("c");
        (await client.Get("registered-models/search?filter=" + Uri.EscapeDataString("tags.team = 'b'")))["registered_models"]!.AsArray().Count.ShouldBe(1);
        (await client.Get("registered-models/search?order_by=" + Uri.EscapeDataString("name DESC")))["registered_models"]![0]!["name"]!.GetValue<string>().ShouldBe("c");
        (await client.Get("model-versions/search?filter=" + Uri.EscapeDataString("name = 'a' AND run_id = 'x'")))["model_versions"]!.AsArray().Count.ShouldBe(1);
        await client.RefusedGet("registered-models/search?filter=" + Uri.EscapeDataString("name = 'a'; DROP TABLE x"));
    }

    [Fact]
    public async Task and_the_ends_of_runs_are_announced_once()
    {
        var heard = new ConcurrentQueue<IntegrationEvent>();
        var handle = service.Host.Services.GetRequiredService<IBus>().ConnectReceiveEndpoint("experiments-listener", endpoint =>
        {
            endpoint.Handler<RunFinished>(context => Hear(context.Message));
            endpoint.Handler<ModelVersionRegistered>(context => Hear(context.Message));
            endpoint.Handler<ModelVersionPromoted>(context => Hear(context.Message));
        });
        await handle.Ready;
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Param(run, "algorithm", "trees");
        await client.Metric(run, "acc", 0.9);
        await client.Post("runs/log-inputs", new { run_id = run, datasets = new[] { new { dataset = new { name = "fashion", digest = "8f14e45f", source_type = "x", source = "y" } } } });
        await client.Finish(run);
        await client.Finish(run);
        await client.Post("registered-models/create", new { name = "sorter" });
        await client.Post("model-versions/create", new { name = "sorter", source = $"runs:/{run}/model", run_id = run });
        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "1" });
        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "1" });
        await client.Post("model-versions/transition-stage", new { name = "sorter", version = "1", stage = "Production" });
        await Answers.Until(() => Task.FromResult(Of(heard).Count), count => count >= 4);
        var finished = Of(heard).OfType<RunFinished>().ShouldHaveSingleItem();
        (finished.RunId, finished.Status, finished.Algorithm, finished.Metrics["acc"], finished.Inputs[0].Digest, finished.Actor, finished.Project)
            .ShouldBe((run, "FINISHED", "trees", 0.9, "8f14e45f", "ada", client.Project));
        var registered = Of(heard).OfType<ModelVersionRegistered>().ShouldHaveSingleItem();
        (registered.Model, registered.Version, registered.RunId).ShouldBe(("sorter", 1, run));
        Of(heard).OfType<ModelVersionPromoted>().Select(p => p.Label).Order().ShouldBe(["Production", "champion"]);

        Task Hear(IntegrationEvent message)
        {
            heard.Enqueue(message);
            return Task.CompletedTask;
        }

        List<IntegrationEvent> Of(IEnumerable<IntegrationEvent> all) => [.. all.Where(e => e.ProjectId == client.ProjectId).DistinctBy(e => e.EventId)];
    }

    [Fact]
    public async Task is_read_in_the_suites_own_terms_at_any_moment()
    {
        var client = service.Empty();
        await client.Post("registered-models/create", new { name = "sorter" });
        await client.Post("model-versions/create", new { name = "sorter", source = "runs:/x/model", run_id = "x" });
        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "1" });
        var before = Uri.EscapeDataString(DateTimeOffset.UtcNow.ToString("O"));
        await Task.Delay(5);
        await client.Post("model-versions/create", new { name = "sorter", source = "runs:/y/model", run_id = "y" });
        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "2" });
        var now = (await client.Http.GetAsync($"/api/projects/{client.Project}/models").Json())["items"]![0]!;
        (now["aliases"]!["champion"]!.GetValue<int>(), now["versions"]!.AsArray().Count).ShouldBe((2, 2));
        var then = (await client.Http.GetAsync($"/api/projects/{client.Project}/models?at={before}").Json())["items"]![0]!;
        (then["aliases"]!["champion"]!.GetValue<int>(), then["versions"]!.AsArray().Count).ShouldBe((1, 1));
    }
}
