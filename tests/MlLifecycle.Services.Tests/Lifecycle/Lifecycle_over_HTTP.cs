using System.Net;
using System.Text;
using MlLifecycle.Contracts;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

[Collection(nameof(Lifecycle))]
public sealed class Lifecycle_over_HTTP(LifecycleFixture service)
{
    private readonly Team _team = new(service);

    [Fact]
    public void guards_every_route() => service.ShouldGuardEveryRoute();

    [Fact]
    public async Task a_project_nobody_has_told_of_stands_at_the_beginning()
    {
        var lifecycle = await _team.Lifecycle();
        lifecycle["stage"]!.GetValue<string>().ShouldBe("scoping");
        lifecycle["version"]!.GetValue<long>().ShouldBe(0);
        lifecycle["gates"]!.AsArray().Count.ShouldBe(4);
        lifecycle["nextActions"]!.AsArray().Count.ShouldBe(5);
        (await _team.Timeline()).ShouldBeEmpty();
        await _team.Client.GetAsync($"{_team.Path}/lifecycle?at=2020-01-01T00:00:00Z").Problem(404, "project-unknown-then");
    }

    [Fact]
    public async Task facts_move_a_project_through_its_gates_with_evidence()
    {
        await _team.Tell(_team.Scope);
        var before = DateTimeOffset.UtcNow;
        var committed = (await _team.Tell(_team.Data())).OfType<DatasetVersionCommitted>().Single();
        await _team.Tell(_team.Model());
        await _team.Tell(_team.Production);
        var lifecycle = await _team.Lifecycle();
        lifecycle["stage"]!.GetValue<string>().ShouldBe("monitoring");
        lifecycle["gates"]!.AsArray().ShouldAllBe(gate => gate!["open"]!.GetValue<bool>());
        var version = Team.Requirement(lifecycle, "data", "dataset-version");
        version["status"]!.GetValue<string>().ShouldBe("met");
        version["evidence"]!["eventId"]!.GetValue<Guid>().ShouldBe(committed.EventId);
        version["evidence"]!["summary"]!.GetValue<string>().ShouldStartWith("garments@1: 4 files");
        version["waiver"].ShouldBeNull();

        var past = await _team.Lifecycle($"?at={Uri.EscapeDataString(before.ToString("O"))}");
        past["stage"]!.GetValue<string>().ShouldBe("data");
        Team.Requirement(past, "data", "dataset-version")["status"]!.GetValue<string>().ShouldBe("missing");
        past["nextActions"]![0]!["command"]!["path"]!.GetValue<string>().ShouldBe($"{_team.Path}/datasets");
    }

    [Fact]
    public async Task a_fact_that_is_delivered_again_has_no_effect()
    {
        var told = await _team.Tell(_team.Scope);
        var before = await _team.Lifecycle();
        var entries = (await _team.Timeline("?limit=500")).Count;
        foreach (var fact in told)
        {
            await _team.Deliver(fact);
            await _team.Deliver(fact);
        }

        await _team.Tell(new ScopeChanged("solution", "boosting", "trees"));
        (await _team.Lifecycle())["version"]!.GetValue<long>().ShouldBe(before["version"]!.GetValue<long>() + 1);
        (await _team.Timeline("?limit=500")).Count.ShouldBe(entries + 1);
    }

    [Fact]
    public async Task an_evaluation_finds_its_run_after_a_long_sweep()
    {
        await _team.Tell([.. _team.Scope, .. _team.Data(), Team.Run("best", 0.95), .. Enumerable.Range(0, 25).Select(i => Team.Run($"sweep-{i}", 0.5))]);
        await _team.Tell(Team.Evaluation("best"));
        (await _team.Lifecycle())["stage"]!.GetValue<string>().ShouldBe("deployment");
    }

    [Fact]
    public async Task a_waiver_opens_a_gate_and_is_announced_when_it_ends()
    {
        await _team.Tell([.. _team.Scope, .. _team.Data()[..^1]]);
        (await _team.Lifecycle())["stage"]!.GetValue<string>().ShouldBe("data");
        var until = DateTimeOffset.UtcNow.AddSeconds(3);
        var waiver = new { gate = "data", requirement = "split", reason = "one fixed test set", until };
        using var answer = await _team.Client.Post($"{_team.Path}/lifecycle/waivers", waiver);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        answer.Headers.Location!.ToString().ShouldBe($"{_team.Path}/lifecycle");
        var lifecycle = await _team.Client.Post($"{_team.Path}/lifecycle/waivers", waiver).Json(HttpStatusCode.Created);
        answer.Headers.ETag!.Tag.ShouldBe($"\"{lifecycle["version"]}\"");
        lifecycle["stage"]!.GetValue<string>().ShouldBe("modeling");
        var split = Team.Requirement(lifecycle, "data", "split");
        split["status"]!.GetValue<string>().ShouldBe("waived");
        split["waiver"]!["by"]!.GetValue<string>().ShouldBe("ada");

        await Answers.Until(() => _team.Timeline("?type=WaiverExpired"), entries => entries.Count == 1);
        var turned = (await _team.Timeline("?type=GateChanged"))[0]!;
        turned["data"]!["status"]!.GetValue<string>().ShouldBe("missing");
        turned["actor"]!.GetValue<string>().ShouldBe("lifecycle");
        turned["causes"]!.AsArray().Count.ShouldBe(1);
        (await _team.Lifecycle())["stage"]!.GetValue<string>().ShouldBe("modeling");
    }

