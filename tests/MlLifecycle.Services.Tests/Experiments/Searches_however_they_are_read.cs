using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Experiments.Catalog;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Search;
using Npgsql;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>A search may walk an index, begin with what is rare or be planned by the database: it finds the same runs in the same order, in pages of any size.</summary>
public sealed class Searches_however_they_are_read(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    private const int Runs = 90;

    private static readonly string[] Filters =
    [
        "", "params.p = '1'", "params.p = '1' and tags.t = 'x'", "metrics.m > 0.1", "metrics.m >= 0.2 and params.p != '2'", "metrics.n < 3 and params.p = '0'", "metrics.o > 0.5", "params.p = 'nobody'",
        "tags.t IS NULL and metrics.n > 1", "attributes.status = 'FINISHED' and params.p = '2'", "params.p LIKE '1%' and metrics.m = 0.3", "(params.p = '1' or metrics.n = 2) and tags.t = 'x'", "datasets.name = 'd'",
    ];

    private static readonly string[][] Orders =
    [
        [], ["metrics.m DESC"], ["metrics.m ASC"], ["metrics.m DESC", "params.p ASC"], ["metrics.n ASC", "metrics.m DESC"], ["attributes.start_time DESC"], ["attributes.start_time ASC"], ["params.p DESC"], ["metrics.nobody DESC"],
    ];

    [Fact]
    public async Task find_the_same()
    {
        var client = service.Empty();
        string[] both = [await client.NewExperiment(), await client.NewExperiment()];
        for (var n = 0; n < Runs; n++)
        {
            // Many are alike, so that pages end among equals; of each kind of value some runs have none.
            var run = (await client.Post("runs/create", new { experiment_id = both[n % 8 == 3 ? 1 : 0], start_time = 1_700_000_000_000 + (n / 7), tags = n % 3 == 0 ? new[] { new { key = "t", value = n % 2 == 0 ? "x" : "y" } } : [] }))["run"]!["info"]!["run_id"]!.GetValue<string>();
            var param = $$"""{"key": "{{(n % 11 == 0 ? "other" : "p")}}", "value": "{{n % 4}}"}""";
            var metrics = $$"""{"key": "{{(n % 13 == 0 ? "none" : "m")}}", "value": {{(n % 10 == 9 ? "\"NaN\"" : $"0.{n % 5}")}}, "timestamp": 1}, {"key": "n", "value": {{n % 6}}, "timestamp": 1}, {"key": "o", "value": {{(n == 17 ? 1 : 0)}}, "timestamp": 1}""";
            // Parameters before the metrics, after them, or in one commit.
            foreach (var (some, others) in n % 3 == 0 ? [(param, ""), ("", metrics)] : n % 3 == 1 ? [("", metrics), (param, "")] : new[] { (param, metrics) })
                (await client.Raw("runs/log-batch", $$"""{"run_id": "{{run}}", "params": [{{some}}], "metrics": [{{others}}]}""")).EnsureSuccessStatusCode();
            if (n % 8 == 0)
                await client.Post("runs/log-inputs", new { run_id = run, datasets = new[] { new { dataset = new { name = "d", digest = "1", source_type = "x", source = "y" } } } });
            if (n % 5 == 0)
                await client.Finish(run, "FINISHED");
            if (n % 17 == 0)
                await client.Post("runs/delete", new { run_id = run });
        }

        var (source, experiments) = (service.Host.Services.GetRequiredService<NpgsqlDataSource>(), service.Host.Services.GetRequiredService<ExperimentRows>());
        foreach (var (view, within) in Enum.GetValues<ViewType>().SelectMany(view => new[] { both[..1], both }, ValueTuple.Create))
        {
            foreach (var filter in Filters)
            {
                foreach (var order in Orders)
                {
                    var planned = await Pages(new(0, 0), 1000);
                    foreach (var patience in (Patience[])[Patience.Usual, new(10_000, 0), new(1, 0), new(1, 20)])
                    {
                        foreach (var limit in (int[])[1000, 17])
                            (await Pages(patience, limit)).ShouldBe(planned, $"{view} of {within.Length} '{filter}' by {string.Join(", ", order)}, {limit} at a time with {patience}");
                    }

                    async Task<List<long>> Pages(Patience patience, int limit)
                    {
                        var search = new RunSearch(source, experiments) { Patience = patience };
                        var (found, token) = (new List<long>(), (string?)null);
                        do
                        {
                            var (refusal, page) = await search.Find(client.ProjectId, within, filter, view, order, limit, token, TestContext.Current.CancellationToken);
                            refusal.ShouldBeNull();
                            found.AddRange(page.Runs.Select(run => run.Key));
                            token = page.Next;
                        }
                        while (token is not null);
                        return found;
                    }
                }
            }
        }
    }
}
