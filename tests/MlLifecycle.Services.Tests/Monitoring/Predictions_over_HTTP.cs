using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Monitoring;

/// <summary>Predictions and labels as production sends them, good and bad.</summary>
public sealed class Predictions_over_HTTP(MonitoringFixture service) : IClassFixture<MonitoringFixture>
{
    private readonly Production _production = new(service);

    private string Predictions => _production.At("prod", "/predictions");

    [Fact]
    public async Task bad_rows_are_named_and_the_good_ones_are_stored()
    {
        await _production.Start("prod");
        var answer = await _production.Send(Predictions, """
            {"id": "a1", "at": "2026-03-03T12:00:00Z", "latencyMs": 12.5, "prediction": "Shirt", "score": 0.9, "brightness": 0.3, "store": "Rome"}
            {"prediction": "Shirt"}
            {"id": "a3", "prediction": "Shirt", "latencyMs": -1}
            {"id": "a4", "prediction": "Shirt", "score": "NaN"}
            {"id": "a5", "prediction": "Shirt", "at": "yesterday"}
            {"id": "a6", "prediction": "Shirt", "at": "2999-01-01T00:00:00Z"}
            {"id": "a7", "prediction":
            {"id": "a8", "prediction": null}
            {"id": "a1", "prediction": "Coat"}
            {"id": "a10", "prediction": "Coat", "image": "not base64!"}
            {"id": "a11", "prediction": "Coat", "image": "AP8="}
            {"id": "a12", "prediction": "Coat", "image": "AP8=", "brightness": 0.5}
            """, Production.Ndjson).Json();
        (Number(answer, "rows"), Number(answer, "stored"), Number(answer, "duplicates"), Number(answer, "refusedRows")).ShouldBe((12, 3, 1, 8));
        answer["refused"]!.AsArray().Select(r => $"{r!["row"]} {r["field"]}").ShouldBe(["2 id", "3 latencyMs", "4 score", "5 at", "6 at", "7 prediction", "10 image", "12 brightness"]);
        answer["refused"]![4]!["reason"]!.ToString().ShouldContain("lies in the future");
        Number(await _production.Send(Predictions, "id,prediction\na1,Shirt\na13,Shirt\n").Json(), "duplicates").ShouldBe(1);
    }

    [Theory]
    [InlineData("", Production.Csv, 400, "invalid-input", "body")]
    [InlineData("id,prediction\n", Production.Csv, 400, "empty-table", "body")]
    [InlineData("name,prediction\na,b\n", Production.Csv, 400, "column-missing", "id")]
    [InlineData("id,class\na,b\n", Production.Csv, 400, "column-missing", "prediction")]
    [InlineData("id,prediction,latencyMs\n1,b,fast\n,b,1\n", Production.Csv, 400, "no-usable-row", "latencyMs")]
    [InlineData("this is no JSON\n", Production.Ndjson, 400, "column-missing", "id")]
    [InlineData("PAR1 and no more", "application/vnd.apache.parquet", 400, "malformed-table", "body")]
    [InlineData("<xml/>", "application/xml", 415, "unsupported-media-type", null)]
    [InlineData("{\"id\": 1", "application/cloudevents+json", 400, "malformed-json", null)]
    [InlineData("{\"id\": \"1\"}", "application/cloudevents+json", 400, "invalid-input", "data")]
    [InlineData("{\"id\": \"1\", \"data\": {}}", "application/cloudevents+json", 400, "invalid-input", "data")]
    [InlineData("{\"id\": \"1\", \"time\": \"noon\", \"data\": {\"instances\": []}}", "application/cloudevents+json", 400, "invalid-input", "time")]
    [InlineData("{\"id\": \"1\", \"data\": {\"instances\": [[1]], \"predictions\": [1, 2]}}", "application/cloudevents+json", 400, "invalid-input", "predictions")]
    [InlineData("[]", "application/cloudevents-batch+json", 400, "invalid-input", "body")]
    public async Task what_cannot_be_read_is_refused_and_nothing_is_stored(string body, string media, int status, string code, string? field)
    {
        await _production.Start("prod", new { rows = 10 });
        await _production.Send(Predictions, body, media).Problem(status, code, field);
        await _production.Send(Predictions, Production.Predictions(1, 10, 0.5)).Json();
        (await _production.Windows("prod", 1))[0]["rows"]!.GetValue<int>().ShouldBe(10);
    }

