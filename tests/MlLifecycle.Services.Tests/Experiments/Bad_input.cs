using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class Bad_input(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task a_batch_with_one_bad_entry_stores_nothing()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Param(run, "depth", "3");
        object good = new { key = "a", value = 1.0, timestamp = 1 };
        foreach (var bad in (object[])
            [
                new { run_id = run, metrics = new[] { good, new { key = "b", timestamp = 1 } } },
                new { run_id = run, metrics = new[] { good, new { key = new string('k', 10_000), value = 1.0, timestamp = 1 } } },
                new { run_id = run, metrics = new[] { good, new { key = "b", value = "high", timestamp = 1 } } },
                new { run_id = run, metrics = new[] { good }, @params = new[] { new { key = "depth", value = "4" } } },
                new { run_id = run, metrics = new[] { good }, @params = new[] { new { key = "x", value = "4" }, new { key = "x", value = "5" } } },
                new { run_id = run, metrics = new[] { good }, tags = new[] { new { key = "t", value = "1" }, new { key = "../t", value = "1" } } },
            ])
            await client.RefusedPost("runs/log-batch", bad);
        var data = (await client.Run(run))["data"]!;
        data["metrics"].ShouldBeNull();
        data["params"]!.AsArray().Count.ShouldBe(1);
        data["tags"]!.AsArray().Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("runs/log-metric", """{"run_id": "x", "key": """)]
    [InlineData("runs/log-metric", "[1, 2]")]
    [InlineData("runs/log-metric", "\"{nonsense\"")]
    [InlineData("runs/log-metric", """{"run_id": 7}""")]
    [InlineData("runs/log-batch", """{"run_id": "x", "metrics": {}}""")]
    [InlineData("runs/log-batch", """{"run_id": "x", "metrics": [{"step": 1.5}]}""")]
    [InlineData("runs/create", """{"start_time": "soon"}""")]
    [InlineData("runs/create", """{"tags": [null]}""")]
    [InlineData("runs/search", """{"max_results": "many"}""")]
    [InlineData("experiments/create", """{"name": "\u0000"}""")]
    [InlineData("experiments/create", """{"tags": [null], "name": "x"}""")]
    [InlineData("runs/log-inputs", """{"run_id": "0af7651916cd43dd8448eb211c80319c", "datasets": [null]}""")]
    [InlineData("runs/log-inputs", """{"run_id": "0af7651916cd43dd8448eb211c80319c", "datasets": [{"dataset": {"name": "x", "digest": "x", "source": "x", "source_type": "x"}, "tags": [null]}]}""")]
    [InlineData("registered-models/create", """{"name": "x", "tags": [null]}""")]
    [InlineData("runs/search", """{"order_by": [null]}""")]
    [InlineData("runs/search", """{"experiment_ids": [null]}""")]
    [InlineData("registered-models/get-latest-versions", """{"name": "x", "stages": [null]}""")]
    public async Task malformed_json_and_wrong_types_are_refused(string path, string json) =>
        await Tracking.Refused(service.Empty().Raw(path, json), 400, "INVALID_PARAMETER_VALUE");

    [Fact]
    public async Task a_body_that_is_not_declared_json_is_refused()
    {
        var client = service.Empty();
        await Tracking.Refused(client.Raw("experiments/create", """{"name": "x"}""", "text/plain"), 400, "INVALID_PARAMETER_VALUE");
        (await client.Raw("experiments/create", """{"name": "x"}""", "application/json")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task a_compressed_body_is_read_and_a_garbled_one_refused()
    {
        var client = service.Empty();
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write("""{"name": "packed"}"""u8);
        (await Send(packed.ToArray())).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await client.Get("experiments/get-by-name?experiment_name=packed"))["experiment"]!["name"]!.GetValue<string>().ShouldBe("packed");
        await Tracking.Refused(Send([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), 400, "INVALID_PARAMETER_VALUE");

        Task<HttpResponseMessage> Send(byte[] body)
        {
            var content = new ByteArrayContent(body);
            content.Headers.ContentType = new("application/json");
            content.Headers.ContentEncoding.Add("gzip");
            return client.Http.PostAsync(client.At("experiments/create"), content);
        }
    }

    [Theory]
    [InlineData("application/json; charset=utf-8", true)]
    [InlineData("Application/JSON", true)]
    [InlineData("application/x-www-form-urlencoded", false)]
    [InlineData("application/jsonp", false)]
    public async Task content_types_are_read_as_their_senders_write_them(string type, bool good)
    {
        var client = service.Empty();
        var content = new ByteArrayContent("""{"name": "x"}"""u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        (await client.Http.PostAsync(client.At("experiments/create"), content)).IsSuccessStatusCode.ShouldBe(good);
    }

    [Fact]
    public async Task a_run_of_another_project_is_unknown()
    {
        var (mine, other) = (service.Empty(), service.Empty());
        var run = await other.NewRun();
        await other.Upload($"0/{run}/artifacts/a.txt", "secret"u8.ToArray());
        await mine.RefusedGet($"runs/get?run_id={run}", "RESOURCE_DOES_NOT_EXIST", 404);
        await mine.RefusedPost("runs/log-metric", new { run_id = run, key = "a", value = 1, timestamp = 1 }, "RESOURCE_DOES_NOT_EXIST", 404);
        await mine.RefusedPost("runs/delete", new { run_id = run }, "RESOURCE_DOES_NOT_EXIST", 404);
        await mine.RefusedGet($"metrics/get-history?run_id={run}&metric_key=a", "RESOURCE_DOES_NOT_EXIST", 404);
        await mine.RefusedGet($"artifacts/list?run_id={run}", "RESOURCE_DOES_NOT_EXIST", 404);
        (await mine.Download($"0/{run}/artifacts/a.txt")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await mine.Search(view: "ALL")).ShouldBeEmpty();
        await Tracking.Refused(mine.Http.GetAsync(other.At("experiments/get?experiment_id=0")), 403, "PERMISSION_DENIED");
    }

    [Fact]
    public async Task a_token_without_the_role_reads_only()
    {
        var client = service.Empty();
        var viewer = service.Again(client, Role.Viewer);
        await viewer.Get("experiments/get?experiment_id=0");
        await viewer.RefusedPost("experiments/create", new { name = "x" }, "PERMISSION_DENIED", 403);
        await viewer.RefusedPost("runs/create", new { experiment_id = "0" }, "PERMISSION_DENIED", 403);
        await Tracking.Refused(viewer.Http.PutAsync(viewer.At("/api/2.0/mlflow-artifacts/artifacts/a"), new ByteArrayContent([1])), 403, "PERMISSION_DENIED");
        await Tracking.Refused(service.Host.Server.CreateClient().GetAsync(client.At("experiments/get?experiment_id=0")), 401, "UNAUTHENTICATED");
    }

    [Theory]
    [InlineData("a/%2e%2e/b")]
    [InlineData("a%2Fb")]
    [InlineData("%2e%2e%2f%2e%2e%2fetc%2fpasswd")]
    [InlineData("a%5Cb")]
    [InlineData("%252e%252e/a")]
    [InlineData("a//b")]
    public async Task a_path_that_leads_elsewhere_is_refused(string path)
    {
        var client = service.Empty();
        // As it is: a client's own tidying of the path would hide what is tested.
        var uri = new Uri(client.Http.BaseAddress!, client.At($"/api/2.0/mlflow-artifacts/artifacts/{path}").Replace("/a/%2e%2e/", "/a/%252e%252e/", StringComparison.Ordinal));
        foreach (var method in (HttpMethod[])[HttpMethod.Put, HttpMethod.Get, HttpMethod.Delete])
            await Tracking.Refused(client.Http.SendAsync(new(method, uri) { Content = new ByteArrayContent([1]) }), 400, "INVALID_PARAMETER_VALUE");
        var run = await client.NewRun();
        await client.RefusedGet($"artifacts/list?run_id={run}&path={Uri.EscapeDataString("../" + path)}");
        await client.RefusedGet($"/get-artifact?run_id={run}&path={Uri.EscapeDataString("../" + path)}");
    }

    [Fact]
    public async Task an_upload_that_is_cut_off_leaves_nothing()
    {
        var client = service.Empty();
        await client.Upload("0/x/kept.bin", [1, 2, 3]);
        await using var instance = await service.OnAPort();
        foreach (var name in (string[])["kept.bin", "new.bin"])
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, new Uri(instance.Urls.First()).Port);
            var head = $"PUT {client.At("/api/2.0/mlflow-artifacts/artifacts/0/x/" + name)} HTTP/1.1\r\nHost: x\r\nAuthorization: {client.Http.DefaultRequestHeaders.Authorization}\r\nContent-Length: 200000\r\n\r\n";
            await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
            await tcp.GetStream().WriteAsync(new byte[100_000]);
            await Answers.Until(() => Task.FromResult(service.Incoming()), files => files > 0);
        }

        await Answers.Until(() => Task.FromResult(service.Incoming()), files => files == 0);
        (await (await client.Download("0/x/kept.bin")).Content.ReadAsByteArrayAsync()).ShouldBe([1, 2, 3]);
        (await client.Download("0/x/new.bin")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await client.Get("/api/2.0/mlflow-artifacts/artifacts?path=0/x"))["files"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task what_is_not_there_is_said_in_mlflows_words()
    {
        var client = service.Empty();
        await client.RefusedGet("nonsense", "ENDPOINT_NOT_FOUND", 404);
        await client.RefusedGet("experiments/get?experiment_id=99", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet("experiments/get?experiment_id=abc", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet("experiments/get");
        await client.RefusedPost("runs/create", new { experiment_id = "99" }, "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet("runs/get?run_id=" + new string('a', 32), "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet("runs/get?run_id=" + new string('a', 10_000), "RESOURCE_DOES_NOT_EXIST", 404);
        (await client.RefusedPost("runs/log-metric", new { run_id = await client.NewRun(), key = new string('k', 10_000), value = 1, timestamp = 1 })).ShouldContain("250");
    }
}
