using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

[Collection(nameof(Datasets))]
public sealed class Splitting_over_HTTP(DatasetsFixture service)
{
    private static readonly string[] Parts = ["train", "dev", "test"];
    private readonly Workbench _bench = new(service);

    [Fact]
    public async Task small_data_keeps_its_distribution_in_every_part()
    {
        var rows = Table(1000);
        await _bench.With("t.csv", rows);
        var split = await _bench.Split(new { });
        (split["method"]!.ToString(), split["suited"]!.GetValue<bool>()).ShouldBe(("balanced", true));
        split["counts"]!.ToJsonString().ShouldBe("""{"train":400,"dev":300,"test":300}""");
        var labels = Labels(rows);
        foreach (var part in Parts)
        {
            var indices = await _bench.Rows(split, part);
            indices.Length.ShouldBe(split["counts"]![part]!.GetValue<int>());
            foreach (var label in labels.GroupBy(l => l))
            {
                var share = indices.Count(i => labels[i] == label.Key) / (double)indices.Length;
                share.ShouldBe(label.Count() / 1000.0, 0.01, $"{label.Key} in {part}");
            }
        }
    }

    [Theory]
    [InlineData(10_000, "balanced")]
    [InlineData(10_001, "random")]
    public async Task the_method_follows_the_size(int rows, string method)
    {
        await _bench.With("t.csv", Table(rows));
        var split = await _bench.Split(new { });
        (split["method"]!.ToString(), split["suited"]!.GetValue<bool>()).ShouldBe((method, true));
        var all = new List<int>();
        foreach (var part in Parts)
            all.AddRange(await _bench.Rows(split, part));
        all.Order().ShouldBe(Enumerable.Range(0, rows));
        (await _bench.Team.GetAsync(_bench.Dataset).Json())["examples"]!.GetValue<int>().ShouldBe(rows);
    }

