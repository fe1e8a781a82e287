using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Experiments.Artifacts;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class Large_files_in_parts(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task come_together_whatever_the_order_they_arrive_in()
    {
        var client = service.Empty();
        var parts = Enumerable.Range(0, 3).Select(_ => RandomNumberGenerator.GetBytes(700_000)).ToArray();
        var begun = await Begin(client, 3);
        var anyone = service.Host.Server.CreateClient();
        var tags = new string[3];
        foreach (var part in (int[])[2, 0, 1])
            tags[part] = await Send(anyone, begun, part, parts[part]);
        parts[1][0]++;
        tags[1] = await Send(anyone, begun, 1, parts[1]);
        await Complete(client, begun, tags);
        await Complete(client, begun, tags);
        (await (await client.Download("0/x/model/big.bin")).Content.ReadAsByteArrayAsync()).ShouldBe([.. parts[0], .. parts[1], .. parts[2]]);
        (await Put(anyone, begun, 0, [1])).StatusCode.ShouldBe(HttpStatusCode.NotFound, "it is over");
    }

    [Fact]
    public async Task go_on_after_a_restart_and_are_sent_to_the_address_the_caller_knows()
    {
        var client = service.Empty();
        client.Http.DefaultRequestHeaders.Add("X-Forwarded-Host", "suite.example:8080");
        client.Http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        var begun = await Begin(client, 2);
        begun["credentials"]![0]!["url"]!.GetValue<string>().ShouldStartWith("https://suite.example:8080/mlflow-uploads/");
        var first = await Send(service.Host.Server.CreateClient(), begun, 0, [1, 2]);
        await service.Restart();
        client = service.Again(client);
        var second = await Send(service.Host.Server.CreateClient(), begun, 1, [3]);
        await Complete(client, begun, [first, second]);
        (await (await client.Download("0/x/model/big.bin")).Content.ReadAsByteArrayAsync()).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task are_complete_only_when_all_are_there()
    {
        var client = service.Empty();
        var begun = await Begin(client, 2);
        var (id, anyone) = (begun["upload_id"]!.GetValue<string>(), service.Host.Server.CreateClient());
        var first = await Send(anyone, begun, 0, [1]);
        foreach (var tags in (string[][])[[first], [first, "none"], [first, new string('0', 32)], [first, "../../x"], []])
            await client.RefusedPost("/api/2.0/mlflow-artifacts/mpu/complete/0/x/model", Body(id, tags));
        await client.RefusedPost("/api/2.0/mlflow-artifacts/mpu/complete/0/y", Body(id, [first]), "RESOURCE_DOES_NOT_EXIST", 404);
        await service.Empty().RefusedPost("/api/2.0/mlflow-artifacts/mpu/complete/0/x/model", Body(id, [first]), "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedPost("/api/2.0/mlflow-artifacts/mpu/complete/0/x/model", Body("../..", [first]), "RESOURCE_DOES_NOT_EXIST", 404);
        (await client.Download("0/x/model/big.bin")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await client.Post("/api/2.0/mlflow-artifacts/mpu/abort/0/x/model", new { path = "big.bin", upload_id = id });
        await client.RefusedPost("/api/2.0/mlflow-artifacts/mpu/abort/0/x/model", new { path = "big.bin", upload_id = id }, "RESOURCE_DOES_NOT_EXIST", 404);
        (await Put(anyone, begun, 1, [1])).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("/tmp/tmp x1/model/big.bin")]
    [InlineData("./big.bin")]
    [InlineData(@"C:\Users\ada\big.bin")]
    public async Task are_named_by_their_path_on_the_clients_machine(string local)
    {
        var client = service.Empty();
        var begun = await client.Post("/api/2.0/mlflow-artifacts/mpu/create/0/x/model", new { path = local, num_parts = 1 });
        var tag = await Send(service.Host.Server.CreateClient(), begun, 0, [7]);
        await client.Post("/api/2.0/mlflow-artifacts/mpu/complete/0/x/model", new { path = local, upload_id = begun["upload_id"]!.GetValue<string>(), parts = new[] { new { part_number = 1, etag = tag } } });
        (await client.Http.GetByteArrayAsync(client.At("/api/2.0/mlflow-artifacts/artifacts/0/x/model/big.bin"))).ShouldBe([7]);
        var another = (await client.Post("/api/2.0/mlflow-artifacts/mpu/create/0/x/model", new { path = local, num_parts = 1 }))["upload_id"]!.GetValue<string>();
        await client.Post("/api/2.0/mlflow-artifacts/mpu/abort/0/x/model", new { path = local, upload_id = another });
    }

    [Fact]
    public async Task open_to_nobody_without_their_address()
    {
        var client = service.Empty();
        var begun = await Begin(client, 2);
        var anyone = service.Host.Server.CreateClient();
        var (one, two) = (Address(begun, 0), Address(begun, 1));
        await Tracking.Refused(anyone.PutAsync(one[..^1] + (one[^1] == '0' ? '1' : '0'), new ByteArrayContent([1])), 403, "PERMISSION_DENIED");
        await Tracking.Refused(anyone.PutAsync(one.Replace("/1/", "/2/", StringComparison.Ordinal), new ByteArrayContent([1])), 403, "PERMISSION_DENIED");
        two.ShouldNotBe(one);
        await service.Again(client, Role.Viewer).RefusedPost("/api/2.0/mlflow-artifacts/mpu/create/0/x", new { path = "a", num_parts = 1 }, "PERMISSION_DENIED", 403);
        await client.RefusedPost("/api/2.0/mlflow-artifacts/mpu/create/0/x", new { path = "..", num_parts = 1 });
        await client.RefusedPost("/api/2.0/mlflow-artifacts/mpu/create/0/x", new { path = "a/", num_parts = 1 });
        await client.RefusedPost("/api/2.0/mlflow-artifacts/mpu/create/0/x", new { path = "a", num_parts = 0 });
        await client.RefusedPost("/api/2.0/mlflow-artifacts/mpu/create/0/x", new { path = "a", num_parts = 10_001 });
        await client.RefusedPost("/api/2.0/mlflow-artifacts/mpu/create/0/x", new { num_parts = 1 });
    }

    [Fact]
    public async Task are_cleared_away_when_nobody_completes_them()
    {
        var client = service.Empty();
        var begun = await Begin(client, 1);
        await Send(service.Host.Server.CreateClient(), begun, 0, [1]);
        var uploads = service.Host.Services.GetRequiredService<Uploads>();
        var left = service.Host.Services.GetRequiredService<ArtifactStore>().NewFile();
        Directory.CreateDirectory(Path.Combine(left, "of a deletion that was cut off"));
        uploads.Sweep(DateTimeOffset.UtcNow.AddHours(-1)).ShouldBe(0);
        uploads.Sweep(DateTimeOffset.UtcNow.AddHours(1)).ShouldBeGreaterThan(1);
        Directory.Exists(left).ShouldBeFalse();
        (await Put(service.Host.Server.CreateClient(), begun, 0, [1])).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task small_ones_go_up_and_come_down_as_the_interface_does_it()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        (await client.Http.PostAsync($"/mlflow/{client.Project}/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=notes/a.txt", new ByteArrayContent([65]))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await client.Http.GetStringAsync(client.At($"/get-artifact?run_uuid={run}&path=notes/a.txt"))).ShouldBe("A");
        await client.RefusedPost($"upload-artifact?run_uuid={run}", new { });
        await client.RefusedPost($"upload-artifact?run_uuid={run}&path=../a", new { });
        await client.RefusedPost($"upload-artifact?run_uuid={new string('a', 32)}&path=a", new { }, "RESOURCE_DOES_NOT_EXIST", 404);
        await Tracking.Refused(client.Http.PostAsync(client.At($"upload-artifact?run_uuid={run}&path=a"), new ByteArrayContent(new byte[11_000_000])), 400, "INVALID_PARAMETER_VALUE");

        await client.Post("registered-models/create", new { name = "sorter" });
        await client.Post("model-versions/create", new { name = "sorter", source = $"runs:/{run}/notes" });
        (await client.Http.GetStringAsync(client.At("/model-versions/get-artifact?name=sorter&version=1&path=a.txt"))).ShouldBe("A");
        await client.RefusedGet("/model-versions/get-artifact?name=sorter&version=1&path=b.txt", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet("/model-versions/get-artifact?name=sorter&version=1&path=../a.txt");
        await client.RefusedGet("/model-versions/get-artifact?name=sorter&version=2&path=a.txt", "RESOURCE_DOES_NOT_EXIST", 404);
    }

    private static async Task<JsonNode> Begin(Tracking client, int parts) => await client.Post("/api/2.0/mlflow-artifacts/mpu/create/0/x/model", new { path = "big.bin", num_parts = parts });

    private static string Address(JsonNode begun, int part) => new Uri(begun["credentials"]![part]!["url"]!.GetValue<string>()).PathAndQuery;

    private static Task<HttpResponseMessage> Put(HttpClient client, JsonNode begun, int part, byte[] content) => client.PutAsync(Address(begun, part), new ByteArrayContent(content));

    private static async Task<string> Send(HttpClient client, JsonNode begun, int part, byte[] content)
    {
        var answer = await Put(client, begun, part, content);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return answer.Headers.ETag!.Tag;
    }

    private static object Body(string id, string[] tags) => new { path = "big.bin", upload_id = id, parts = tags.Select((etag, i) => new { part_number = i + 1, etag, url = "x" }) };

    private static Task<JsonNode> Complete(Tracking client, JsonNode begun, string[] tags) =>
        client.Post("/api/2.0/mlflow-artifacts/mpu/complete/0/x/model", Body(begun["upload_id"]!.GetValue<string>(), tags));
}
