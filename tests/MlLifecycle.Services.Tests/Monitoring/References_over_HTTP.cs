using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using DuckDB.NET.Data;
using Shouldly;
using Xunit;

namespace MlLifecycle.Monitoring;

/// <summary>What production is compared with: files of the real Datasets service, and tables that are sent.</summary>
public sealed class References_over_HTTP(MonitoringFixture service) : IClassFixture<MonitoringFixture>
{
    private readonly Production _production = new(service);

    private string Reference => _production.At("prod", "/reference");

    [Fact]
    public async Task images_of_a_dataset_version_give_their_brightness()
    {
        await _production.Start("prod");
        await Version(("train-images-idx3-ubyte.gz", Gzip(Images(1500))), ("train-labels-idx1-ubyte.gz", Gzip([0, 0, 8, 1, 0, 0, 0, 0])), ("README.md", "what it is"u8.ToArray()));
        var taken = await _production.Team.Put(Reference, new { dataset = "images", version = 1 }).Json();
        (taken["dataset"]!.ToString(), taken["version"]!.GetValue<int>(), taken["path"]!.ToString(), taken["rows"]!.GetValue<int>()).ShouldBe(("images", 1, "train-images-idx3-ubyte.gz", 1500));
        var column = taken["columns"]!.AsArray().ShouldHaveSingleItem()!;
        (column["name"]!.ToString(), column["type"]!.ToString()).ShouldBe(("brightness", "number"));
        column["mean"]!.GetValue<double>().ShouldBe(Enumerable.Range(0, 1500).Average(i => i % 100 / 255.0), 1e-12);
        var again = await _production.Team.Put(Reference, new { dataset = "images", version = 1 }).Json();
        again["id"]!.ToString().ShouldBe(taken["id"]!.ToString());
    }

    [Fact]
    public async Task a_table_of_a_dataset_version_is_compared_column_by_column()
    {
        await _production.Start("prod");
        await Version(("train.csv", "id,brightness,label\n1,0.5,a\n2,0.7,b\n"u8.ToArray()), ("more.csv", "brightness\n0.5\n"u8.ToArray()));
        var open = await _production.Team.Put(Reference, new { dataset = "images", version = 1 }).Problem(400, "invalid-input", "path");
        open["detail"]!.ToString().ShouldContain("more.csv, train.csv");
        var taken = await _production.Team.Put(Reference, new { dataset = "images", version = 1, path = "train.csv" }).Json();
        taken["columns"]!.AsArray().Select(c => c!["name"]!.ToString()).ShouldBe(["brightness"]);
        taken["skipped"]!.AsArray().Select(c => c!["name"]!.ToString()).ShouldBe(["id", "label"]);
    }

    [Fact]
    public async Task what_is_not_there_or_cannot_be_read_is_refused_and_the_old_reference_stays()
    {
        await _production.Start("prod");
        await _production.PutTable(Reference, "brightness\n0.5\n").Json();
        await Version(("broken-idx3-ubyte.gz", Gzip(Images(1000))[..^12]), ("short.idx", Images(100)[..100]), ("broken.parquet", "PAR1 no PAR1"u8.ToArray()), ("note.txt", "hello"u8.ToArray()), ("rows.csv", "a,a\n1,2\n"u8.ToArray()));
        await Put(new { dataset = "nothing", version = 1 }).Problem(404, "dataset-unknown");
        await Put(new { dataset = "images", version = 7 }).Problem(404, "version-unknown");
        await Put(new { dataset = "images", version = 0 }).Problem(400, "invalid-input", "version");
        await Put(new { dataset = "images", version = 1, path = "none.csv" }).Problem(404, "file-unknown");
        await Put(new { dataset = "images", version = 1, path = "../x.csv" }).Problem(400, "invalid-input", "path");
        await Put(new { dataset = "images", version = 1, path = "note.txt" }).Problem(400, "invalid-input", "path");
        await Put(new { dataset = "images", version = 1, path = "broken-idx3-ubyte.gz" }).Problem(400, "malformed-table", "path");
        await Put(new { dataset = "images", version = 1, path = "short.idx" }).Problem(400, "malformed-table", "path");
        await Put(new { dataset = "images", version = 1, path = "broken.parquet" }).Problem(400, "malformed-table", "body");
        await Put(new { dataset = "images", version = 1, path = "rows.csv" }).Problem(400, "invalid-input", "a");
        await Put(new { version = 1 }).Problem(400, "invalid-input", "dataset");
        await _production.PutTable(Reference, "").Problem(400, "invalid-input", "body");
        await _production.PutTable(Reference, "brightness\n").Problem(400, "empty-table", "body");
        await _production.PutTable(Reference, "id,label\n1,a\n").Problem(400, "nothing-to-compare", "body");
        await _production.PutTable(Reference, "<a/>", "application/xml").Problem(415, "unsupported-media-type");
        await _production.Team.Put(_production.At("nowhere", "/reference"), new { dataset = "images", version = 1 }).Problem(404, "deployment-unknown");
        var kept = await _production.Team.GetAsync(_production.At("prod")).Json();
        kept["reference"]!["rows"]!.GetValue<int>().ShouldBe(1);
    }

