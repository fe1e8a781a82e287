using System.Net;
using System.Text.Json.Nodes;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class Purging(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task takes_away_what_was_deleted_and_nothing_else()
    {
        var client = service.Empty(Role.Maintainer);
        var experiment = await client.NewExperiment("trees");
        var (kept, deleted, served, inTrees) = (await client.NewRun(), await client.NewRun(), await client.NewRun(), await client.NewRun(experiment));
        foreach (var run in (string[])[kept, deleted, served])
        {
            await client.Metric(run, "a", 1);
            await client.Param(run, "depth", "3");
            await client.Upload($"0/{run}/artifacts/model/m.bin", [1, 2, 3]);
        }

        await client.Upload($"0/{new string('a', 32)}/artifacts/m.bin", [1, 2, 3, 4]);
        await client.Post("registered-models/create", new { name = "sorter" });
        await client.Post("model-versions/create", new { name = "sorter", source = $"runs:/{served}/model", run_id = served });
        await client.Post("runs/delete", new { run_id = deleted });
        await client.Post("runs/delete", new { run_id = served });
        await client.Post("experiments/delete", new { experiment_id = experiment });

        var later = await Purge(client, 1, dryRun: false);
        (later["runs"]!.AsArray().Count, later["experiments"]!.AsArray().Count, later["orphanedArtifacts"]!.AsArray().Count).ShouldBe((0, 0, 0), "nothing is that old");
        var trial = await Purge(client, 0, dryRun: true);
        trial["runs"]!.AsArray().Select(r => r!.GetValue<string>()).Order().ShouldBe(((string[])[deleted, served, inTrees]).Order());
        trial["experiments"]!.AsArray().Select(e => e!.GetValue<string>()).ShouldBe([experiment]);
        trial["keptArtifacts"]!.AsArray().Select(r => r!.GetValue<string>()).ShouldBe([served]);
        trial["orphanedArtifacts"]!.AsArray().Select(r => r!.GetValue<string>()).ShouldBe([$"0/{new string('a', 32)}"]);
        trial["bytes"]!.GetValue<long>().ShouldBe(7);
        (await client.Run(deleted))["info"]!["lifecycle_stage"]!.GetValue<string>().ShouldBe("deleted", "a dry run takes nothing");

        await Purge(client, 0, dryRun: false);
        foreach (var run in (string[])[deleted, served, inTrees])
            await client.RefusedGet($"runs/get?run_id={run}", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedPost("runs/restore", new { run_id = deleted }, "RESOURCE_DOES_NOT_EXIST", 404);
        (await client.Download($"0/{deleted}/artifacts/model/m.bin")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await client.Download($"0/{served}/artifacts/model/m.bin")).StatusCode.ShouldBe(HttpStatusCode.OK, "a version of a model is made of it");
        (await client.Download($"0/{kept}/artifacts/model/m.bin")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await client.Run(kept))["data"]!["metrics"]!.AsArray().Count.ShouldBe(1);
        await client.RefusedGet($"experiments/get?experiment_id={experiment}", "RESOURCE_DOES_NOT_EXIST", 404);
        (await client.NewExperiment("trees")).ShouldBe("2", "its name is free again, its number is not");
        var again = await Purge(client, 0, dryRun: false);
        (again["runs"]!.AsArray().Count, again["orphanedArtifacts"]!.AsArray().Count).ShouldBe((0, 0));
    }

    [Fact]
    public async Task takes_logged_models_away_that_were_deleted_and_leaves_the_files_of_versions()
    {
        var client = service.Empty(Role.Maintainer);
        var (kept, deleted, served) = (await Model("kept"), await Model("deleted"), await Model("served"));
        await client.Post("registered-models/create", new { name = "sorter" });
        await client.Post("model-versions/create", new { name = "sorter", source = $"models:/{served}", model_id = served });
        await client.Send(HttpMethod.Delete, $"logged-models/{deleted}");
        await client.Send(HttpMethod.Delete, $"logged-models/{served}");

        (await Purge(client, 1, dryRun: false))["loggedModels"]!.AsArray().ShouldBeEmpty("nothing is that old");
        var trial = await Purge(client, 0, dryRun: true);
        trial["loggedModels"]!.AsArray().Select(m => m!.GetValue<string>()).ShouldBe([deleted, served]);
        trial["keptArtifacts"]!.AsArray().Select(m => m!.GetValue<string>()).ShouldBe([served]);
        trial["bytes"]!.GetValue<long>().ShouldBe(3);
        (await client.Get($"logged-models/{deleted}?allow_deleted=true"))["model"].ShouldNotBeNull("a dry run takes nothing");

        await Purge(client, 0, dryRun: false);
        foreach (var model in (string[])[deleted, served])
            await client.RefusedGet($"logged-models/{model}?allow_deleted=true", "RESOURCE_DOES_NOT_EXIST", 404);
        (await client.Get($"logged-models/{kept}"))["model"].ShouldNotBeNull();
        (await client.Download($"0/models/{deleted}/artifacts/MLmodel")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await client.Download($"0/models/{served}/artifacts/MLmodel")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await client.Download($"0/models/{kept}/artifacts/MLmodel")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Purge(client, 0, dryRun: false))["orphanedArtifacts"]!.AsArray().ShouldBeEmpty();

        async Task<string> Model(string name)
        {
            var id = (await client.Post("logged-models", new { experiment_id = "0", name }))["model"]!["info"]!["model_id"]!.GetValue<string>();
            await client.Upload($"0/models/{id}/artifacts/MLmodel", [1, 2, 3]);
            return id;
        }
    }

    [Fact]
    public async Task is_for_maintainers_and_checked()
    {
        var client = service.Empty(Role.Maintainer);
        await service.Again(client).Http.Post($"/api/projects/{client.Project}/runs/purges", new { olderThanDays = 1 }).Problem(403, "forbidden");
        await client.Http.Post($"/api/projects/{client.Project}/runs/purges", new { olderThanDays = -1 }).Problem(400, "invalid-input", "olderThanDays");
        await client.Http.Post($"/api/projects/{client.Project}/runs/purges", new { }).Problem(400, "invalid-input", "olderThanDays");
        (await client.Http.Post($"/api/projects/{client.Project}/runs/purges", new { olderThanDays = 1 }).Json())["dryRun"]!.GetValue<bool>().ShouldBeTrue("unless told otherwise");
    }

    private static Task<JsonNode> Purge(Tracking client, double olderThanDays, bool dryRun) =>
        client.Http.Post($"/api/projects/{client.Project}/runs/purges", new { olderThanDays, dryRun }).Json();
}
