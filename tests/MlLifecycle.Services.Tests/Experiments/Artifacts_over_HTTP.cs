using System.Net;
using System.Security.Cryptography;
using System.Text;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class Artifacts_over_HTTP(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task go_through_the_proxy_and_are_listed()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        var root = (await client.Run(run))["info"]!["artifact_uri"]!.GetValue<string>()["mlflow-artifacts:/".Length..];
        var big = RandomNumberGenerator.GetBytes(3_000_000);
        await client.Upload($"{root}/model/weights.bin", big);
        await client.Upload($"{root}/notes%20%C3%BC.md", Encoding.UTF8.GetBytes("# ü"));
        var listed = await client.Get($"artifacts/list?run_id={run}");
        listed["root_uri"]!.GetValue<string>().ShouldEndWith(root);
        listed["files"]!.AsArray().Select(f => (f!["path"]!.GetValue<string>(), f["is_dir"]!.GetValue<bool>(), f["file_size"]?.GetValue<long>())).ShouldBe([("model", true, null), ("notes ü.md", false, 4L)]);
        (await client.Get($"artifacts/list?run_id={run}&path=model"))["files"]![0]!["path"]!.GetValue<string>().ShouldBe("model/weights.bin");
        (await client.Get($"/api/2.0/mlflow-artifacts/artifacts?path={root}/model"))["files"]![0]!["path"]!.GetValue<string>().ShouldBe("weights.bin");
        (await client.Get($"artifacts/list?run_id={run}&path=nothing")).AsObject().ContainsKey("files").ShouldBeFalse();

        var read = await client.Download($"{root}/model/weights.bin");
        (await read.Content.ReadAsByteArrayAsync()).ShouldBe(big);
        read.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        var part = await client.Http.SendAsync(new(HttpMethod.Get, client.At($"/api/2.0/mlflow-artifacts/artifacts/{root}/model/weights.bin")) { Headers = { Range = new(1000, 1999) } });
        part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await part.Content.ReadAsByteArrayAsync()).ShouldBe(big[1000..2000]);
        (await client.Http.GetStringAsync(client.At($"/get-artifact?run_id={run}&path={Uri.EscapeDataString("notes ü.md")}"))).ShouldBe("# ü");

        await client.Send(HttpMethod.Delete, $"/api/2.0/mlflow-artifacts/artifacts/{root}/model");
        (await client.Download($"{root}/model/weights.bin")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await client.Send(HttpMethod.Delete, $"/api/2.0/mlflow-artifacts/artifacts/{root}/model"); // again, as after an answer that was lost
        await client.Send(HttpMethod.Delete, $"/api/2.0/mlflow-artifacts/artifacts/{root}/");
        (await client.Get($"artifacts/list?run_id={run}")).AsObject().ContainsKey("files").ShouldBeFalse();
    }

    [Fact]
    public async Task can_be_asked_about_without_being_read()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        await client.Upload($"0/{run}/artifacts/a.txt", new byte[5000]);
        foreach (var path in (string[])[$"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/a.txt", $"/get-artifact?run_id={run}&path=a.txt", $"/ajax-api/2.0/mlflow/get-artifact?run_uuid={run}&path=a.txt"])
        {
            var answer = await client.Http.SendAsync(new(HttpMethod.Head, client.At(path)));
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            (answer.Content.Headers.ContentLength, answer.Content.Headers.ContentType!.ToString()).ShouldBe((5000, "text/plain"));
            (await answer.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
        }

        (await client.Http.SendAsync(new(HttpMethod.Head, client.At($"/get-artifact?run_id={run}&path=b.txt")))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("metrics.json", "text/plain")]
    [InlineData("table.csv", "text/plain")]
    [InlineData("a.xml", "text/plain")]
    [InlineData("log4j.properties", "text/plain")]
    [InlineData("run.err", "text/plain")]
    [InlineData("page.html", "text/html")]
    [InlineData("plot.png", "image/png")]
    [InlineData("report.pdf", "application/pdf")]
    [InlineData("model.pkl", "application/octet-stream")]
    [InlineData("all.zip", "application/zip")]
    [InlineData("all.tar.gz", "application/octet-stream")]
    public async Task are_sent_as_what_MLflow_takes_them_for(string name, string type)
    {
        var client = service.Empty();
        await client.Upload("files/" + name, [65]);
        var answer = await client.Download("files/" + name);
        answer.Content.Headers.ContentType!.ToString().ShouldBe(type);
        answer.Content.Headers.ContentDisposition!.FileName.ShouldBe(name);
    }

    [Fact]
    public async Task are_written_and_deleted_by_many_at_once()
    {
        var client = service.Empty();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 60; i++)
            {
                if (writer < 4)
                    await client.Upload($"race/a/b/{writer}-{i}.txt", [1]);
                else
                    await client.Send(HttpMethod.Delete, $"/api/2.0/mlflow-artifacts/artifacts/race/{(i % 2 == 0 ? "" : "a")}");
            }
        })));
        await client.Send(HttpMethod.Delete, "/api/2.0/mlflow-artifacts/artifacts/race");
        (await client.Get("/api/2.0/mlflow-artifacts/artifacts?path=")).AsObject().ContainsKey("files").ShouldBeFalse();
    }

    [Fact]
    public async Task are_refused_when_they_do_not_decompress_or_nothing_comes()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        var garbled = new ByteArrayContent([1, 2, 3]) { Headers = { ContentEncoding = { "gzip" } } };
        await Tracking.Refused(client.Http.PutAsync(client.At("/api/2.0/mlflow-artifacts/artifacts/x/a"), garbled), 400, "INVALID_PARAMETER_VALUE");
        (await client.Download("x/a")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var nothing = new StreamContent(new PipeOf([])); // of unknown length
        (await Tracking.Refused(client.Http.PostAsync(client.At($"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=a"), nothing), 400, "INVALID_PARAMETER_VALUE")).ShouldBe("Request must specify data.");
        await client.Upload("x/empty", []);
        (await client.Download("x/empty")).Content.Headers.ContentLength.ShouldBe(0);
        service.Incoming().ShouldBe(0);
    }

    [Fact]
    public async Task are_replaced_whole()
    {
        var client = service.Empty();
        await client.Upload("0/x/a.txt", "long old text"u8.ToArray());
        await client.Upload("0/x/a.txt", "new"u8.ToArray());
        (await (await client.Download("0/x/a.txt")).Content.ReadAsStringAsync()).ShouldBe("new");
        await Tracking.Refused(client.Http.PutAsync(client.At("/api/2.0/mlflow-artifacts/artifacts/0/x"), new ByteArrayContent([1])), 400, "INVALID_PARAMETER_VALUE");
        await Tracking.Refused(client.Http.PutAsync(client.At("/api/2.0/mlflow-artifacts/artifacts/0/x/a.txt/b"), new ByteArrayContent([1])), 400, "INVALID_PARAMETER_VALUE");
    }

    private sealed class PipeOf(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }
}
