using System.Text;
using MassTransit;
using RabbitMQ.Client;
using Shouldly;
using Xunit;

namespace MlLifecycle.Plumbing;

[Collection(nameof(Plumbing))]
public sealed class Consuming(LedgerFixture fixture)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly Guid _ledger = Guid.NewGuid();

    [Fact]
    public async Task a_message_twice_has_its_effect_once_even_after_a_restart()
    {
        var first = Line(1);
        await Deliver(first);
        await Deliver(first);
        await Deliver(Line(2)); // behind them in the same queues
        (await Copies(2)).ShouldBe([1, 2]);

        await fixture.Restart();
        await Deliver(first);
        await Deliver(Line(3));
        (await Copies(3)).ShouldBe([1, 2, 3]);
        var tally = await Answers.Until(() => fixture.One.Lines(LedgerService.TallyOf(_ledger)), lines => lines.Contains(3), Patience);
        tally.ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task many_copies_at_two_instances_at_once_have_one_effect()
    {
        await using var two = await fixture.Start();
        var line = Line(1);
        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Deliver(line)));
        // With two competing for the queue, all messages have been taken when a later one was taken by each.
        await Answers.Until(() => fixture.One.Lines(LedgerService.CopyOf(_ledger)), lines => lines.Length > 0, Patience);
        await Answers.Until(() => Depth("ledger-on-line-copy"), depth => depth == 0, Patience);
        (await fixture.One.Lines(LedgerService.CopyOf(_ledger))).ShouldBe([1]);
    }

    [Fact]
    public async Task what_cannot_be_taken_ends_in_the_error_queue_and_holds_nobody_up()
    {
        var poison = Line(1) with { Text = LedgerService.Poison };
        await Deliver(poison);
        await Deliver(Line(2));
        // Another consumer has both while the first one still tries.
        await Answers.Until(() => fixture.One.Lines(LedgerService.TallyOf(_ledger)), lines => lines.Length == 2, Patience);
        (await Copies(1)).ShouldBe([2]);

        await using var connection = await Connect();
        await using var channel = await connection.CreateChannelAsync();
        var dead = await Answers.Until(() => channel.BasicGetAsync("ledger-on-line-copy_error", autoAck: true), letter => letter is not null, Patience);
        Encoding.UTF8.GetString(dead!.Body.Span).ShouldContain(poison.EventId.ToString());
        Header(dead, "MT-Fault-ExceptionType").ShouldBe("System.InvalidOperationException");
        Header(dead, "MT-Fault-Message").ShouldBe("Line 1 cannot be copied");
        (await channel.BasicGetAsync("ledger-on-line-copy_error", autoAck: true)).ShouldBeNull();
    }

    private static string Header(BasicGetResult letter, string name) => Encoding.UTF8.GetString((byte[])letter.BasicProperties.Headers![name]!);

    private LineAnnounced Line(int number) => new(_ledger, number, "line") { EventId = Guid.CreateVersion7(), Project = "books", Actor = "ada", CorrelationId = "c" };

    private Task Deliver(LineAnnounced line) => fixture.One.Bus.Publish(line, context => context.MessageId = line.EventId);

    private Task<int[]> Copies(int count) => Answers.Until(() => fixture.One.Lines(LedgerService.CopyOf(_ledger)), lines => lines.Length >= count, Patience);

    private Task<IConnection> Connect() => new ConnectionFactory { Uri = fixture.Servers.Bus }.CreateConnectionAsync();

    private async Task<uint> Depth(string queue)
    {
        await using var connection = await Connect();
        await using var channel = await connection.CreateChannelAsync();
        return await channel.MessageCountAsync(queue);
    }
}
