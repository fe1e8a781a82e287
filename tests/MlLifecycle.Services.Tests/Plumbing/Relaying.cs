using System.Net;
using MassTransit;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Plumbing;

[Collection(nameof(Plumbing))]
public sealed class Relaying(LedgerFixture fixture)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly Guid _ledger = Guid.NewGuid();

    [Fact]
    public async Task is_done_by_one_of_two_instances_and_by_the_other_when_that_one_stops()
    {
        await using var listener = await Listener.Start(fixture.Servers);
        await using var two = await fixture.Start();
        (await Leaders(fixture.One, two)).ShouldBe([fixture.One]); // it was there first
        for (var line = 0; line < 20; line++)
            await (line % 2 == 0 ? fixture.One : two).Write(_ledger, line);
        var stopping = fixture.One.DisposeAsync();
        for (var line = 20; line < 40; line++)
            await two.Write(_ledger, line);
        await stopping;
        (await Leaders(two)).ShouldBe([two]);
        (await listener.Hears(_ledger, 40)).ShouldBe(Enumerable.Range(0, 40));
        await fixture.Restart();
        (await fixture.One.Relays()).ShouldBeFalse();
    }

    [Fact]
    public async Task goes_on_when_the_connection_that_holds_the_lock_is_cut()
    {
        await using var listener = await Listener.Start(fixture.Servers);
        await using var two = await fixture.Start();
        await Leaders(fixture.One, two);
        for (var line = 0; line < 60; line++)
        {
            await (line % 2 == 0 ? fixture.One : two).Write(_ledger, line);
            if (line == 20)
                await fixture.TerminateTheLock();
        }

        (await listener.Hears(_ledger, 60)).ShouldBe(Enumerable.Range(0, 60));
        await Leaders(fixture.One, two);
    }

    [Fact]
    public async Task goes_on_when_another_relay_has_noted_its_progress_over_its_own()
    {
        await using var listener = await Listener.Start(fixture.Servers);
        for (var line = 0; line < 10; line++)
            await fixture.One.Write(_ledger, line);
        await listener.Hears(_ledger, 10);
        await fixture.SetProgressBack(3);
        for (var line = 10; line < 20; line++)
            await fixture.One.Write(_ledger, line);
        (await listener.Hears(_ledger, 20)).ShouldBe(Enumerable.Range(0, 20));
    }

    [Fact]
    public async Task and_everything_else_comes_back_with_the_database()
    {
        await using var listener = await Listener.Start(fixture.Servers);
        await fixture.One.Write(_ledger, 0);
        await listener.Hears(_ledger, 1);
        var waiting = new LineAnnounced(_ledger, 1, "said while the database was away") { EventId = Guid.CreateVersion7(), Project = "books", Actor = "ada", CorrelationId = "c" };
        await fixture.Servers.StopPostgres();
        try
        {
            var client = fixture.One.As(Role.Contributor);
            await client.GetAsync($"/api/projects/books/ledgers/{_ledger}").Problem(503, "store-unavailable");
            await client.Post($"/api/projects/books/ledgers/{_ledger}/lines", new { number = 9, text = "x" }).Problem(503, "store-unavailable");
            var (status, report) = await fixture.One.Health();
            (status, report["checks"]!["store"]!["status"]!.ToString()).ShouldBe((503, "unhealthy"));
            (await fixture.One.Anonymous().GetAsync("/alive")).StatusCode.ShouldBe(HttpStatusCode.OK);
            await fixture.One.Bus.Publish(waiting, context => context.MessageId = waiting.EventId);
        }
        finally
        {
            await fixture.Servers.StartPostgresAgain();
        }

        await Answers.Until(fixture.One.Health, h => h.Status == 200, Patience);
        await fixture.One.Write(_ledger, 2);
        (await fixture.One.Lines(_ledger)).ShouldBe([0, 2]);
        (await listener.Hears(_ledger, 3)).ShouldBe([0, 1, 2]);
        var copies = await Answers.Until(() => fixture.One.Lines(LedgerService.CopyOf(_ledger)), lines => lines.Length >= 3, Patience);
        copies.Order().ShouldBe([0, 1, 2]);
    }

    // Those that relay, once it is one.
    private static async Task<LedgerHost[]> Leaders(params LedgerHost[] instances) => await Answers.Until(
        async () =>
        {
            var relays = await Task.WhenAll(instances.Select(i => i.Relays()));
            return instances.Where((_, i) => relays[i]).ToArray();
        },
        leaders => leaders.Length == 1, Patience);
}
