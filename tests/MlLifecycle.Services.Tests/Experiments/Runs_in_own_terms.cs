using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Experiments.Metrics;
using Npgsql;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>What a table of many runs and a chart of many points read.</summary>
public sealed class Runs_in_own_terms(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task are_found_by_id_in_the_order_asked_for()
    {
        var client = service.Empty();
        var (low, high, none) = (await client.NewRun(), await client.NewRun(), await client.NewRun());
        await client.Metric(low, "acc", 0.1, 1);
        await client.Metric(high, "acc", 0.9, 1);
        Ids(await Own(client, "index?order=" + Uri.EscapeDataString("metrics.acc DESC"))).ShouldBe([high, low, none]);
        Ids(await Own(client, "index?experiment=Default&filter=" + Uri.EscapeDataString("metrics.acc < 0.5"))).ShouldBe([low]);
        var first = await Own(client, "index?limit=2&order=" + Uri.EscapeDataString("metrics.acc ASC"));
        (Ids(first).Length, first["more"]!.GetValue<bool>()).ShouldBe((2, true));
    }

    [Theory]
    [InlineData("index?filter=acc%20%3E%3E%201", 400, "filter")]
    [InlineData("index?order=metrics.", 400, "order")]
    [InlineData("index?experiment=nothing", 404, null)]
    [InlineData("keys?experiment=nothing", 404, null)]
    [InlineData("01a21204aa8b795bb4b5881b4949266a/metrics/acc?sample=1", 400, "sample")]
    public async Task refuse_what_is_not_understood_and_name_it(string path, int status, string? field)
    {
        var client = service.Empty();
        using var answer = await client.Http.GetAsync($"/api/projects/{client.Project}/runs/{path}");
        ((int)answer.StatusCode).ShouldBe(status);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        if (field is not null)
            problem["errors"]![field].ShouldNotBeNull();
    }

    [Fact]
    public async Task tell_under_which_names_they_report()
    {
        var client = service.Empty();
        foreach (var run in new[] { await client.NewRun(), await client.NewRun() })
        {
            await client.Metric(run, "loss", 1, 1);
            await client.Metric(run, "acc", 1, 1);
            await client.Param(run, "depth", "3");
        }

        var keys = await Own(client, "keys");
        keys["metrics"]!.AsArray().Select(key => key!.GetValue<string>()).ShouldBe(["acc", "loss"]);
        keys["params"]!.AsArray().Select(key => key!.GetValue<string>()).ShouldBe(["depth"]);
    }

    [Fact]
    public async Task have_curves_sampled_without_losing_a_spike()
    {
        const int Points = 3000, Spike = 1234;
        var client = service.Empty();
        var run = await client.NewRun();
        foreach (var steps in Enumerable.Range(0, Points).Chunk(1000))
        {
            await client.Post("runs/log-batch", new
            {
                run_id = run, metrics = steps.Select(step => new { key = "loss", value = step == Spike ? 50.0 : step % 2, step, timestamp = 1_700_000_000_000 + step }),
            });
        }

        var sample = await Own(client, $"{run}/metrics/loss?sample=100");
        var points = sample["points"]!.AsArray().Select(point => (Step: point!["step"]!.GetValue<long>(), Value: point["value"]!.GetValue<double>())).ToList();
        points.Count.ShouldBeInRange(100, 102);
        points.Select(point => point.Step).ShouldBeInOrder();
        points.ShouldContain((Spike, 50.0));
        (points[0].Step, points[^1].Step).ShouldBe((0, Points - 1));
        sample["total"]!.GetValue<long>().ShouldBe(Points);
        var means = sample["means"]!.AsArray().Select(point => point!["value"]!.GetValue<double>()).ToList();
        means.Count.ShouldBe(50);
        means[0].ShouldBe(0.5, 1e-9);

        var whole = await Own(client, $"{run}/metrics/loss?sample=5000");
        (whole["points"]!.AsArray().Count, whole["means"]).ShouldBe((Points, null));
        (await Own(client, $"{run}/metrics/loss?sample=100&at=2001-01-01T00:00:00Z"))["points"]!.AsArray().Count.ShouldBe(0);
    }

    [Fact]
    public async Task keep_every_point_and_its_moment_when_small_chunks_are_put_together()
    {
        const int Points = 300;
        var client = service.Empty();
        var run = await client.NewRun();
        await Log(0, Points / 2);
        await Task.Delay(20, TestContext.Current.CancellationToken);
        var half = DateTimeOffset.UtcNow;
        await Task.Delay(20, TestContext.Current.CancellationToken);
        await Log(Points / 2, Points);
        await client.Post("runs/log-metric", new { run_id = run, key = "seldom", value = 1, timestamp = 1, step = 0 });
        await Shows(Points);

        var merger = service.Host.Services.GetRequiredService<ChunkMerger>();
        // While more of it comes, and by two at a time: nothing is put together twice.
        await Task.WhenAll(Log(Points, Points + 30), Merge(), Merge());
        await Merge();
        (await Chunks()).ShouldBeLessThan(70, "what is left are too few to be worth it");
        await Shows(Points + 30);
        await Log(Points + 30, Points + 100);
        await Merge();
        (await Chunks()).ShouldBeLessThan(70);
        await Shows(Points + 100);
        (await client.Get($"metrics/get-history-bulk-interval?run_ids={run}&metric_key=loss&start_step=10&end_step=12"))["metrics"]!.AsArray().Count.ShouldBe(3);

        async Task Log(int from, int to)
        {
            // Backwards in pairs, so that the order of the log is not that of the times.
            for (var step = from; step < to; step++)
                await client.Post("runs/log-metric", new { run_id = run, key = "loss", value = step * 0.5, timestamp = 1_700_000_000_000 + (step ^ 1), step });
        }

        async Task Shows(int points)
        {
            var history = (await client.Get($"metrics/get-history?run_id={run}&metric_key=loss"))["metrics"]!.AsArray();
            history.Select(point => (point!["timestamp"]!.GetValue<long>() - 1_700_000_000_000, point["step"]!.GetValue<long>(), point["value"]!.GetValue<double>()))
                .ShouldBe(Enumerable.Range(0, points).Select(n => ((long)n, (long)(n ^ 1), (n ^ 1) * 0.5)));
            var at = Uri.EscapeDataString(half.ToString("O"));
            (await Own(client, $"{run}/metrics/loss?sample=5000&at={at}"))["points"]!.AsArray().Select(point => point!["step"]!.GetValue<int>()).ShouldBe(Enumerable.Range(0, Points / 2));
            (await Own(client, $"{run}?at={at}"))["metrics"]!.AsObject().ShouldHaveSingleItem().Value!.GetValue<double>().ShouldBe(((Points / 2) - 1) * 0.5);
        }

        async Task Merge() => await merger.Merge(await Number("SELECT r.run FROM tracking.runs r WHERE r.id = $1"), TestContext.Current.CancellationToken);

        Task<long> Chunks() => Number("SELECT count(*) FROM tracking.runs r JOIN tracking.metrics m ON m.run = r.run JOIN tracking.chunks c ON c.series = m.series WHERE r.id = $1");

        async Task<long> Number(string sql)
        {
            await using var command = service.Host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
            command.Parameters.Add(new() { Value = Guid.ParseExact(run, "N") });
            return (long)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        }
    }

    private static Task<JsonNode> Own(Tracking client, string path) => client.Http.GetAsync($"/api/projects/{client.Project}/runs/{path}").Json();

    private static string[] Ids(JsonNode index) => [.. index["ids"]!.AsArray().Select(id => id!.GetValue<string>())];
}
