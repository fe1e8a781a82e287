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
        await client.Refused(HttpMethod.Delete, $"/api/2.0/mlflow-artifacts/artifacts/{root}/model", null, 404, "RESOURCE_DOES_NOT_EXIST");
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
}
