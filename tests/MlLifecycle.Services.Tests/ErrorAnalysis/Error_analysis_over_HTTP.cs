using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using MassTransit;
using MlLifecycle.Contracts;
using MlLifecycle.ServiceDefaults.Trust;
using MlLifecycle.TestServers;
using Shouldly;
using Xunit;

namespace MlLifecycle.ErrorAnalysis;

public sealed class ErrorAnalysisFixture(Servers servers) : Service<Evaluation>(servers)
{
    /// <summary>Small enough for a test to exceed, large enough for a million rows.</summary>
    protected override IEnumerable<KeyValuePair<string, string>> Settings => [new("Tables:MaxBytes", "64000000")];
}

public sealed class Error_analysis_over_HTTP(ErrorAnalysisFixture service) : IClassFixture<ErrorAnalysisFixture>
{
    private const string Table = """
        id,label,prediction,class,dark
        1,Shirt,Coat,Shirt,true
        2,Shirt,Shirt,Shirt,false
        3,T-shirt/top,Shirt,T-shirt/top,true
        4,Bag,Bag,Bag,false
        """;

    private readonly string _slug = "p-" + Guid.NewGuid().ToString("N")[..12];
    private readonly Guid _project = Guid.CreateVersion7();

    private string Evaluations => $"/api/projects/{_slug}/evaluations";

    private HttpClient Team => service.As(project: _slug, projectId: _project);

    [Fact]
    public void guards_every_route() => service.ShouldGuardEveryRoute();

    [Fact]
    public async Task a_table_is_recorded_once_and_read_back_by_id_and_name()
    {
        var recorded = await Upload(Table, "first", "&run=r1&dataset=images&version=2").Json(HttpStatusCode.Created);
        (recorded["examples"]!.GetValue<long>(), recorded["errors"]!.GetValue<long>(), recorded["accuracy"]!.GetValue<double>()).ShouldBe((4, 2, 0.5));
        var again = await Upload(Table, "first", "&run=r1&dataset=images&version=2").Json(HttpStatusCode.Created);
        again["id"]!.ToString().ShouldBe(recorded["id"]!.ToString());
        foreach (var address in new[] { recorded["id"]!.ToString(), "first" })
        {
            var read = await Team.GetAsync($"{Evaluations}/{address}").Json();
            (read["run"]!.ToString(), read["dataset"]!.ToString(), read["version"]!.GetValue<int>()).ShouldBe(("r1", "images", 2));
        }

        await Upload(Table, "first", "&run=r2").Problem(409, "evaluation-exists");
        (await Team.GetAsync(Evaluations).Json())["items"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task one_table_sent_many_times_at_once_is_one_evaluation()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Upload(Table, "first").Json(HttpStatusCode.Created)));
        answers.Select(a => a["id"]!.ToString()).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task evaluations_are_listed_newest_first_in_pages_and_by_run()
    {
        for (var i = 0; i < 3; i++)
            await Upload(Table, $"e{i}", $"&run=r{i}").Json(HttpStatusCode.Created);
        var first = await Team.GetAsync($"{Evaluations}?limit=2").Json();
        Names(first).ShouldBe(["e2", "e1"]);
        Names(await Team.GetAsync($"{Evaluations}?limit=2&after={first["next"]}").Json()).ShouldBe(["e0"]);
        Names(await Team.GetAsync($"{Evaluations}?run=r1").Json()).ShouldBe(["e1"]);
        await Team.GetAsync($"{Evaluations}?after=zzz").Problem(400, "invalid-input", "after");
    }