    [Fact]
    public async Task of_a_large_table_a_sample_is_kept_and_it_says_so()
    {
        await _production.Start("prod");
        var text = new StringBuilder("brightness,lens\n");
        for (var i = 0; i < 150_000; i++)
            text.Append("0.").Append(1000 + (i % 9000)).Append(i % 3 == 0 ? ",wide\n" : ",long\n");
        var taken = await _production.PutTable(Reference, text.ToString()).Json();
        (taken["rows"]!.GetValue<int>(), taken["keptRows"]!.GetValue<int>()).ShouldBe((150_000, 100_000));
        taken["columns"]![0]!["mean"]!.GetValue<double>().ShouldBe(0.544, 0.003);
        await _production.Send(_production.At("prod", "/predictions"), Production.Predictions(1, 100, 0.5)).Json();
        var column = (await _production.Windows("prod", 1, "drift"))[0]["columns"]![0]!;
        column["note"]!.ToString().ShouldBe("The reference is a sample of 100000 of its 150000 values.");
    }

    [Fact]
    public async Task parquet_is_read_with_its_nulls_its_booleans_and_its_images()
    {
        await _production.Start("prod", new { rows = 10 });
        var table = Parquet("SELECT i / 10.0 AS size, i % 3 = 0 AS sold, CASE WHEN i > 5 THEN i END AS age, '\\x00\\xFF'::BLOB AS image FROM range(10) AS t(i)");
        var taken = await _production.Team.PutAsync(Reference, table).Json();
        taken["columns"]!.AsArray().Select(c => $"{c!["name"]} {c["type"]} {c["missing"]}").ShouldBe(["size number 0", "sold category 0", "age number 6", "brightness number 0"]);
        taken["columns"]![3]!["mean"]!.GetValue<double>().ShouldBe(0.5);
        var sent = await _production.Team.PostAsync(_production.At("prod", "/predictions"), Parquet(
            "SELECT i AS id, 'a' AS prediction, TIMESTAMP '2026-03-03 12:00:00' AS at, i / 10.0 AS size, i % 3 = 0 AS sold, '\\x00\\xFF'::BLOB AS image FROM range(10) AS t(i)")).Json();
        sent["stored"]!.GetValue<int>().ShouldBe(10);
        var drift = (await _production.Windows("prod", 1, "drift"))[0];
        drift["columns"]!.AsArray().Select(c => $"{c!["column"]} {c["method"]} {c["drifted"]}").ShouldBe(
            ["size kolmogorov-smirnov false", "sold two-proportion-z false", "age  false", "brightness two-proportion-z false"]);
        DateTimeOffset.Parse(drift["from"]!.ToString(), CultureInfo.InvariantCulture).ShouldBe(new(2026, 3, 3, 12, 0, 0, TimeSpan.Zero));
    }

    [Fact]
    public async Task few_rows_are_compared_by_test_and_many_by_distance()
    {
        await _production.Start("prod");
        await _production.PutTable(Reference, Production.Reference(1000, 0.5)).Json();
        await _production.Send(_production.At("prod", "/predictions"), Production.Predictions(1, 100, 0.5)).Json();
        await _production.Windows("prod", 1);
        await _production.PutTable(Reference, Production.Reference(1001, 0.5)).Json();
        await _production.Send(_production.At("prod", "/predictions"), Production.Predictions(101, 100, 0.5)).Json();
        var drift = await _production.Windows("prod", 2, "drift");
        drift.Select(w => string.Join(' ', w["columns"]!.AsArray().Select(c => $"{c!["method"]} {c["threshold"]} {c["logBase"]}"))).ShouldBe(
            ["kolmogorov-smirnov 0.05  two-proportion-z 0.05 ", "wasserstein 0.1  jensen-shannon 0.1 e"]);
        drift[0]["columns"]![0]!["p"]!.GetValue<double>().ShouldBeGreaterThan(0.5);
        drift[1]["columns"]![0]!["p"].ShouldBeNull();
    }

    private static byte[] Images(int count)
    {
        var file = new byte[16 + (count * 4)];
        BinaryPrimitives.WriteUInt32BigEndian(file, 0x803);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4), count);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(8), 2);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(12), 2);
        for (var i = 0; i < count; i++)
            file.AsSpan(16 + (i * 4), 4).Fill((byte)(i % 100));
        return file;
    }

    private static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(content);
        return packed.ToArray();
    }

    private static ByteArrayContent Parquet(string select)
    {
        var path = Path.GetTempFileName();
        using (var connection = new DuckDBConnection("DataSource=:memory:"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"COPY ({select}) TO '{path}' (FORMAT PARQUET)";
            command.ExecuteNonQuery();
        }

        var content = new ByteArrayContent(File.ReadAllBytes(path)) { Headers = { ContentType = new MediaTypeHeaderValue("application/vnd.apache.parquet") } };
        File.Delete(path);
        return content;
    }

    private Task<HttpResponseMessage> Put(object body) => _production.Team.Put(Reference, body);

    private async Task Version(params (string Path, byte[] Content)[] files)
    {
        using var datasets = service.Datasets(_production.Team);
        var dataset = $"{_production.Project}/datasets";
        await datasets.Post(dataset, new { name = "images", modality = "image" }).Json(HttpStatusCode.Created);
        foreach (var (path, content) in files)
        {
            using var staged = await datasets.PutAsync($"{dataset}/images/staging/{path}", new ByteArrayContent(content) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } });
            staged.IsSuccessStatusCode.ShouldBeTrue(await staged.Content.ReadAsStringAsync());
        }

        await datasets.Post($"{dataset}/images/versions", new { message = "first" }).Json(HttpStatusCode.Created);
    }
}
