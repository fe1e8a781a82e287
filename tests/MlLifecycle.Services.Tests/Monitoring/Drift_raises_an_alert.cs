using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using MassTransit;
using MlLifecycle.Contracts;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Monitoring;

/// <summary>From a deployment to an alert and back: what people do, what they read, and what the other services hear.</summary>
public sealed class Drift_raises_an_alert(MonitoringFixture service) : IClassFixture<MonitoringFixture>
{
    private readonly Production _production = new(service);

    private string Project => _production.Project;

    [Fact]
    public void guards_every_route() => service.ShouldGuardEveryRoute();

    [Fact]
    public async Task darkened_images_raise_an_alert_that_recovers_when_the_light_comes_back()
    {
        var heard = new ConcurrentQueue<IntegrationEvent>();
        var bus = await Listen(heard);
        try
        {
            await _production.Start("prod");
            await _production.PutTable(_production.At("prod", "/reference"), Production.Reference(2000, 0.5)).Json();
            await Rule(new { name = "dark", deployment = "prod", metric = "drift:brightness", severity = "critical" });
            await _production.Send(_production.At("prod", "/predictions"), Production.Predictions(1, 100, 0.5)).Json();
            await _production.Windows("prod", 1);
            (await _production.Alerts()).ShouldBeEmpty();

            await _production.Send(_production.At("prod", "/predictions"), Production.Predictions(101, 200, 0.2)).Json();
            var drift = await _production.Windows("prod", 3, "drift");
            drift.Select(w => w["columns"]![0]!["drifted"]!.GetValue<bool>()).ShouldBe([false, true, true]);
            var alert = (await _production.Alerts("?status=open")).ShouldHaveSingleItem();
            (Text(alert, "status"), Text(alert, "rule"), alert["window"]!.GetValue<int>(), Text(alert, "severity")).ShouldBe(("open", "dark", 2, "critical"));
            Text(alert, "summary").ShouldContain("brightness has drifted: wasserstein");

            var fired = DateTimeOffset.UtcNow;
            await _production.Send(_production.At("prod", "/predictions"), Production.Predictions(301, 100, 0.5)).Json();
            await _production.Windows("prod", 4);
            Text((await _production.Alerts()).ShouldHaveSingleItem(), "status").ShouldBe("recovered");
            Text((await _production.Alerts($"?at={Uri.EscapeDataString(fired.ToString("O"))}")).ShouldHaveSingleItem(), "status").ShouldBe("open");

            var facts = await Answers.Until(
                () => Task.FromResult(heard.Where(e => e.ProjectId == _production.ProjectId).DistinctBy(e => e.EventId).ToList()), e => e.OfType<AlertResolved>().Any());
            facts.Select(f => f.GetType().Name).ShouldBe(
                ["DeploymentStarted", "ReferenceProfileSet", "AlertRuleDefined", "DriftDetected", "AlertRaised", "DriftDetected", "AlertResolved"]);
            var detected = facts.OfType<DriftDetected>().First();
            var raised = facts.OfType<AlertRaised>().Single();
            raised.CausationId.ShouldBe(detected.EventId.ToString());
            detected.CausationId.ShouldBe(facts[0].EventId.ToString());
            facts.OfType<AlertResolved>().Single().CausationId.ShouldBe(raised.EventId.ToString());
            raised.CorrelationId.ShouldBe(detected.CorrelationId);
            (raised.Window, raised.AlertId, raised.Actor, raised.Project).ShouldBe((2, Guid.Parse(Text(alert, "id")), "monitoring", _production.Slug));
            Text(alert, "eventId").ShouldBe(raised.EventId.ToString());
            (detected.Window, detected.Rows, detected.Share).ShouldBe((2, 100, 0.5));
            var column = detected.Drifted.ShouldHaveSingleItem();
            (column.Column, column.Method, column.Threshold).ShouldBe(("brightness", "wasserstein", 0.1));
            column.Score.ShouldBe(raised.Value);
            var profile = facts.OfType<ReferenceProfileSet>().Single();
            (profile.Rows, string.Join(',', profile.Columns)).ShouldBe((2000, "brightness,lens"));
        }
        finally
        {
            await bus.StopAsync();
        }
    }

