using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>MLflow counts code points, as Python does: an emoji is one character, though it takes two of .NET's and four bytes.</summary>
public sealed class Limits_count_characters(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task what_fits_is_kept_whole_and_what_does_not_is_cut_at_the_limit()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Param(run, "fits", Waves(6000));
        await client.Param(run, "over", "ß" + Waves(6000));
        await client.Post("runs/set-tag", new { run_id = run, key = "fits", value = Waves(8000) });
        var data = (await client.Run(run))["data"]!;
        Value(data["params"]!, "fits").ShouldBe(Waves(6000));
        Value(data["params"]!, "over").ShouldBe("ß" + Waves(5999));
        Value(data["tags"]!, "fits").ShouldBe(Waves(8000));
    }

    [Theory]
    [InlineData(49)]
    [InlineData(60)]
    [InlineData(100)]
    [InlineData(150)]
    public async Task a_value_of_emoji_is_found(int length)
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Post("runs/set-tag", new { run_id = run, key = "mlflow.runName", value = "wet" });
        await client.Post("runs/set-tag", new { run_id = run, key = "sea", value = Waves(length) });
        await client.Param(run, "sea", Waves(length));
        (await client.Search($"tags.sea = '{Waves(length)}'")).ShouldBe(["wet"]);
        (await client.Search($"params.sea = '{Waves(length)}'")).ShouldBe(["wet"]);
        (await client.Search($"params.sea = '{Waves(length + 1)}'")).ShouldBeEmpty();
    }

    [Fact]
    public async Task names_have_room_for_as_many()
    {
        var client = service.Empty();
        var experiment = await client.NewExperiment(Waves(500));
        (await client.RefusedPost("experiments/create", new { name = Waves(501) })).ShouldContain("500 characters: it has 501");
        var run = (await client.Post("runs/create", new { experiment_id = experiment, run_name = Waves(250) }))["run"]!["info"]!;
        run["run_name"]!.GetValue<string>().ShouldBe(Waves(250));
        await client.Post("registered-models/create", new { name = Waves(256) });
        var id = run["run_id"]!.GetValue<string>();
        await client.Post("runs/log-inputs", new { run_id = id, datasets = new[] { new { dataset = new { name = Waves(500), digest = Waves(36), source_type = "sea", source = Waves(10) } } } });
        (await client.Search($"datasets.name = '{Waves(500)}'", experiments: [experiment])).ShouldBe([Waves(250)]);
        (await client.RefusedPost("registered-models/create", new { name = Waves(257) })).ShouldContain("256 characters: it has 257");
    }

    [Fact]
    public async Task a_number_beyond_a_limit_is_told_which_it_must_be_within()
    {
        foreach (var path in (string[])["runs/search", "experiments/search"])
        {
            foreach (var low in (int[])[-1, 0])
                (await service.Empty().RefusedPost(path, new { max_results = low })).ShouldBe($"Invalid value {low} for parameter 'max_results' supplied. It must be a positive integer.");
            (await service.Empty().RefusedPost(path, new { max_results = 50_001 })).ShouldBe("Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000.");
        }
    }

    /// <summary>Text that does not compress, at both limits at once: more than an entry of an index holds.</summary>
    [Fact]
    public async Task a_metric_of_a_model_has_room_for_the_longest_names_of_both()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        var model = (await client.Post("logged-models", new { experiment_id = "0", name = "net" }))["model"]!["info"]!["model_id"]!.GetValue<string>();
        var (metric, dataset) = (Signs(250, 1), Signs(500, 2));
        foreach (var value in (double[])[1, 2])
            await client.Post("runs/log-metric", new { run_id = run, model_id = model, key = metric, value, timestamp = 1, dataset_name = dataset, dataset_digest = Signs(36, 3) });
        await client.Post("runs/log-metric", new { run_id = run, model_id = model, key = metric, value = 3, timestamp = 1, dataset_name = "other", dataset_digest = Signs(36, 3) });
        (await client.Get($"logged-models/{model}"))["model"]!["data"]!["metrics"]!.AsArray().Select(m => (m!["dataset_name"]!.GetValue<string>(), m["value"]!.GetValue<double>()))
            .ShouldBe([(dataset, 2), ("other", 3)], ignoreOrder: true);
    }

    private static string Signs(int count, int seed)
    {
        var random = new Random(seed);
        return string.Concat(Enumerable.Range(0, count).Select(_ => char.ConvertFromUtf32(0x20000 + random.Next(0xA000))));
    }

    private static string Waves(int count) => string.Concat(Enumerable.Repeat("🌊", count));

    private static string? Value(JsonNode pairs, string key) => pairs.AsArray().Single(p => p!["key"]!.GetValue<string>() == key)!["value"]?.GetValue<string>();
}
