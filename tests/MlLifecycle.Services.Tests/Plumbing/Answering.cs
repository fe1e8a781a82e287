using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Plumbing;

[Collection(nameof(Plumbing))]
public sealed class Answering(LedgerFixture fixture)
{
    private readonly Guid _ledger = Guid.NewGuid();

    private string Path => $"/api/projects/books/ledgers/{_ledger}";

    [Theory]
    [InlineData("""{"number": 1, "text": "a",""", "malformed-json", null)]
    [InlineData("""[1]""", "malformed-json", null)]
    [InlineData("""{"number": 1}""", "invalid-input", "text")]
    [InlineData("""{"number": 1, "text": null}""", "invalid-input", "text")]
    [InlineData("""{"number": "1", "text": "a"}""", "invalid-input", "number")]
    [InlineData("""{"number": 99999999999, "text": "a"}""", "invalid-input", "number")]
    [InlineData("""{"number": 1, "text": "a", "amount": NaN}""", "malformed-json", "amount")]
    [InlineData("""{"number": 1, "text": "a", "amount": "NaN"}""", "invalid-input", "amount")]
    [InlineData("""{"number": 1, "text": "a", "amount": null}""", "invalid-input", "amount")]
    [InlineData("""{"number": 1, "text": "a", "note": {"author": 7}}""", "invalid-input", "note.author")]
    [InlineData("""{"number": 1, "text": "a", "note": {}}""", "invalid-input", "note.author")]
    [InlineData("""{"number": 1, "text": "a", "note": {"author": "b", "page": 1}}""", "invalid-input", "note.page")]
    public async Task bad_JSON_is_answered_with_the_field(string body, string code, string? field)
    {
        await fixture.One.As().PostAsync($"{Path}/lines", new StringContent(body, Encoding.UTF8, "application/json")).Problem(400, code, field);
        await fixture.One.As().GetAsync(Path).Problem(404, "ledger-unknown");
    }

    [Fact]
    public async Task what_is_not_JSON_not_there_or_too_large_is_said_so()
    {
        var client = fixture.One.As();
        await client.PostAsync($"{Path}/lines", new StringContent("number=1", Encoding.UTF8, "application/x-www-form-urlencoded")).Problem(415, "unsupported-media-type");
        await client.PostAsync($"{Path}/lines", null).Problem(400, "malformed-json");
        await client.DeleteAsync(Path).Problem(405, "method-not-allowed");
        await client.GetAsync("/api/projects/books/elsewhere").Problem(404, "no-such-route");
        var large = $$"""{"number": 1, "text": "{{new string('x', 31_000_000)}}"}""";
        client.DefaultRequestHeaders.ExpectContinue = true; // the refusal comes before the body
        await client.PostAsync($"{Path}/lines", new StringContent(large, Encoding.UTF8, "application/json")).Problem(413, "too-large");
        await client.GetAsync(Path).Problem(404, "ledger-unknown");
    }

    [Fact]
    public async Task a_write_over_what_has_changed_since_is_refused()
    {
        await fixture.One.Write(_ledger, 1);
        using var read = await fixture.One.As().GetAsync(Path);
        await fixture.One.Write(_ledger, 2);
        var late = fixture.One.As();
        late.DefaultRequestHeaders.IfMatch.Add(read.Headers.ETag!);
        await late.Post($"{Path}/lines", new { number = 3, text = "late" }).Problem(412, "stale");
        var odd = fixture.One.As();
        odd.DefaultRequestHeaders.TryAddWithoutValidation("If-Match", "W/\"x\"");
        await odd.Post($"{Path}/lines", new { number = 3, text = "odd" }).Problem(400, "invalid-input", "If-Match");
        (await fixture.One.Lines(_ledger)).ShouldBe([1, 2]);
    }