    [Fact]
    public async Task a_tag_is_judged_and_carries_over_to_the_next_evaluation()
    {
        await Upload(Table, "first").Json(HttpStatusCode.Created);
        var before = DateTimeOffset.UtcNow;
        var judged = await Team.Put($"{Evaluations}/first/tags/class%3DT-shirt%2Ftop", new { humanLevel = 0.8, ease = 0.5, priority = "high", notes = "people can tell" }).Json();
        (judged["tag"]!.ToString(), judged["gain"]!.GetValue<double>(), judged["open"]!.GetValue<bool>()).ShouldBe(("class=T-shirt/top", 0.2, true));

        await Upload(Table.Replace("3,T-shirt/top,Shirt", "3,T-shirt/top,T-shirt/top", StringComparison.Ordinal), "second").Json(HttpStatusCode.Created);
        var after = await Tag("second", "class=T-shirt/top");
        (after["humanLevel"]!.GetValue<double>(), after["gain"]!.GetValue<double>(), after["priority"]!.ToString()).ShouldBe((0.8, 0, "high"));
        (await Team.Put($"{Evaluations}/second/tags/class=T-shirt/top", new { open = false }).Json())["open"]!.GetValue<bool>().ShouldBeFalse();
        (await Tag("first", "class=T-shirt/top"))["open"]!.GetValue<bool>().ShouldBeFalse();

        var past = await Tag("first", "class=T-shirt/top", before);
        (past["humanLevel"], past["priority"]).ShouldBe((null, null));
        await Team.GetAsync($"{Evaluations}/second/tags?at={Uri.EscapeDataString(before.ToString("O"))}").Problem(404, "evaluation-unknown");
    }

    [Fact]
    public async Task a_stale_judgement_is_refused()
    {
        await Upload(Table, "first").Json(HttpStatusCode.Created);
        await Team.Put($"{Evaluations}/first/tags/dark", new { humanLevel = 0.8 }).Json();
        using var read = await Team.GetAsync($"{Evaluations}/first/tags");
        await Team.Put($"{Evaluations}/first/tags/dark", new { ease = 0.8 }).Json();
        var late = Team;
        late.DefaultRequestHeaders.Add("If-Match", read.Headers.ETag!.Tag);
        await late.Put($"{Evaluations}/first/tags/dark", new { ease = 0.1 }).Problem(412, "stale");
    }

    [Fact]
    public async Task priorities_follow_the_weights_and_give_their_reasons()
    {
        await Upload(Table, "first").Json(HttpStatusCode.Created);
        await Team.Put($"{Evaluations}/first/tags/class=Bag", new { importance = 1, ease = 1 }).Json();
        var even = await Team.GetAsync($"{Evaluations}/first/priorities").Json();
        even["weights"]!["room"]!.GetValue<double>().ShouldBe(1);
        even["items"]![0]!["rank"]!.GetValue<int>().ShouldBe(1);
        even["items"]![0]!["reason"]!.ToString().ShouldContain("The human level is not known");
        var eased = await Team.GetAsync($"{Evaluations}/first/priorities?room=0&frequency=0").Json();
        eased["items"]![0]!["tag"]!.ToString().ShouldBe("class=Bag");
        await Team.GetAsync($"{Evaluations}/first/priorities?room=NaN").Problem(400, "invalid-input", "room");
        await Team.GetAsync($"{Evaluations}/first/priorities?room=0&frequency=0&ease=0&importance=0").Problem(400, "invalid-input", "room");
    }

    [Fact]
    public async Task two_evaluations_are_compared_and_regressions_stand_out()
    {
        await Upload(Table, "first").Json(HttpStatusCode.Created);
        await Upload(Table.Replace("4,Bag,Bag", "4,Bag,Shirt", StringComparison.Ordinal).Replace("1,Shirt,Coat", "1,Shirt,Shirt", StringComparison.Ordinal), "second")
            .Json(HttpStatusCode.Created);
        var comparison = await Team.GetAsync($"{Evaluations}/first/compare/second").Json();
        comparison["accuracyChange"]!.GetValue<double>().ShouldBe(0);
        var worst = comparison["items"]![0]!;
        (worst["tag"]!.ToString(), worst["regressed"]!.GetValue<bool>(), worst["errorRateChange"]!.GetValue<double>()).ShouldBe(("class=Bag", true, 1));
        var confusion = await Team.GetAsync($"{Evaluations}/second/confusion").Json();
        confusion["pairs"]!.AsArray().Select(p => $"{p!["label"]}>{p["prediction"]} {p["share"]}").ShouldBe(["Bag>Shirt 0.5", "T-shirt/top>Shirt 0.5"]);
    }

