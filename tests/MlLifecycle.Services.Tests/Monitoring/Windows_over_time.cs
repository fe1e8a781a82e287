using System.Globalization;
using System.Net;
using System.Text;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Monitoring;

/// <summary>Windows of time, restarts, several instances, pages and the past. A class of its own, since it takes the service down.</summary>
public sealed class Windows_over_time(MonitoringFixture service) : IClassFixture<MonitoringFixture>
{
    private readonly Production _production = new(service);

    private string Predictions => _production.At("prod", "/predictions");

    [Fact]
    public async Task a_span_of_time_is_a_window_and_what_comes_after_its_grace_is_late()
    {
        await _production.Start("prod", new { seconds = 60, graceSeconds = 10 });
        var first = await _production.Send(Predictions, Rows("a", (0, 5), (59, 5), (65, 1))).Json();
        (first["windowsClosed"]!.GetValue<int>(), first["late"]!.GetValue<int>()).ShouldBe((0, 0));
        (await _production.Send(Predictions, Rows("b", (30, 2))).Json())["late"]!.GetValue<int>().ShouldBe(0); // within the grace
        (await _production.Send(Predictions, Rows("c", (70, 1), (20, 1))).Json())["windowsClosed"]!.GetValue<int>().ShouldBe(1);
        (await _production.Send(Predictions, Rows("d", (30, 3), (80, 1))).Json())["late"]!.GetValue<int>().ShouldBe(3);
        var window = (await _production.Windows("prod", 1))[0];
        (window["rows"]!.GetValue<int>(), window["closedBy"]!.ToString()).ShouldBe((13, "time"));
        (window["from"]!.ToString(), window["to"]!.ToString()).ShouldBe(("2026-03-03T12:00:00+00:00", "2026-03-03T12:01:00+00:00"));
        window["throughput"]!.GetValue<double>().ShouldBe(13 / 60.0, 1e-12);
    }

    [Fact]
    public async Task a_stream_that_ends_does_not_leave_its_last_window_open()
    {
        await _production.Start("prod", new { seconds = 60, graceSeconds = 1 });
        await _production.Send(Predictions, Rows("a", (0, 12))).Json();
        (await _production.Windows("prod", 1))[0]["rows"]!.GetValue<int>().ShouldBe(12);
    }

    [Fact]
    public async Task a_full_part_of_a_span_closes_at_once_and_parts_keep_their_order()
    {
        await _production.Start("prod", new { rows = 10, seconds = 60, graceSeconds = 1 });
        await _production.Send(Predictions, Rows("a", (0, 25), (60, 5))).Json();
        var windows = await _production.Windows("prod", 4);
        windows.Select(w => $"{w["number"]} {w["rows"]} {w["closedBy"]}").ShouldBe(["1 10 rows", "2 10 rows", "3 5 time", "4 5 time"]);
    }

    [Fact]
    public async Task a_restart_in_the_middle_goes_on_where_it_was_and_two_instances_evaluate_each_window_once()
    {
        await _production.Start("prod", new { rows = 100 });
        await _production.PutTable(_production.At("prod", "/reference"), Production.Reference(2000, 0.5)).Json();
        await _production.Team.Post($"{_production.Project}/alert-rules", new { name = "dark", deployment = "prod", metric = "drift:brightness" }).Json(HttpStatusCode.Created);
        await _production.Send(Predictions, Production.Predictions(1, 5, 0.5)).Json();
        await using (var other = await service.Another())
        {
            await _production.Send(Predictions, Production.Predictions(6, 20_000, 0.1)).Json();
            await service.Restart(); // in the middle of two hundred windows
            await _production.Send(Predictions, Production.Predictions(20_001, 10_000, 0.5)).Json();
            var windows = await _production.Windows("prod", 300);
            windows.Select(w => w["number"]!.GetValue<int>()).ShouldBe(Enumerable.Range(1, 300));
            windows.ShouldAllBe(w => w["rows"]!.GetValue<int>() == 100);
        }

        var alert = (await _production.Alerts()).ShouldHaveSingleItem();
        (alert["window"]!.GetValue<int>(), alert["status"]!.ToString()).ShouldBe((1, "recovered"));
        (await _production.Team.GetAsync(_production.At("prod")).Json())["windows"]!.GetValue<int>().ShouldBe(300);
    }