    [Fact]
    public async Task people_acknowledge_and_resolve_and_a_lasting_violation_fires_again()
    {
        await _production.Start("prod");
        await Rule(new { name = "slow", deployment = "prod", metric = "latencyMs:p95", threshold = 100 });
        await _production.Send(_production.At("prod", "/predictions"), Production.Predictions(1, 100, 0.5, latency: 200)).Json();
        await _production.Windows("prod", 1);
        var id = Text((await _production.Alerts()).ShouldHaveSingleItem(), "id");

        using var contributor = _production.As(Role.Contributor);
        var acknowledged = await contributor.Post($"{Project}/alerts/{id}/acknowledge", new { note = "on it" }).Json();
        (Text(acknowledged, "status"), Text(acknowledged, "acknowledgedBy"), Text(acknowledged, "note")).ShouldBe(("acknowledged", "ada", "on it"));
        await contributor.PostAsync($"{Project}/alerts/{id}/acknowledge", null).Json();
        await _production.As(Role.Viewer).Post($"{Project}/alerts/{id}/resolve", new { note = "done" }).Problem(403, "forbidden");
        Text(await contributor.Post($"{Project}/alerts/{id}/resolve", new { note = "more servers" }).Json(), "status").ShouldBe("resolved");
        Text(await contributor.Post($"{Project}/alerts/{id}/resolve", new { note = "more servers" }).Json(), "status").ShouldBe("resolved");
        await contributor.Post($"{Project}/alerts/{id}/acknowledge", new { }).Problem(409, "alert-over");
        await contributor.Post($"{Project}/alerts/{Guid.NewGuid()}/resolve", new { }).Problem(404, "alert-unknown");

        await _production.Send(_production.At("prod", "/predictions"), Production.Predictions(101, 200, 0.5, latency: 200)).Json();
        await _production.Windows("prod", 3);
        var alerts = await _production.Alerts();
        alerts.Select(a => $"{Text(a, "status")} {a["window"]}").ShouldBe(["open 2", "resolved 1"]);
    }

    [Fact]
    public async Task a_rule_can_wait_for_several_windows_in_a_row()
    {
        await _production.Start("prod");
        await Rule(new { name = "slow", deployment = "prod", metric = "latencyMs:p95", threshold = 100, @for = 2 });
        var first = 1;
        foreach (var latency in new[] { 200, 20, 200, 200, 200 })
        {
            await _production.Send(_production.At("prod", "/predictions"), Production.Predictions(first, 100, 0.5, latency)).Json();
            first += 100;
        }

        await _production.Windows("prod", 5);
        (await _production.Alerts()).ShouldHaveSingleItem()["window"]!.GetValue<int>().ShouldBe(4);
    }

    private static string Text(JsonNode node, string name) => node[name]?.ToString() ?? "";

    private Task<JsonNode> Rule(object rule) => _production.Team.Post($"{Project}/alert-rules", rule).Json(HttpStatusCode.Created);

    private async Task<IBusControl> Listen(ConcurrentQueue<IntegrationEvent> heard)
    {
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(service.Servers.Bus);
            rabbit.ReceiveEndpoint(endpoint =>
            {
                endpoint.ConcurrentMessageLimit = 1;
                endpoint.Handler<DeploymentStarted>(context => Heard(context.Message));
                endpoint.Handler<ReferenceProfileSet>(context => Heard(context.Message));
                endpoint.Handler<AlertRuleDefined>(context => Heard(context.Message));
                endpoint.Handler<DriftDetected>(context => Heard(context.Message));
                endpoint.Handler<AlertRaised>(context => Heard(context.Message));
                endpoint.Handler<AlertResolved>(context => Heard(context.Message));
            });
        });
        await bus.StartAsync();
        return bus;

        Task Heard(IntegrationEvent message)
        {
            heard.Enqueue(message);
            return Task.CompletedTask;
        }
    }
}
