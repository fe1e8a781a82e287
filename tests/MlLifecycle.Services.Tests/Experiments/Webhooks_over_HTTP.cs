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
        await client.Post("model-versions/create", new { name = "sorter", source = "runs:/x/model", tags = new[] { new { key = "a", value = "b" } } });
        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "1" });
        await Answers.Until(() => Task.FromResult(heard.Count), count => count >= 2);
        var version = heard.Single(h => JsonNode.Parse(h.Body)!["entity"]!.GetValue<string>() == "model_version");
        var said = JsonNode.Parse(version.Body)!;
        said["action"]!.GetValue<string>().ShouldBe("created");
        // Python before 3.11 reads fractions of three or six digits.
        said["timestamp"]!.GetValue<string>().ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$");
        said["data"]!.ToJsonString().ShouldBe("""{"name":"sorter","version":"1","source":"runs:/x/model","run_id":null,"tags":{"a":"b"},"description":null}""");
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
        Names(first).ShouldBe(["hook2", "hook1"], "the newest first");
        Names(await client.Get($"webhooks?max_results=2&page_token={Uri.EscapeDataString(first["next_page_token"]!.GetValue<string>())}")).ShouldBe(["hook0"]);
        await client.RefusedGet("webhooks?page_token=nonsense");
        await client.RefusedGet("webhooks?max_results=1001");
        Names(await client.Get("webhooks?max_results=0")).Count().ShouldBe(3);
        (await client.Send(HttpMethod.Patch, $"webhooks/{ids[0]}", new { status = "DISABLED" }))["webhook"]!["status"]!.GetValue<string>().ShouldBe("DISABLED");
        (await client.Get($"webhooks/{ids[0]}"))["webhook"]!["name"]!.GetValue<string>().ShouldBe("hook0");
        var result = (await client.Post($"webhooks/{ids[0]}/test", new { }))["result"]!;
        (result["success"]!.GetValue<bool>(), result["response_status"]!.GetValue<int>(), result["response_body"]!.GetValue<string>()).ShouldBe((true, 200, "thanks"));
        await client.Send(HttpMethod.Delete, $"webhooks/{ids[0]}");
        await client.RefusedGet($"webhooks/{ids[0]}", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.Refused(HttpMethod.Delete, $"webhooks/{ids[0]}", null, 404, "RESOURCE_DOES_NOT_EXIST");
        await service.Empty(Role.Maintainer).RefusedGet($"webhooks/{ids[1]}", "RESOURCE_DOES_NOT_EXIST", 404);

        static IEnumerable<string> Names(JsonNode page) => page["webhooks"]!.AsArray().Select(w => w!["name"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("Team-2.red_blue", true)]
    [InlineData("a!", false)]
    [InlineData("-a", false)]
    [InlineData("a.", false)]
    [InlineData("a b", false)]
    [InlineData("x23456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("x234567890123456789012345678901234567890123456789012345678901234", false)]
    public async Task have_plain_names(string name, bool plain)
    {
        var client = service.Empty(Role.Maintainer);
        if (plain)
            (await client.Post("webhooks", Body(name, "https://example.com")))["webhook"]!["name"]!.GetValue<string>().ShouldBe(name);
        else
            (await client.RefusedPost("webhooks", Body(name, "https://example.com"))).ShouldContain("Webhook name");
    }

    [Fact]
    public async Task tell_of_prompts_what_receivers_of_prompts_read()
    {
        var client = service.Empty(Role.Maintainer);
        var heard = new ConcurrentQueue<string>();
        await using var listener = await Listen(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            heard.Enqueue(await reader.ReadToEndAsync());
            return Results.Ok();
        });
        (string Entity, string Action)[] events = [("PROMPT", "CREATED"), ("PROMPT_VERSION", "CREATED"), ("PROMPT_TAG", "SET"), ("PROMPT_ALIAS", "CREATED")];
        await client.Post("webhooks", new { name = "team", url = listener.Urls.First(), events = events.Select(e => new { entity = e.Entity, action = e.Action }) });
        object[] tags = [new { key = "mlflow.prompt.is_prompt", value = "true" }, new { key = "_mlflow_prompt_type", value = "text" }, new { key = "team", value = "red" }];
        await client.Post("registered-models/create", new { name = "greeting", tags, description = "greets" });
        await client.Post("model-versions/create", new { name = "greeting", source = "prompt-template", tags = tags.Append(new { key = "mlflow.prompt.text", value = "Hello {{name}}!" }), description = "first" });
        await client.Post("registered-models/set-tag", new { name = "greeting", key = "team", value = "blue" });
        await client.Post("registered-models/alias", new { name = "greeting", alias = "champion", version = "1" });
        await Answers.Until(() => Task.FromResult(heard.Count), count => count >= 4);
        heard.Select(body => JsonNode.Parse(body)!).ToDictionary(said => said["entity"]!.GetValue<string>(), said => said["data"]!.ToJsonString()).OrderBy(said => said.Key, StringComparer.Ordinal).ShouldBe(
        [
            new("prompt", """{"name":"greeting","tags":{"team":"red"},"description":"greets"}"""),
            new("prompt_alias", """{"name":"greeting","alias":"champion","version":"1"}"""),
            new("prompt_tag", """{"name":"greeting","key":"team","value":"blue"}"""),
            new("prompt_version", """{"name":"greeting","version":"1","template":"Hello {{name}}!","tags":{"team":"red"},"description":"first"}"""),
        ]);
    }

    [Fact]
    public async Task are_tried_with_an_example_of_each_event_and_tell_how_it_went()
    {
        var client = service.Empty(Role.Maintainer);
        var heard = new ConcurrentQueue<JsonNode>();
        await using var listener = await Listen(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            heard.Enqueue(JsonNode.Parse(await reader.ReadToEndAsync())!);
            return Results.NotFound("nobody");
        });
        var id = (await client.Post("webhooks", Body("team", listener.Urls.First())))["webhook"]!["webhook_id"]!.GetValue<string>();
        var failed = (await client.Post($"webhooks/{id}/test", new { }))["result"]!;
        (failed["success"]!.GetValue<bool>(), failed["response_status"]!.GetValue<int>(), failed["response_body"]!.GetValue<string>(), failed["error_message"]).ShouldBe((false, 404, "\"nobody\"", null));
        heard.ShouldHaveSingleItem()["data"]!.ToJsonString().ShouldBe("""{"name":"example_model","tags":{"example_key":"example_value"},"description":"An example registered model"}""");
        (string Entity, string[] Actions)[] kinds =
        [
            ("REGISTERED_MODEL", ["CREATED"]), ("MODEL_VERSION", ["CREATED"]), ("MODEL_VERSION_TAG", ["SET", "DELETED"]), ("MODEL_VERSION_ALIAS", ["CREATED", "DELETED"]), ("PROMPT", ["CREATED"]),
            ("PROMPT_VERSION", ["CREATED"]), ("PROMPT_TAG", ["SET", "DELETED"]), ("PROMPT_VERSION_TAG", ["SET", "DELETED"]), ("PROMPT_ALIAS", ["CREATED", "DELETED"]),
        ];
        foreach (var (entity, action) in kinds.SelectMany(k => k.Actions.Select(a => (k.Entity, a))))
        {
            await client.Post($"webhooks/{id}/test", new { @event = new { entity, action } });
            var said = heard.Last();
            (said["entity"]!.GetValue<string>(), said["action"]!.GetValue<string>()).ShouldBe((entity.ToLowerInvariant(), action.ToLowerInvariant()));
            said["data"]!["name"]!.GetValue<string>().ShouldBe(entity.StartsWith("PROMPT", StringComparison.Ordinal) ? "example_prompt" : "example_model");
        }

        var nowhere = (await client.Post("webhooks", Body("nowhere", "http://127.0.0.1:1")))["webhook"]!["webhook_id"]!.GetValue<string>();
        (await client.Post($"webhooks/{nowhere}/test", new { }))["result"]!["error_message"]!.GetValue<string>().ShouldStartWith("Failed to test webhook: ");
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