    [Fact]
    public async Task lists_page_and_the_past_can_be_read()
    {
        foreach (var name in new[] { "b", "a", "c" })
            await _production.Start(name, new { rows = 10 });
        await _production.Start("a", new { rows = 10 }); // a retry
        var deployments = $"{_production.Project}/deployments";
        var page = await _production.Team.GetAsync($"{deployments}?limit=2").Json();
        page["items"]!.AsArray().Select(d => d!["name"]!.ToString()).ShouldBe(["a", "b"]);
        (await _production.Team.GetAsync($"{deployments}?limit=2&after={page["next"]}").Json())["items"]!.AsArray().ShouldHaveSingleItem()!["name"]!.ToString().ShouldBe("c");
        await _production.Team.GetAsync($"{deployments}?after=zzz").Problem(400, "invalid-input", "after");

        await _production.Send(_production.At("a", "/predictions"), Production.Predictions(1, 30, 0.5)).Json();
        await _production.Windows("a", 3);
        var then = Uri.EscapeDataString(DateTimeOffset.UtcNow.ToString("O"));
        await _production.Team.Put(_production.At("a", "/rollout"), new { trafficShare = 1, reason = "all is well" }).Json();
        await _production.Send(_production.At("a", "/predictions"), Production.Predictions(31, 10, 0.5)).Json();
        await _production.Windows("a", 4);
        var newest = await _production.Team.GetAsync(_production.At("a", "/windows?newest=true&limit=2")).Json();
        newest["items"]!.AsArray().Select(w => w!["number"]!.GetValue<int>()).ShouldBe([4, 3]);
        var older = await _production.Team.GetAsync(_production.At("a", $"/windows?newest=true&after={newest["next"]}")).Json();
        older["items"]!.AsArray().Select(w => w!["number"]!.GetValue<int>()).ShouldBe([2, 1]);

        (await _production.Team.GetAsync(_production.At("a", $"/windows?at={then}")).Json())["items"]!.AsArray().Count.ShouldBe(3);
        var past = await _production.Team.GetAsync(_production.At("a", $"?at={then}")).Json();
        (past["trafficShare"]!.GetValue<double>(), past["windows"]!.GetValue<int>()).ShouldBe((0.1, 3));
        var now = await _production.Team.GetAsync(_production.At("a")).Json();
        (now["trafficShare"]!.GetValue<double>(), now["windows"]!.GetValue<int>(), now["rolloutReason"]!.ToString()).ShouldBe((1, 4, "all is well"));
        await _production.Team.GetAsync(_production.At("a", "?at=2020-01-01T00:00:00Z")).Problem(404, "deployment-unknown");
    }

    [Fact]
    public async Task rules_are_listed_and_what_is_wrong_with_a_command_is_named()
    {
        await _production.Start("prod");
        var rules = $"{_production.Project}/alert-rules";
        foreach (var name in new[] { "b", "a", "b" })
            await _production.Team.Post(rules, new { name, deployment = "prod", metric = "nullShare", threshold = 0.01 }).Json(HttpStatusCode.Created);
        var first = await _production.Team.GetAsync($"{rules}?limit=1").Json();
        (first["items"]![0]!["name"]!.ToString(), first["items"]![0]!["kind"]!.ToString()).ShouldBe(("a", "output"));
        (await _production.Team.GetAsync($"{rules}?limit=1&after={first["next"]}").Json())["items"]![0]!["name"]!.ToString().ShouldBe("b");

        await _production.Team.Post(rules, new { name = "r", deployment = "nowhere", metric = "rows", threshold = 1 }).Problem(400, "invalid-input", "deployment");
        await _production.Team.Post(rules, new { name = "r", deployment = "prod", metric = "rows", threshold = 1, above = 1 }).Problem(400, "invalid-input", "above");
        await _production.Team.Post(rules, new { name = "r", deployment = "prod", metric = "rows", threshold = "NaN" }).Problem(400, "invalid-input", "threshold");
        await _production.As(Role.Contributor).Post(rules, new { name = "r", deployment = "prod", metric = "rows", threshold = 1 }).Problem(403, "forbidden");
        await _production.Team.Post($"{_production.Project}/deployments", new { name = "x", model = "m" }).Problem(400, "invalid-input", "rollout");
        await _production.Team.Post($"{_production.Project}/deployments", new { name = "prod", model = "another", rollout = "canary" }).Problem(409, "deployment-exists");
        await _production.Team.PostAsync($"{_production.Project}/deployments", new StringContent("{", Encoding.UTF8, "application/json")).Problem(400, "malformed-json");
        var late = _production.Team;
        late.DefaultRequestHeaders.Add("If-Match", "\"99\"");
        await late.Put(_production.At("prod", "/rollout"), new { trafficShare = 1, reason = "x" }).Problem(412, "stale");
        await _production.Team.GetAsync($"{_production.Project}/alerts?status=odd").Problem(400, "invalid-input", "status");
    }

    // Predictions so many seconds after noon, so many each.
    private static string Rows(string prefix, params (int Second, int Count)[] groups)
    {
        var noon = new DateTimeOffset(2026, 3, 3, 12, 0, 0, TimeSpan.Zero);
        var text = new StringBuilder("id,at,prediction\n");
        var n = 0;
        foreach (var (second, count) in groups)
        {
            for (var i = 0; i < count; i++)
                text.Append(CultureInfo.InvariantCulture, $"{prefix}{n++},{noon.AddSeconds(second):O},Shirt\n");
        }

        return text.ToString();
    }
}
