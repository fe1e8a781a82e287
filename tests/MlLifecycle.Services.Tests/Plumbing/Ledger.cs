using System.Collections.Immutable;
using Marten;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using MlLifecycle.Contracts;
using MlLifecycle.ServiceDefaults;
using MlLifecycle.ServiceDefaults.Bus;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Plumbing;

/// <summary>The smallest service that uses all of the plumbing: lines are written into ledgers, announced, and copied and tallied by whoever hears of them.</summary>
public sealed record Ledger(Guid Id) : IFolded<Ledger>
{
    public ImmutableList<int> Lines { get; init; } = [];

    public static Ledger Initial(Guid id) => new(id);

    public Ledger Evolve(object @event) => @event switch
    {
        LineWritten e => this with { Lines = Lines.Add(e.Number) },
        LineCopied e => this with { Lines = Lines.Add(e.Number) },
        _ => this,
    };
}

public sealed record WriteLine(int Number, string Text, double Amount = 0, LineNote? Note = null);

public sealed record LineNote(string Author);

public sealed record LineWritten(Guid Ledger, int Number, string Text);

public sealed record LineCopied(Guid Ledger, int Number);

public sealed record LineAnnounced(Guid Ledger, int Number, string Text) : IntegrationEvent;

public sealed record CopyAnnounced(Guid Ledger, int Number) : IntegrationEvent;

public static class LedgerService
{
    public const string Poison = "poison";

    public static WebApplicationBuilder AddLedger(this WebApplicationBuilder builder)
    {
        builder.AddServiceDefaults("ledger");
        builder.AddBus("ledger", bus =>
        {
            bus.AddConsumer<OnLineCopy>();
            bus.AddConsumer<OnLineTally>();
        });
        builder.AddEventStore(
            @event => @event switch
            {
                LineWritten e => new LineAnnounced(e.Ledger, e.Number, e.Text),
                LineCopied e => new CopyAnnounced(e.Ledger, e.Number),
                _ => null,
            },
            store => store.Fold<Ledger>());
        return builder;
    }

    public static WebApplication MapLedger(this WebApplication app)
    {
        app.UseServiceDefaults();
        app.MapPost("/api/projects/{project}/ledgers/{ledger:guid}/lines", Write).Requires(Role.Contributor);
        app.MapGet("/api/projects/{project}/ledgers/{ledger:guid}", Read).Requires(Role.Viewer);
        return app;
    }

    public static Guid CopyOf(Guid ledger) => Beside(ledger, 1);

    public static Guid TallyOf(Guid ledger) => Beside(ledger, 2);

    private static async Task<IResult> Write(Guid ledger, WriteLine line, Caller caller, IDocumentSession session, IfMatch ifMatch, CancellationToken ct)
    {
        var outcome = await session.Decide<Ledger>(
            ledger, caller.Origin, l => l.Lines.Contains(line.Number) ? Decision.Nothing : Decision.Accept(new LineWritten(ledger, line.Number, line.Text)), ct, ifMatch);
        return outcome.ToResult(l => TypedResults.Created($"/api/projects/{caller.Project}/ledgers/{ledger}", l));
    }

    private static async Task<IResult> Read(Guid ledger, IQuerySession session, HttpContext http, CancellationToken ct)
    {
        if (await session.LoadAsync<Ledger>(ledger, ct) is not { } found)
            return new Refused(new(404, "ledger-unknown", "There is no such ledger."));
        http.Response.Headers.ETag = $"\"{found.Lines.Count}\"";
        return TypedResults.Ok(found);
    }

    private static Guid Beside(Guid ledger, byte which)
    {
        var bytes = ledger.ToByteArray();
        bytes[15] ^= which;
        return new(bytes);
    }
}

/// <summary>Copies what it hears. Its decision takes every message for news, so that only the inbox keeps a second delivery from having an effect.</summary>
public sealed class OnLineCopy(IDocumentStore store) : IConsumer<LineAnnounced>
{
    public Task Consume(ConsumeContext<LineAnnounced> context)
    {
        var line = context.Message;
        return line.Text == LedgerService.Poison
            ? throw new InvalidOperationException($"Line {line.Number} cannot be copied")
            : store.Once(context, "copies", session => session.Decide<Ledger>(
                LedgerService.CopyOf(line.Ledger), Origin.Of(line, "ledger"), _ => Decision.Accept(new LineCopied(line.Ledger, line.Number)), context.CancellationToken));
    }
}

/// <summary>The same in another queue, where nothing is poison.</summary>
public sealed class OnLineTally(IDocumentStore store) : IConsumer<LineAnnounced>
{
    public Task Consume(ConsumeContext<LineAnnounced> context)
    {
        var line = context.Message;
        return store.Once(context, "tallies", session => session.Decide<Ledger>(
            LedgerService.TallyOf(line.Ledger), Origin.Of(line, "ledger"), _ => Decision.Accept(new LineCopied(line.Ledger, line.Number)), context.CancellationToken));
    }
}