    [Fact]
    public async Task an_unknown_deployment_another_project_and_a_reader_are_refused()
    {
        await _production.Start("prod");
        await _production.Send(_production.At("test", "/predictions"), "id,prediction\n1,a\n").Problem(404, "deployment-unknown");
        await service.As(Role.Contributor, "other", Guid.CreateVersion7()).PostAsync(Predictions, new StringContent("id,prediction\n1,a\n", new MediaTypeHeaderValue("text/csv"))).Problem(403, "forbidden");
        await _production.As(Role.Viewer).PostAsync(Predictions, new StringContent("id,prediction\n1,a\n", new MediaTypeHeaderValue("text/csv"))).Problem(403, "forbidden");
    }

    [Fact]
    public async Task the_same_rows_in_one_upload_or_in_many_make_the_same_windows()
    {
        await _production.Start("once");
        await _production.Start("often");
        foreach (var name in new[] { "once", "often" })
            await _production.PutTable(_production.At(name, "/reference"), Production.Reference(500, 0.5)).Json();
        await _production.Send(_production.At("once", "/predictions"), Production.Predictions(1, 450, 0.45)).Json();
        foreach (var (from, count) in new[] { (1, 70), (71, 1), (40, 60), (100, 250), (350, 101) })
            await _production.Send(_production.At("often", "/predictions"), Production.Predictions(from, count, 0.45)).Json();
        (await Drift("often")).ShouldBe(await Drift("once"));

        async Task<string> Drift(string name) =>
            string.Join('\n', (await _production.Windows(name, 4, "drift")).Select(w => $"{w["window"]} {w["rows"]} {w["driftShare"]} {w["columns"]!.ToJsonString()}"));
    }

    [Fact]
    public async Task uploads_at_once_lose_and_double_nothing()
    {
        await _production.Start("prod");
        var parts = Enumerable.Range(0, 8).Select(i => (i * 75) + 1).SelectMany(from => new[] { from, from }); // each twice
        var answers = await Task.WhenAll(parts.Select(from => _production.Send(Predictions, Production.Predictions(from, 75, 0.5)).Json()));
        (answers.Sum(a => Number(a, "stored")), answers.Sum(a => Number(a, "duplicates"))).ShouldBe((600, 600));
        var windows = await _production.Windows("prod", 6);
        windows.Select(w => w["rows"]!.GetValue<int>()).ShouldAllBe(rows => rows == 100);
        windows.Select(w => w["number"]!.GetValue<int>()).ShouldBe([1, 2, 3, 4, 5, 6]);
    }

