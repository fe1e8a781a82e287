using System.Net;
using MlLifecycle.TestServers;
using Shouldly;
using Xunit;

namespace MlLifecycle.Plumbing;

/// <summary>The broker is this test's own: what it was told in the seconds before it is killed, such as the queues of another test, it may not know any more.</summary>
[Collection(nameof(Plumbing))]
public sealed class A_broker_that_dies
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly Guid _ledger = Guid.NewGuid();

    [Fact]
    public async Task loses_nothing_while_writes_go_on()
    {
        await using var servers = new Servers();
        await using var fixture = new LedgerFixture(servers);
        await fixture.InitializeAsync();
        await using var listener = await Listener.Start(servers);
        for (var line = 0; line < 20; line++)
            await fixture.One.Write(_ledger, line);
        await listener.Hears(_ledger, 20);
        await Task.Delay(TimeSpan.FromSeconds(5)); // a quorum queue killed in the seconds in which it was made comes back without a leader (RabbitMQ 3.10)
        for (var line = 20; line < 40; line++)
            await fixture.One.Write(_ledger, line); // some of these are under way
        await servers.StopBroker(hard: true);
        for (var line = 40; line < 60; line++)
            await fixture.One.Write(_ledger, line);
        var (status, report) = await Answers.Until(fixture.One.Health, h => h.Status != 200, Patience);
        (status, report["status"]!.ToString(), report["checks"]!["store"]!["status"]!.ToString()).ShouldBe((503, "degraded", "healthy"), report.ToJsonString());
        (await fixture.One.Anonymous().GetAsync("/alive")).StatusCode.ShouldBe(HttpStatusCode.OK);

        await servers.StartBroker();
        await fixture.One.Write(_ledger, 60);
        (await listener.Hears(_ledger, 61)).ShouldBe(Enumerable.Range(0, 61)); // in order, none lost
        await Answers.Until(fixture.One.Health, h => h.Status == 200, Patience);
        var copies = await Answers.Until(() => fixture.One.Lines(LedgerService.CopyOf(_ledger)), lines => lines.Length >= 61, Patience);
        copies.Order().ShouldBe(Enumerable.Range(0, 61)); // each took effect once
    }
}