    [Fact]
    public async Task what_is_recorded_and_decided_is_announced()
    {
        var heard = new System.Collections.Concurrent.ConcurrentQueue<IntegrationEvent>();
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(service.Servers.Bus);
            rabbit.ReceiveEndpoint(endpoint =>
            {
                endpoint.Handler<EvaluationCompleted>(context => Heard(context.Message));
                endpoint.Handler<TagPrioritized>(context => Heard(context.Message));
            });
        });
        await bus.StartAsync();
        try
        {
            await Upload(Table, "first", "&run=r1").Json(HttpStatusCode.Created);
            await Team.Put($"{Evaluations}/first/tags/dark", new { humanLevel = 0.9, priority = "high", notes = "cheap lamps" }).Json();
            var two = await Answers.Until(() => Task.FromResult(heard.Where(e => e.ProjectId == _project).DistinctBy(e => e.EventId).ToList()), e => e.Count == 2);
            var completed = two.OfType<EvaluationCompleted>().ShouldHaveSingleItem();
            (completed.RunId, completed.Examples, completed.Accuracy, completed.Actor, completed.Project).ShouldBe(("r1", 4, 0.5, "ada", _slug));
            var prioritized = two.OfType<TagPrioritized>().ShouldHaveSingleItem();
            (prioritized.Tag, prioritized.Priority, prioritized.Open, prioritized.Reason).ShouldBe(("dark", "high", true, "cheap lamps"));
            prioritized.CausationId.ShouldBe(completed.EventId.ToString());
        }
        finally
        {
            await bus.StopAsync();
        }

        Task Heard(IntegrationEvent message)
        {
            heard.Enqueue(message);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task a_million_rows_with_three_bad_ones_keep_the_others()
    {
        var text = new StringBuilder("id,label,prediction,score,camera\n");
        for (var row = 1; row <= 1_000_000; row++)
        {
            _ = row switch
            {
                17 => text.Append("17,,b,0.5,c1\n"),
                500_000 => text.Append("500000,a,b,NaN,c1\n"),
                999_999 => text.Append("3,a,b,0.5,c1\n"),
                _ => text.Append(row).Append(row % 10 == 0 ? ",a,b,0.5,c" : ",a,a,0.25,c").Append(row % 4).Append('\n'),
            };
        }

        var answer = await Upload(text.ToString(), "large").Json(HttpStatusCode.Created);
        answer["examples"]!.GetValue<long>().ShouldBe(999_997);
        answer["refusedRows"]!.GetValue<long>().ShouldBe(3);
        answer["refused"]!.AsArray().Select(r => $"{r!["row"]} {r["field"]} {r["reason"]}").ShouldBe(
            ["17 label is missing.", "500000 score is 'NaN', which is not a finite number.", "999999 id is the id of row 3 already."]);
    }

    [Theory]
    [InlineData("id,y,prediction\n1,a,a\n", "text/csv", "", 400, "column-missing", "label")]
    [InlineData("", "text/csv", "", 400, "invalid-input", "body")]
    [InlineData("id,label,prediction\n", "text/csv", "", 400, "empty-table", "body")]
    [InlineData("PAR1 and no more", "application/vnd.apache.parquet", "", 400, "malformed-table", "body")]
    [InlineData("{\"label\": 1}\n", "application/x-ndjson", "", 400, "column-missing", "prediction")]
    [InlineData("a", "application/json", "", 415, "unsupported-media-type", null)]
    [InlineData("a", "text/csv", "&lable=y", 400, "invalid-input", "lable")]
    [InlineData("a", "text/csv", "&dataset=d&version=-1", 400, "invalid-input", "version")]
    [InlineData("a", "text/csv", "&version=1", 400, "invalid-input", "dataset")]
    public async Task a_bad_upload_is_named_and_leaves_nothing(string body, string type, string query, int status, string code, string? field)
    {
        await Upload(body, "bad", query, type).Problem(status, code, field);
        await Team.GetAsync($"{Evaluations}/bad").Problem(404, "evaluation-unknown");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("0199a1b2-0000-7000-8000-000000000001")]
    public async Task a_name_that_is_none_is_refused(string name) => await Upload(Table, name).Problem(400, "invalid-input", "name");

    [Fact]
    public async Task a_table_beyond_the_limit_is_refused() => await Upload(new string('a', 64_000_001), "huge").Problem(413, "too-large");

    [Fact]
    public async Task an_upload_that_breaks_off_leaves_nothing()
    {
        using var cut = new StreamContent(new BrokenStream(Encoding.UTF8.GetBytes(Table)));
        cut.Headers.ContentType = new("text/csv");
        await Should.ThrowAsync<Exception>(() => Team.PostAsync($"{Evaluations}?name=cut", cut));
        await Team.GetAsync($"{Evaluations}/cut").Problem(404, "evaluation-unknown");
        await Upload(Table, "cut").Json(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("""{"humanLevel": 2}""", "invalid-input", "humanLevel")]
    [InlineData("""{"humanLevel": "high"}""", "invalid-input", "humanLevel")]
    [InlineData("""{"priority": "urgent"}""", "invalid-input", "priority")]
    [InlineData("""{"priorty": "high"}""", "invalid-input", "priorty")]
    [InlineData("""{"humanLevel": NaN}""", "malformed-json", null)]
    public async Task a_bad_judgement_is_named(string body, string code, string? field)
    {
        await Upload(Table, "first").Json(HttpStatusCode.Created);
        await Team.PutAsync($"{Evaluations}/first/tags/dark", new StringContent(body, Encoding.UTF8, "application/json")).Problem(400, code, field);
    }

    [Fact]
    public async Task a_project_does_not_see_another_ones_evaluations()
    {
        var id = (await Upload(Table, "first").Json(HttpStatusCode.Created))["id"];
        var others = service.As(project: "other", projectId: Guid.CreateVersion7());
        await others.GetAsync($"/api/projects/other/evaluations/{id}").Problem(404, "evaluation-unknown");
        await others.Put($"/api/projects/other/evaluations/{id}/tags/dark", new { open = false }).Problem(404, "evaluation-unknown");
        await service.As(Role.Viewer, _slug, _project).Put($"{Evaluations}/first/tags/dark", new { open = false }).Problem(403, "forbidden");
    }

    private async Task<HttpResponseMessage> Upload(string body, string name, string query = "", string type = "text/csv")
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return await Team.PostAsync($"{Evaluations}?name={Uri.EscapeDataString(name)}{query}", content);
    }

    private async Task<JsonNode> Tag(string evaluation, string tag, DateTimeOffset? at = null) =>
        (await Team.GetAsync($"{Evaluations}/{evaluation}/tags{(at is { } time ? $"?at={Uri.EscapeDataString(time.ToString("O"))}" : "")}").Json())["items"]!
        .AsArray().Single(t => t!["tag"]!.ToString() == tag)!;

    private static IEnumerable<string> Names(JsonNode page) => page["items"]!.AsArray().Select(e => e!["name"]!.ToString());

    /// <summary>Gives what it has, then fails as a lost connection does.</summary>
    private sealed class BrokenStream(byte[] content) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position < Length ? base.ReadAsync(buffer, cancellationToken) : throw new IOException("The connection was lost.");
    }
}