    [Fact]
    public async Task a_window_shows_what_went_in_what_came_out_and_how_fast()
    {
        await _production.Start("prod", new { rows = 10 });
        var rows = Enumerable.Range(1, 10).Select(i => string.Create(CultureInfo.InvariantCulture,
            $"{{\"id\": \"{i}\", \"at\": \"2026-03-03T12:00:{i:00}Z\", \"latencyMs\": {i * 10}, \"prediction\": {(i == 10 ? "null" : i % 2 == 0 ? "1" : "\"1.0\"")}, \"score\": 0.5, \"brightness\": {(i == 1 ? "null" : $"0.{i - 1}")}, \"lens\": \"wide\"}}"));
        await _production.Send(Predictions, string.Join('\n', rows), Production.Ndjson).Json();
        var window = (await _production.Windows("prod", 1))[0];
        (window["from"]!.ToString(), window["to"]!.ToString(), window["closedBy"]!.ToString()).ShouldBe(("2026-03-03T12:00:01+00:00", "2026-03-03T12:00:10+00:00", "rows"));
        window["throughput"]!.GetValue<double>().ShouldBe(10 / 9.0, 1e-12);
        window["latencyMs"]!["p95"]!.GetValue<double>().ShouldBe(95.5, 1e-9);
        (window["latencyMs"]!["p50"]!.GetValue<double>(), window["latencyMs"]!["max"]!.GetValue<double>()).ShouldBe((55, 100));
        (window["output"]!["nullShare"]!.GetValue<double>(), window["output"]!["scoreMean"]!.GetValue<double>()).ShouldBe((0.1, 0.5));
        var only = window["output"]!["distribution"]!.AsArray().ShouldHaveSingleItem()!;
        (only["prediction"]!.ToString(), only["count"]!.GetValue<int>()).ShouldBe(("1", 9));
        var brightness = window["input"]!.AsArray().Single(c => c!["column"]!.ToString() == "brightness")!;
        (brightness["missingShare"]!.GetValue<double>(), brightness["mean"]!.GetValue<double>()).ShouldBe((0.09999999999999998, 0.5));
    }

    [Fact]
    public async Task labels_tell_how_each_window_did_whenever_they_come()
    {
        await _production.Start("prod", new { rows = 10 });
        var labels = _production.At("prod", "/labels");
        Number(await _production.Send(labels, "id,label\np1,Shirt\np2,Coat\n").Json(), "unmatched").ShouldBe(2);
        await _production.Send(Predictions, Production.Predictions(1, 20, 0.5)).Json(); // every third is a Coat, the others Shirts
        var none = (await _production.Windows("prod", 2, "performance"))[1];
        (Number(none, "labelled"), none["accuracy"]).ShouldBe((0, null));
        var before = DateTimeOffset.UtcNow;

        var corrected = await _production.Send(labels, "{\"id\": \"p2\", \"label\": \"Shirt\"}\n{\"id\": \"p3\", \"label\": \"Shirt\"}\n{\"id\": \"p4\"}\n", Production.Ndjson).Json();
        (Number(corrected, "stored"), Number(corrected, "unmatched"), Number(corrected, "refusedRows"), corrected["refused"]![0]!["field"]!.ToString()).ShouldBe((2, 0, 1, "label"));
        var first = (await _production.Windows("prod", 2, "performance"))[0];
        (Number(first, "rows"), Number(first, "labelled"), first["accuracy"]!.GetValue<double>()).ShouldBe((10, 3, 2 / 3.0));
        var then = await _production.Team.GetAsync($"{_production.At("prod", "/performance")}?at={Uri.EscapeDataString(before.ToString("O"))}").Json();
        Number(then["items"]![0]!, "labelled").ShouldBe(1);

        await _production.Send(labels, "id,truth\n1,a\n").Problem(400, "column-missing", "label");
        await _production.Send(labels, "id,label\n,a\n").Problem(400, "no-usable-row", "id");
    }

    [Fact]
    public async Task an_inference_logger_sends_requests_and_responses_in_any_order()
    {
        await _production.Start("prod", new { rows = 10 });
        for (var i = 0; i < 5; i++)
        {
            var request = Event($"e{i}", "2026-03-03T12:00:00.000Z", "{\"instances\": [[6.8, 2.8], [6.0, 3.4]]}");
            var response = Event($"e{i}", "2026-03-03T12:00:00.040Z", "{\"predictions\": [1, [0.2, 0.8]]}");
            var (first, second) = i % 2 == 0 ? (request, response) : (response, request);
            using (var waiting = await _production.Team.SendAsync(first))
                waiting.StatusCode.ShouldBe(HttpStatusCode.Accepted);
            Number(await _production.Team.SendAsync(second).Json(), "stored").ShouldBe(2);
            Number(await _production.Team.SendAsync(Event($"e{i}", null, "{\"predictions\": [1, 1]}")).Json(), "duplicates").ShouldBe(1);
        }

        var window = (await _production.Windows("prod", 1))[0];
        window["latencyMs"]!["p50"]!.GetValue<double>().ShouldBe(40);
        window["input"]!.AsArray().Select(c => c!["column"]!.ToString()).ShouldBe(["x0", "x1"]);
        window["output"]!["distribution"]!.AsArray().ShouldHaveSingleItem()!["count"]!.GetValue<int>().ShouldBe(10);
        window["output"]!["scoreMean"]!.GetValue<double>().ShouldBe(0.8, 1e-12);
    }

    [Fact]
    public async Task structured_events_and_tensors_are_read_too()
    {
        await _production.Start("prod", new { rows = 10 });
        var events = Enumerable.Range(0, 5).Select(i => $$$"""
            {"specversion": "1.0", "type": "org.kubeflow.serving.inference.response", "source": "/m", "id": "b{{{i}}}", "data": {
                "inputs": [{"name": "age", "shape": [2], "datatype": "FP32", "data": [{{{i}}}, 30]}, {"name": "pixel", "shape": [2, 2], "datatype": "UINT8", "data": [0, 1, 2, 3]}],
                "outputs": [{"name": "class", "shape": [2], "datatype": "BYTES", "data": ["yes", "no"]}]}}
            """);
        var answer = await _production.Send(Predictions, $"[{string.Join(',', events)}]", "application/cloudevents-batch+json").Json();
        Number(answer, "stored").ShouldBe(10);
        var window = (await _production.Windows("prod", 1))[0];
        window["input"]!.AsArray().Select(c => c!["column"]!.ToString()).ShouldBe(["age", "pixel0", "pixel1"]);
        window["output"]!["distribution"]!.AsArray().Select(c => c!["prediction"]!.ToString()).ShouldBe(["no", "yes"]);
    }

    [Fact]
    public async Task an_upload_that_breaks_off_leaves_nothing()
    {
        await _production.Start("prod", new { rows = 10 });
        var broken = _production.Team.PostAsync(Predictions, new StreamContent(new BreakingStream(Encoding.UTF8.GetBytes(Production.Predictions(1, 200, 0.5))))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("text/csv") },
        });
        await Should.ThrowAsync<Exception>(async () => (await broken).EnsureSuccessStatusCode());
        Number(await _production.Send(Predictions, Production.Predictions(1, 10, 0.5)).Json(), "stored").ShouldBe(10);
        await _production.Windows("prod", 1);
    }

    [Fact]
    public async Task a_million_predictions_with_three_bad_ones_keep_the_others()
    {
        await _production.Start("prod", new { rows = 100_000 });
        await _production.PutTable(_production.At("prod", "/reference"), Production.Reference(5000, 0.5)).Json();
        var text = new StringBuilder("id,prediction,brightness,lens\n");
        for (var row = 1; row <= 1_000_000; row++)
        {
            _ = row switch
            {
                17 => text.Append(",b,0.5,wide\n"),
                500_000 => text.Append("500000,b,0.5\n"),
                999_999 => text.Append("999999,\"b,0.5,wide\n"),
                _ => text.Append(row).Append(",a,0.").Append(450 + (row % 100)).Append(row % 2 == 0 ? ",wide\n" : ",long\n"),
            };
        }

        var answer = await _production.Send(Predictions, text.ToString()).Json();
        (Number(answer, "stored"), Number(answer, "refusedRows"), Number(answer, "windowsClosed")).ShouldBe((999_997, 3, 9));
        answer["refused"]!.AsArray().Select(r => $"{r!["row"]} {r["field"]}").ShouldBe(["17 id", "500000 lens", "999999 row"]);
        var drift = await _production.Windows("prod", 9, "drift");
        drift.ShouldAllBe(w => w["rows"]!.GetValue<int>() == 100_000 && !w["datasetDrift"]!.GetValue<bool>());
        await _production.Send(Predictions, new string('x', 64_000_001)).Problem(413, "too-large");
    }

    private static long Number(JsonNode node, string name) => node[name]!.GetValue<long>();

    private HttpRequestMessage Event(string id, string? time, string body)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, Predictions) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        message.Headers.Add("ce-id", id);
        message.Headers.Add("ce-type", "org.kubeflow.serving.inference.any");
        if (time is not null)
            message.Headers.Add("ce-time", time);
        return message;
    }

    /// <summary>A sender that dies on the way.</summary>
    private sealed class BreakingStream(byte[] content) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count) => Position > Length / 2 ? throw new IOException("The line is dead.") : base.Read(buffer, offset, Math.Min(count, 1000));

        public override int Read(Span<byte> buffer) => Position > Length / 2 ? throw new IOException("The line is dead.") : base.Read(buffer[..Math.Min(buffer.Length, 1000)]);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position > Length / 2 ? throw new IOException("The line is dead.") : base.ReadAsync(buffer[..Math.Min(buffer.Length, 1000)], cancellationToken);

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => CopyByReading(destination, cancellationToken);

        private async Task CopyByReading(Stream destination, CancellationToken cancellationToken)
        {
            var buffer = new byte[1000];
            while (await ReadAsync(buffer, cancellationToken) is > 0 and var read)
                await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }
}
