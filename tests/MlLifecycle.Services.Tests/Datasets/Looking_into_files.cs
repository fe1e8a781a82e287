using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

[Collection(nameof(Datasets))]
public sealed class Looking_into_files(DatasetsFixture service)
{
    /// <summary>Debian's package dataset-fashion-mnist.</summary>
    public const string FashionMnist = "/usr/share/datasets/fashion-mnist";

    private const string Shirts = "price,size,sold,label\n10.5,M,2026-01-01,shirt\n,L,2026-01-02,shirt\n30,M,,coat\n20.5,XXL,2026-01-04,coat\n";
    private readonly Workbench _bench = new(service);

    [Fact]
    public async Task a_CSV_file_has_types_missing_values_and_distributions()
    {
        await _bench.With("shirts.csv", Shirts);
        ShouldBeShirts(await Profile("shirts.csv"), "csv");
    }

    [Fact]
    public async Task a_Parquet_file_says_the_same()
    {
        await _bench.With(("shirts.parquet", Parquet("SELECT * FROM (VALUES (10.5::DOUBLE, 'M', DATE '2026-01-01', 'shirt'), (NULL, 'L', DATE '2026-01-02', 'shirt'), (30, 'M', NULL, 'coat'), (20.5, 'XXL', DATE '2026-01-04', 'coat')) AS v(price, size, sold, label)")));
        ShouldBeShirts(await Profile("shirts.parquet"), "parquet");
    }

    [Fact]
    public async Task the_real_images_of_Fashion_MNIST_have_brightness_and_labels()
    {
        await Fashion("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz");
        var images = await Profile("t10k-images-idx3-ubyte.gz");
        (images["kind"]!.ToString(), images["rows"]!.GetValue<long>(), images["columns"]![0]!["unique"]!.GetValue<long>()).ShouldBe(("idx-images", 10_000, 10_000));
        var image = images["image"]!;
        (image["width"]!.GetValue<int>(), image["height"]!.GetValue<int>()).ShouldBe((28, 28));
        // Python: b = [sum(image) / 784 / 255 for image in images]; statistics.fmean(b), statistics.stdev(b)
        image["meanBrightness"]!.GetValue<double>().ShouldBe(0.28684928071228494, 1e-9);
        image["stdBrightness"]!.GetValue<double>().ShouldBe(0.1257625692244907, 1e-9);
        image["histogram"]!.AsArray().Sum(bin => bin!["count"]!.GetValue<long>()).ShouldBe(10_000);

        var labels = await Profile("t10k-labels-idx1-ubyte.gz");
        labels["labels"]!.AsArray().Select(l => $"{l!["value"]} {l["count"]}").ShouldBe(Enumerable.Range(0, 10).Select(i => $"{i} 1000"));
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/profile").Json())["items"]!.AsArray().Count.ShouldBe(2);
    }

    public static TheoryData<string, string> Truncated => new()
    {
        { "a.csv.gz", Convert.ToBase64String(Gzip(Long(5000))[..^200]) },
        { "a.parquet", Convert.ToBase64String(Parquet("SELECT range AS x FROM range(1000)")[..^100]) },
        { "a-images-idx3-ubyte.gz", Convert.ToBase64String(FashionFile("t10k-images-idx3-ubyte.gz")[..100_000]) },
        { "t10k-labels-idx1-ubyte.gz", Convert.ToBase64String(FashionFile("t10k-labels-idx1-ubyte.gz")[..2000]) },
        { "b-images-idx3-ubyte", Convert.ToBase64String([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7]) },
        { "c-labels-idx1-ubyte", Convert.ToBase64String([0, 0, 8]) },
        { "d.csv", Convert.ToBase64String("\n"u8) },
    };