    [Fact]
    public async Task writes_that_race_are_all_kept_or_said_to_be_lost()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(async line =>
        {
            using var answer = await fixture.One.As().Post($"{Path}/lines", new { number = line, text = "race" });
            return (Line: line, answer.StatusCode);
        }));
        answers.Select(a => a.StatusCode).Distinct().ShouldBeSubsetOf([HttpStatusCode.Created, HttpStatusCode.Conflict]);
        await using var session = fixture.One.Services.GetRequiredService<IDocumentStore>().QuerySession();
        var written = (await session.Events.FetchStreamAsync(_ledger)).Select(e => ((LineWritten)e.Data).Number).ToList();
        written.ShouldBe(answers.Where(a => a.StatusCode == HttpStatusCode.Created).Select(a => a.Line), ignoreOrder: true);
        (await fixture.One.Lines(_ledger)).ShouldBe(written); // the stored fold is that of the stream
    }

    [Fact]
    public async Task who_has_no_good_pass_is_sent_away()
    {
        await fixture.One.Anonymous().GetAsync(Path).Problem(401, "unauthenticated");
        await fixture.One.As(at: DateTimeOffset.UtcNow - Pass.Lifetime - TimeSpan.FromMinutes(1)).GetAsync(Path).Problem(401, "unauthenticated");
        await fixture.One.As(at: DateTimeOffset.UtcNow.AddMinutes(2)).GetAsync(Path).Problem(401, "unauthenticated");
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await fixture.One.As(key: other).GetAsync(Path).Problem(401, "unauthenticated");
        await Bearer("rubbish").Problem(401, "unauthenticated");
        var good = fixture.One.As().DefaultRequestHeaders.Authorization!.Parameter!.Split('.');
        await Bearer($"{Base64Url("""{"alg":"none","typ":"JWT"}""")}.{good[1]}.").Problem(401, "unauthenticated");
        await Bearer($"{good[0]}.{Base64Url("""{"sub":"eve","role":"admin","project":"books","iss":"mllifecycle","aud":"mllifecycle","exp":9999999999}""")}.{good[2]}").Problem(401, "unauthenticated");
        await fixture.One.As(project: "other").GetAsync(Path).Problem(403, "forbidden");
        await fixture.One.As(Role.Viewer).Post($"{Path}/lines", new { number = 1, text = "a" }).Problem(403, "forbidden");

        Task<HttpResponseMessage> Bearer(string token)
        {
            var client = fixture.One.Anonymous();
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return client.GetAsync(Path);
        }
    }

    [Fact]
    public async Task facts_say_which_request_and_which_fact_they_come_from()
    {
        await using var listener = await Listener.Start(fixture.Servers);
        var project = Guid.CreateVersion7();
        var client = fixture.One.As(projectId: project);
        client.DefaultRequestHeaders.Add("X-Correlation-Id", "upload-7");
        await client.Post($"{Path}/lines", new { number = 1, text = "a" }).Json(HttpStatusCode.Created);
        await listener.Hears(_ledger, 1);
        var line = listener.Of(_ledger).Single();
        (line.CorrelationId, line.CausationId, line.Actor, line.Project, line.ProjectId).ShouldBe(("upload-7", null, "ada", "books", project));
        var copies = await Answers.Until(() => Task.FromResult(listener.CopiesOf(_ledger)), c => c.Count == 2);
        copies.ShouldAllBe(c => c.CausationId == line.EventId.ToString() && c.CorrelationId == "upload-7" && c.Actor == "ledger" && c.ProjectId == project);

        await using var session = fixture.One.Services.GetRequiredService<IDocumentStore>().QuerySession();
        var written = (await session.Events.FetchStreamAsync(_ledger)).ShouldHaveSingleItem();
        (written.Id, written.CorrelationId, written.CausationId, written.UserName).ShouldBe((line.EventId, "upload-7", null, "ada"));
        var copied = (await session.Events.FetchStreamAsync(LedgerService.CopyOf(_ledger))).ShouldHaveSingleItem();
        (copied.CorrelationId, copied.CausationId, copied.UserName).ShouldBe(("upload-7", written.Id.ToString(), "ledger"));
    }

    [Fact]
    public async Task operators_find_health_metrics_and_the_description_without_a_pass()
    {
        var (status, report) = await Answers.Until(fixture.One.Health, h => h.Status == 200);
        (status, report["status"]!.ToString()).ShouldBe((200, "healthy"));
        report["checks"]!.AsObject().Select(c => c.Key).ShouldBe(["masstransit-bus", "store", "relay"], ignoreOrder: true);
        (await fixture.One.Anonymous().GetAsync("/alive")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await fixture.One.Write(_ledger, 1);
        var metrics = await Answers.Until(() => fixture.One.Anonymous().GetStringAsync("/metrics"), text => text.Contains("mllifecycle_relay_published", StringComparison.Ordinal));
        metrics.ShouldContain("http_server_request_duration_seconds");
        var api = JsonNode.Parse(await fixture.One.Anonymous().GetStringAsync("/openapi/ledger.json"))!;
        api["paths"]!.AsObject().Select(p => p.Key).ShouldContain("/api/projects/{project}/ledgers/{ledger}/lines");
        api["components"]!["schemas"]!["WriteLine"]!["required"]!.AsArray().Select(r => r!.ToString()).ShouldBe(["number", "text"]);
    }

    private static string Base64Url(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
