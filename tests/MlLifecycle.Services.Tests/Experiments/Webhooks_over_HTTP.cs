using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using MlLifecycle.Experiments.Webhooks;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class Webhooks_over_HTTP(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task deliver_signed_what_happens_in_the_registry_even_after_a_failure()
    {
        var client = service.Empty(Role.Maintainer);
        var heard = new ConcurrentQueue<(string Body, Dictionary<string, string> Headers)>();
        var calls = 0;
        await using var listener = await Listen(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            var body = await reader.ReadToEndAsync();
            if (Interlocked.Increment(ref calls) == 1)
                return Results.StatusCode(500);
            heard.Enqueue((body, http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            return Results.Ok();
        });
        var created = (await client.Post("webhooks", new
        {
            name = "team",
            url = listener.Urls.First() + "/hook",
            secret = "s3cret",
            events = new[] { new { entity = "MODEL_VERSION", action = "CREATED" }, new { entity = "MODEL_VERSION_ALIAS", action = "CREATED" } },
        }))["webhook"]!;
        created["status"]!.GetValue<string>().ShouldBe("ACTIVE");
        created.ToJsonString().ShouldNotContain("s3cret");
        await client.Post("registered-models/create", new { name = "sorter" });
        await client.Post("model-versions/create", new { name = "sorter", source = "runs:/x/model", run_id = "x" });
        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "1" });
        await Answers.Until(() => Task.FromResult(heard.Count), count => count >= 2);
        var version = heard.Single(h => JsonNode.Parse(h.Body)!["entity"]!.GetValue<string>() == "MODEL_VERSION");
        JsonNode.Parse(version.Body)!["data"]!["version"]!.GetValue<string>().ShouldBe("1");
        foreach (var (body, headers) in heard)
            headers["X-MLflow-Signature"].ShouldBe(WebhookSender.Sign("s3cret", Guid.Parse(headers["X-MLflow-Delivery-Id"]), headers["X-MLflow-Timestamp"], body));
    }

    [Fact]
    public async Task are_listed_changed_tried_and_deleted()
    {
        var client = service.Empty(Role.Maintainer);
        await using var listener = await Listen(_ => Task.FromResult(Results.Text("thanks")));
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
            ids.Add((await client.Post("webhooks", Body("hook" + i, listener.Urls.First())))["webhook"]!["webhook_id"]!.GetValue<string>());
        var first = await client.Get("webhooks?max_results=2");
        first["webhooks"]!.AsArray().Count.ShouldBe(2);
        (await client.Get($"webhooks?max_results=2&page_token={first["next_page_token"]!.GetValue<string>()}"))["webhooks"]!.AsArray().Count.ShouldBe(1);
        (await client.Send(HttpMethod.Patch, $"webhooks/{ids[0]}", new { status = "DISABLED" }))["webhook"]!["status"]!.GetValue<string>().ShouldBe("DISABLED");
        (await client.Get($"webhooks/{ids[0]}"))["webhook"]!["name"]!.GetValue<string>().ShouldBe("hook0");
        var result = (await client.Post($"webhooks/{ids[0]}/test", new { }))["result"]!;
        (result["success"]!.GetValue<bool>(), result["response_status"]!.GetValue<int>(), result["response_body"]!.GetValue<string>()).ShouldBe((true, 200, "thanks"));
        await client.Send(HttpMethod.Delete, $"webhooks/{ids[0]}");
        await client.RefusedGet($"webhooks/{ids[0]}", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.Refused(HttpMethod.Delete, $"webhooks/{ids[0]}", null, 404, "RESOURCE_DOES_NOT_EXIST");
        await service.Empty(Role.Maintainer).RefusedGet($"webhooks/{ids[1]}", "RESOURCE_DOES_NOT_EXIST", 404);
    }

    [Fact]
    public async Task are_decided_on_by_maintainers_and_checked()
    {
        var client = service.Empty(Role.Maintainer);
        await service.Again(client).RefusedPost("webhooks", Body("x", "http://127.0.0.1:1"), "PERMISSION_DENIED", 403);
        foreach (var bad in (object[])
            [
                new { }, new { name = "x", url = "http://a" }, Body("x", "ftp://a"), Body("x", "nonsense"), Body("x", "http://user:pw@a"),
                new { name = "x", url = "http://a", events = new[] { new { entity = "MODEL_VERSION", action = "SET" } } },
                new { name = "x", url = "http://a", events = new[] { new { entity = "GHOST", action = "CREATED" } } },
            ])
            await client.RefusedPost("webhooks", bad);
        var id = (await client.Post("webhooks", Body("x", "http://127.0.0.1:1")))["webhook"]!["webhook_id"]!.GetValue<string>();
        (await client.Post($"webhooks/{id}/test", new { }))["result"]!["success"]!.GetValue<bool>().ShouldBeFalse();
        await client.Refused(HttpMethod.Patch, $"webhooks/{id}", new { status = "ASLEEP" }, 400, "INVALID_PARAMETER_VALUE");
    }

    private static object Body(string name, string url) => new { name, url, events = new[] { new { entity = "REGISTERED_MODEL", action = "CREATED" } } };

    private static async Task<WebApplication> Listen(Func<HttpContext, Task<IResult>> answer)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        app.MapPost("/{**path}", (Delegate)answer);
        await app.StartAsync();
        return app;
    }
}