    [Theory]
    [InlineData("balanced")]
    [InlineData("random")]
    public async Task the_same_seed_gives_the_same_split_and_another_seed_another(string method)
    {
        await _bench.With("t.csv", Table(600));
        var first = await _bench.Split(new { method, seed = 7 });
        (await _bench.Split(new { method, seed = 7 })).ToJsonString().ShouldBe(first.ToJsonString());
        var elsewhere = await new Workbench(service).With("t.csv", Table(600));
        (await elsewhere.Rows(await elsewhere.Split(new { method, seed = 7 }), "dev")).ShouldBe(await _bench.Rows(first, "dev"));
        var other = await _bench.Split(new { method, seed = 8 });
        (await _bench.Rows(other, "dev")).ShouldNotBe(await _bench.Rows(first, "dev"));
        var listed = (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/splits").Json())["items"]!.AsArray();
        listed.Select(s => s!.ToJsonString()).ShouldBe([first.ToJsonString(), other.ToJsonString()]);
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/splits/{other["id"]}").Json()).ToJsonString().ShouldBe(other.ToJsonString());
    }

    [Theory]
    [InlineData("balanced", 900, 40)]
    [InlineData("random", 900, 40)]
    [InlineData(null, 12_000, 3000)]
    public async Task exact_duplicates_never_straddle(string? method, int rows, int contents)
    {
        var table = Table(rows, contents);
        await _bench.With("t.csv", table);
        var split = await _bench.Split(new { method });
        split["duplicatesKeptTogether"]!.GetValue<int>().ShouldBe(rows - contents);
        var inputs = table.Split('\n').Skip(1).Select(line => line.Split(',')[0]).ToArray();
        var seen = new Dictionary<string, string>();
        foreach (var part in Parts)
        {
            foreach (var row in await _bench.Rows(split, part))
            {
                if (!seen.TryAdd(inputs[row], part))
                    seen[inputs[row]].ShouldBe(part, inputs[row]);
            }
        }

        seen.Count.ShouldBe(contents);
    }

    [Fact]
    public async Task shares_and_tags_are_as_asked_for()
    {
        await _bench.With("t.csv", Table(500));
        var split = await _bench.Split(new { dev = 0.1, test = 0.2, tags = new[] { "light" } });
        split["counts"]!.ToJsonString().ShouldBe("""{"train":350,"dev":50,"test":100}""");
        split["tags"]![0]!.ToString().ShouldBe("light");
    }

    [Fact]
    public async Task the_real_images_of_Fashion_MNIST_are_split_by_their_labels()
    {
        string[] files = ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"];
        await _bench.With([.. files.Select(f => (f, Looking_into_files.FashionFile(f)))]);
        await _bench.Team.Post($"{_bench.Dataset}/versions/1/splits", new { }).Problem(400, "invalid-input", "path");

        var small = await _bench.Split(new { path = files[0] });
        (small["method"]!.ToString(), small["labels"]!.ToString()).ShouldBe(("balanced", files[1]));
        small["distribution"]!.AsArray().Select(l => $"{l!["value"]} {l["train"]} {l["dev"]} {l["test"]}").ShouldBe(Enumerable.Range(0, 10).Select(i => $"{i} 400 300 300"));

        var big = await _bench.Split(new { path = files[2] });
        (big["method"]!.ToString(), big["suited"]!.GetValue<bool>()).ShouldBe(("random", true));
        var counts = big["counts"]!;
        (counts["train"]!.GetValue<int>() + counts["dev"]!.GetValue<int>() + counts["test"]!.GetValue<int>()).ShouldBe(60_000);
        counts["dev"]!.GetValue<int>().ShouldBeInRange(5990, 6010);
        // 6000 of each of ten labels: a tenth of it in dev, give or take five standard deviations of a draw without replacement (23).
        big["distribution"]!.AsArray().ShouldAllBe(l => Math.Abs(l!["dev"]!.GetValue<int>() - 600) < 115);
    }

    [Fact]
    public async Task a_split_is_of_the_version_it_was_made_of_and_not_of_the_past()
    {
        await _bench.With("t.csv", Table(100));
        var before = Uri.EscapeDataString(DateTimeOffset.UtcNow.ToString("O"));
        var split = await _bench.Split(new { }, "1");
        await _bench.Stage("t.csv", Table(110));
        await _bench.Commit();
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/2/splits").Json())["items"]!.AsArray().ShouldBeEmpty();
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/splits?at={before}").Json())["items"]!.AsArray().ShouldBeEmpty();
        await _bench.Team.GetAsync($"{_bench.Dataset}/versions/2/splits/{split["id"]}").Problem(404, "split-unknown");
        await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/splits/{Guid.NewGuid()}").Problem(404, "split-unknown");
        await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/splits/{split["id"]}/validation").Problem(404, "part-unknown");
        (await _bench.Rows(split, "test")).Length.ShouldBe(30);
    }

    [Theory]
    [InlineData("""{"method": "fair"}""", 400, "invalid-input", "method")]
    [InlineData("""{"dev": 0.6, "test": 0.6}""", 400, "invalid-input", "train")]
    [InlineData("""{"dev": -0.1, "test": 0.6}""", 400, "invalid-input", "dev")]
    [InlineData("""{"dev": 0.1}""", 400, "invalid-input", "test")]
    [InlineData("""{"dev": NaN, "test": 0.1}""", 400, "malformed-json", "dev")]
    [InlineData("""{"dev": "NaN", "test": 0.1}""", 400, "invalid-input", "dev")]
    [InlineData("""{"seed": 1.5}""", 400, "invalid-input", "seed")]
    [InlineData("""{"sead": 1}""", 400, "invalid-input", "sead")]
    [InlineData("""{"labelColumn": "colour"}""", 400, "invalid-input", "labelColumn")]
    [InlineData("""{"tags": ["colour"]}""", 400, "invalid-input", "tags[0]")]
    [InlineData("""{"labels": "a-labels-idx1-ubyte"}""", 400, "invalid-input", "labels")]
    [InlineData("""{"path": "../t.csv"}""", 400, "invalid-input", "path")]
    [InlineData("""{"path": "u.csv"}""", 404, "file-unknown", "path")]
    public async Task a_split_that_cannot_be_is_refused_by_name(string body, int status, string code, string field)
    {
        await _bench.With("t.csv", Table(30));
        await _bench.Team.PostAsync($"{_bench.Dataset}/versions/1/splits", new StringContent(body, Encoding.UTF8, "application/json")).Problem(status, code, field);
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/splits").Json())["items"]!.AsArray().ShouldBeEmpty();
    }

    // 70% shirts, 20% coats, 10% bags; with fewer contents than rows, contents come again, always with the same label.
    private static string Table(int rows, int? contents = null)
    {
        var text = new StringBuilder("x,light,label\n");
        for (var i = 0; i < rows; i++)
        {
            var x = i % (contents ?? rows);
            text.Append(CultureInfo.InvariantCulture, $"{x},{(x % 3 == 0 ? "dark" : "day")},{(x % 10) switch { < 7 => "shirt", < 9 => "coat", _ => "bag" }}\n");
        }

        return text.ToString();
    }

    private static string[] Labels(string table) => [.. table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(',')[2])];
}
