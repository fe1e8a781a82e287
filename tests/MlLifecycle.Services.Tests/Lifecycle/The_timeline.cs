using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Contracts;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

[Collection(nameof(Lifecycle))]
public sealed class The_timeline(LifecycleFixture service)
{
    private readonly Team _team = new(service);

    [Fact]
    public async Task holds_every_fact_newest_first_in_pages()
    {
        var told = await _team.Tell([.. _team.Scope, .. _team.Data()]);
        List<JsonNode> seen = [];
        string? after = null;
        do
        {
            var page = await _team.Client.GetAsync($"{_team.Path}/timeline?limit=4&after={after}").Json();
            seen.AddRange(page["items"]!.AsArray().Select(e => e!.DeepClone()));
            after = page["next"]?.GetValue<string>();
        }
        while (after is not null);

        var ids = seen.Select(e => e["id"]!.GetValue<Guid>()).ToList();
        ids.ShouldBeUnique();
        told.Select(fact => fact.EventId).ShouldBeSubsetOf(ids);
        ids.Count.ShouldBe((await _team.Timeline("?limit=500")).Count);
        seen.Select(e => e["at"]!.GetValue<DateTimeOffset>()).ShouldBeInOrder(SortDirection.Descending);
        await _team.Client.GetAsync($"{_team.Path}/timeline?after=zzz").Problem(400, "invalid-input", "after");
        await _team.Client.GetAsync($"{_team.Path}/timeline?subject=%00").Problem(400, "invalid-input", "subject");
    }

    [Fact]
    public async Task tells_what_each_fact_says_and_rests_on_and_can_be_cut_by_type_subject_and_time()
    {
        var told = await _team.Tell([.. _team.Scope, .. _team.Data()]);
        var committed = told.OfType<DatasetVersionCommitted>().Single();
        var entry = (await _team.Timeline("?type=DatasetVersionCommitted")).Single()!;
        (entry["id"]!.GetValue<Guid>(), entry["actor"]!.GetValue<string>(), entry["subject"]!.GetValue<string>()).ShouldBe((committed.EventId, "ada", "dataset:garments@1"));
        entry["data"]!["digest"]!.GetValue<string>().ShouldBe(committed.Digest);
        entry["causes"]!.AsArray().Select(id => id!.GetValue<Guid>()).ShouldBe([told.OfType<DatasetRegistered>().Single().EventId]);
        (await _team.Timeline("?subject=scope:metric/accuracy")).Single()!["type"]!.GetValue<string>().ShouldBe("ScopeChanged");
        (await _team.Timeline($"?at={Uri.EscapeDataString(committed.OccurredAt.ToString("O"))}"))[0]!["id"]!.GetValue<Guid>().ShouldBe(committed.EventId);
        (await new Team(service).Timeline()).ShouldBeEmpty();
    }

    [Fact]
    public async Task walks_from_an_alert_back_to_the_scope_decision_although_facts_came_out_of_order()
    {
        var scope = await _team.Tell([.. _team.Scope, .. _team.Data()]);
        IntegrationEvent[] facts = [.. _team.Model(), .. _team.Production, .. _team.Drift];
        var told = facts.Select(_team.Told).ToList();
        foreach (var fact in Enumerable.Reverse(told))
            await _team.Deliver(fact);
        await _team.Heard(told[0]);

        var alert = told.OfType<AlertRaised>().Single();
        var walk = (await _team.Client.GetAsync($"{_team.Path}/timeline/{alert.EventId}/causes").Json())["items"]!.AsArray();
        walk.Select(e => e!["subject"]!.GetValue<string>()).ShouldBe([
            $"alert:{_team.Alert}", "window:shop/4", "rule:shop/dark", "reference:shop", "deployment:shop", "model:sorter@1", "run:r1", "dataset:garments@1", "dataset:garments",
            "scope:metric/accuracy", "scope:problem/problem", "project"]);
        walk[0]!["because"].ShouldBeNull();
        walk[1]!["because"]!.GetValue<string>().ShouldBe("Alert dark fired in this window.");
        walk[6]!["because"]!.GetValue<string>().ShouldBe("Deployment shop serves the model of this run. Model sorter version 1 came from this run.");
        walk[^1]!["id"]!.GetValue<Guid>().ShouldBe(scope[0].EventId);
        (await _team.Lifecycle())["iteration"]!.GetValue<int>().ShouldBe(2);

        await _team.Client.GetAsync($"{_team.Path}/timeline/{Guid.CreateVersion7()}/causes").Problem(404, "event-unknown");
        await new Team(service).Client.GetAsync($"{_team.Path}/timeline/{alert.EventId}/causes").Problem(403, "forbidden");
    }

    [Fact]
    public async Task carries_what_this_service_decided_and_announces_it_too()
    {
        var announced = new List<StageEntered>();
        var handle = service.Host.Services.GetRequiredService<IBus>().ConnectReceiveEndpoint("stage-listener", endpoint => endpoint.Handler<StageEntered>(context =>
        {
            if (context.Message.ProjectId == _team.Id)
                announced.Add(context.Message);
            return Task.CompletedTask;
        }));
        await handle.Ready;
        var told = await _team.Tell(_team.Scope);
        await Answers.Until(() => Task.FromResult(announced.Count), count => count == 2);
        await handle.StopAsync();

        var last = announced[1];
        (last.Stage, last.From, last.Project, last.CausationId).ShouldBe(("data", "scoping", _team.Slug, told[^1].EventId.ToString()));
        var entry = (await _team.Timeline("?type=StageEntered"))[0]!;
        entry["id"]!.GetValue<Guid>().ShouldBe(last.EventId);
        var walk = (await _team.Client.GetAsync($"{_team.Path}/timeline/{last.EventId}/causes").Json())["items"]!.AsArray();
        walk[1]!["because"]!.GetValue<string>().ShouldBe("It moved the project.");
    }
}