    [Fact]
    public async Task a_drift_alert_sends_the_project_back_and_a_person_may_too()
    {
        await _team.Tell([.. _team.Scope, .. _team.Data(), .. _team.Model(), .. _team.Production]);
        await _team.Tell(_team.Drift);
        var lifecycle = await _team.Lifecycle();
        (lifecycle["stage"]!.GetValue<string>(), lifecycle["iteration"]!.GetValue<int>()).ShouldBe(("data", 2));
        lifecycle["nextActions"]![0]!["action"]!.GetValue<string>().ShouldBe("Trace alert dark back to its causes");
        await _team.Client.Post($"{_team.Path}/lifecycle/transitions", new { to = "modeling", reason = "hurry" }).Problem(409, "gate-closed");
        var back = await _team.Client.Post($"{_team.Path}/lifecycle/transitions", new { to = "scoping", reason = "wrong problem" }).Json();
        (back["stage"]!.GetValue<string>(), back["iteration"]!.GetValue<int>()).ShouldBe(("scoping", 3));
        var again = await _team.Client.Post($"{_team.Path}/lifecycle/transitions", new { to = "scoping", reason = "wrong problem" }).Json();
        again["version"]!.GetValue<long>().ShouldBe(back["version"]!.GetValue<long>());
        var opened = (await _team.Timeline("?type=IterationOpened"))[1]!;
        opened["summary"]!.GetValue<string>().ShouldContain("The images are darker.");
    }

    [Fact]
    public async Task a_stale_decision_is_refused()
    {
        await _team.Tell(_team.Scope[..2]);
        var seen = await _team.Client.GetAsync($"{_team.Path}/lifecycle");
        await _team.Tell(_team.Scope[2]);
        _team.Client.DefaultRequestHeaders.Add("If-Match", seen.Headers.ETag!.Tag);
        await _team.Client.Post($"{_team.Path}/lifecycle/waivers", new { gate = "data", requirement = "size", reason = "small on purpose" }).Problem(412, "stale");
    }

    [Theory]
    [InlineData("waivers", """{"gate": "data", "requirement": "size"}""", "reason")]
    [InlineData("waivers", """{"gate": "data", "requirement": "size", "reason": "x", "until": "soon"}""", "until")]
    [InlineData("waivers", """{"gate": "data", "requirement": "size", "reason": "x", "until": "2020-01-01T00:00:00Z"}""", "until")]
    [InlineData("waivers", """{"gate": "data", "requirement": "sizes", "reason": "x"}""", "requirement")]
    [InlineData("waivers", """{"gate": null, "requirement": "size", "reason": "x"}""", "gate")]
    [InlineData("waivers", """{"gate": "data", "requirement": "size", "reason": "x", "by": "me"}""", "by")]
    [InlineData("waivers", """{"gate": "data", "requirement": "size", "reason": "x\u0000"}""", "reason")]
    [InlineData("transitions", """{"to": "production", "reason": "x"}""", "to")]
    [InlineData("transitions", """{"to": "data"}""", "reason")]
    public async Task bad_input_is_named(string route, string body, string field)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        await _team.Client.PostAsync($"{_team.Path}/lifecycle/{route}", content).Problem(400, "invalid-input", field);
    }

    [Fact]
    public async Task who_decides_is_a_maintainer_and_who_looks_a_viewer()
    {
        var waiver = new { gate = "data", requirement = "size", reason = "small on purpose" };
        await _team.As(Role.Contributor).Post($"{_team.Path}/lifecycle/waivers", waiver).Problem(403, "forbidden");
        await _team.As(Role.Viewer).GetAsync($"{_team.Path}/lifecycle").Json();
        await _team.As(Role.Maintainer).GetAsync("/dashboard").Problem(403, "forbidden");
        (await service.Above().GetAsync("/dashboard/")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await service.Above(Role.Viewer).GetAsync($"{_team.Path}/lifecycle").Problem(403, "forbidden");
    }

    [Fact]
    public async Task all_projects_are_listed_with_what_blocks_them()
    {
        await _team.Tell([.. _team.Scope, .. _team.Data()[..2]]);
        await new Team(service).Tell(_team.Scope[0]);
        var all = (await service.Above(Role.Viewer).GetAsync("/api/lifecycles").Json())["items"]!.AsArray();
        var mine = all.Single(p => p!["project"]!.GetValue<string>() == _team.Slug)!;
        (mine["projectId"]!.GetValue<Guid>(), mine["stage"]!.GetValue<string>(), mine["missing"]!.GetValue<int>()).ShouldBe((_team.Id, "data", 4));
        mine["blocking"]!.AsArray().Select(b => b!["id"]!.GetValue<string>()).ShouldBe(["coverage", "label-consistency", "size", "split"]);
        mine["openAlerts"]!.GetValue<int>().ShouldBe(0);

        var page = await service.Above().GetAsync("/api/lifecycles?limit=1").Json();
        var next = await service.Above().GetAsync($"/api/lifecycles?limit=1&after={page["next"]}").Json();
        string.CompareOrdinal(next["items"]![0]!["project"]!.GetValue<string>(), page["items"]![0]!["project"]!.GetValue<string>()).ShouldBeGreaterThan(0);
    }
}