    [Theory]
    [MemberData(nameof(Truncated))]
    public async Task a_file_cut_short_is_named_and_the_others_are_read(string path, string content)
    {
        await _bench.With((path, Convert.FromBase64String(content)), ("t10k-images-idx3-ubyte.gz", FashionFile("t10k-images-idx3-ubyte.gz")));
        var problem = await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/profile?path={path}").Problem(400, "file-unreadable", "path");
        problem["detail"]!.ToString().ShouldStartWith($"'{path}' cannot be read: ");
        problem["detail"]!.ToString().ShouldNotContain(service.Storage);
        var all = (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/profile").Json())["items"]!.AsArray();
        all.Select(p => p!["path"]!.ToString()).ShouldBe([path, "t10k-images-idx3-ubyte.gz"], ignoreOrder: true);
        var broken = all.Single(p => p!["path"]!.ToString() == path);
        broken!["problem"]!.ToString().ShouldBe(problem["detail"]!.ToString());
        all.Single(p => p != broken)!["rows"]!.GetValue<long>().ShouldBe(10_000);
        var labels = path.Contains("labels", StringComparison.Ordinal);
        foreach (var asked in (Task<HttpResponseMessage>[])
        [
            _bench.Team.PostAsync($"{_bench.Dataset}/versions/1/checks", null),
            _bench.Team.Post($"{_bench.Dataset}/versions/1/splits", new { path = labels ? "t10k-images-idx3-ubyte.gz" : path, labels = labels ? path : null }),
        ])
            (await asked.Problem(400, "file-unreadable", "path"))["detail"]!.ToString().ShouldContain($"'{path}' cannot be read: ");
    }

    [Fact]
    public async Task a_table_cut_within_a_row_names_the_row()
    {
        await _bench.With("a.csv", "x,y,label\n1,2,a\n3,4,b\n5");
        var profile = await Profile("a.csv");
        (profile["rows"]!.GetValue<long>(), profile["refusedRows"]!.GetValue<long>(), profile["refused"]![0]!["line"]!.GetValue<long>()).ShouldBe((2, 1, 4));
        var problem = await _bench.Team.Post($"{_bench.Dataset}/versions/1/splits", new { }).Problem(400, "file-unreadable", "path");
        problem["detail"]!.ToString().ShouldContain("line 4");
    }

    [Fact]
    public async Task a_file_that_is_not_there_or_cannot_be_looked_into_is_said_so()
    {
        await _bench.With("notes.bin", "x");
        await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/profile?path=b.csv").Problem(404, "file-unknown");
        await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/profile?path=notes.bin").Problem(400, "invalid-input", "path");
        await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/profile?path=../a").Problem(400, "invalid-input", "path");
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/profile").Json())["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task checks_say_what_the_data_lacks_and_what_it_has()
    {
        await _bench.Register(new { column = "label" }, new[]
        {
            new { name = "dark", column = "light", value = "dark", minimum = 2 },
            new { name = "coats", column = "label", value = "coat", minimum = 40 },
        });
        await _bench.Stage("a.csv", "x,light,label\n1,dark,shirt\n2,day,shirt\n2,day,coat\n1,dark,shirt\n");
        await _bench.Commit();
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/checks").Json())["items"]!.AsArray().ShouldBeEmpty();
        var checks = await Check(1);
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/checks").Json())["items"]!.AsArray().Select(c => c!.ToJsonString()).Order()
            .ShouldBe(checks.Values.Select(c => c.ToJsonString()).Order());
        checks.Keys.ShouldBe(["coverage", "label-consistency", "size"], ignoreOrder: true);
        checks.Values.ShouldAllBe(c => !c["passed"]!.GetValue<bool>());
        checks["coverage"]["summary"]!.ToString().ShouldBe("1 of 2 important cases are not covered: coats has 1 of 40 examples.");
        checks["label-consistency"]["detail"]!["examples"]![0]!["rows"]!.AsArray().Select(r => r!.ToString()).ShouldBe(["a.csv#1", "a.csv#2"]);
        checks["size"]["summary"]!.ToString().ShouldBe("4 examples are too few: at least 100 are needed to judge a model by.");

        var rows = new StringBuilder("x,light,label\n");
        for (var i = 0; i < 120; i++)
            rows.Append(CultureInfo.InvariantCulture, $"{i},{(i < 2 ? "dark" : "day")},{(i % 2 == 0 ? "coat" : "shirt")}\n");
        await _bench.Stage("a.csv", rows.ToString());
        await _bench.Commit("more");
        (await Check(2)).Values.ShouldAllBe(c => c["passed"]!.GetValue<bool>());
        (await _bench.Team.GetAsync(_bench.Dataset).Json())["examples"]!.GetValue<long>().ShouldBe(120);
        var old = (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/checks").Json())["items"]!.AsArray();
        old.ShouldAllBe(c => !c!["passed"]!.GetValue<bool>());
    }

    private async Task<Dictionary<string, JsonNode>> Check(int version) =>
        (await _bench.Team.PostAsync($"{_bench.Dataset}/versions/{version}/checks", null).Json())["items"]!.AsArray().ToDictionary(c => c!["check"]!.ToString(), c => c!);

    private Task<JsonNode> Profile(string path) => _bench.Team.GetAsync($"{_bench.Dataset}/versions/latest/profile?path={path}").Json();

    private Task<Workbench> Fashion(params string[] files) => _bench.With([.. files.Select(f => (f, FashionFile(f)))]);

    public static byte[] FashionFile(string name) => File.ReadAllBytes(Path.Combine(FashionMnist, name));

    private static void ShouldBeShirts(JsonNode profile, string kind)
    {
        (profile["kind"]!.ToString(), profile["rows"]!.GetValue<long>(), profile["refusedRows"]!.GetValue<long>()).ShouldBe((kind, 4, 0));
        var columns = profile["columns"]!.AsArray().ToDictionary(c => c!["name"]!.ToString(), c => c!);
        columns.Values.Select(c => $"{c["name"]}:{c["type"]}:{c["missing"]}:{c["unique"]}").ShouldBe(["price:number:1:3", "size:string:0:3", "sold:timestamp:1:3", "label:string:0:2"]);
        var price = columns["price"];
        (price["min"]!.GetValue<double>(), price["max"]!.GetValue<double>(), price["quantiles"]!["p50"]!.GetValue<double>()).ShouldBe((10.5, 30, 20.5));
        price["mean"]!.GetValue<double>().ShouldBe(61.0 / 3, 1e-12);
        price["histogram"]!.AsArray().Sum(b => b!["count"]!.GetValue<long>()).ShouldBe(3);
        columns["label"]["top"]!.AsArray().Select(t => $"{t!["value"]} {t["count"]}").ShouldBe(["coat 2", "shirt 2"]);
        columns["size"]["length"]!["max"]!.GetValue<int>().ShouldBe(3);
        columns["sold"]["max"]!.ToString().ShouldStartWith("2026-01-04");
    }

    private static byte[] Long(int rows) => Encoding.UTF8.GetBytes("x,y\n" + string.Concat(Enumerable.Range(0, rows).Select(i => $"{i},{i * 7919 % 5003}\n")));

    private static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(content);
        return packed.ToArray();
    }

    private static byte[] Parquet(string query)
    {
        var file = Path.Combine(Path.GetTempPath(), $"mll-{Guid.NewGuid():N}.parquet");
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"COPY ({query}) TO '{file}' (FORMAT parquet)";
        command.ExecuteNonQuery();
        var content = File.ReadAllBytes(file);
        File.Delete(file);
        return content;
    }
}
