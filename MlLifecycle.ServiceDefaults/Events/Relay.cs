using System.Diagnostics;
using System.Diagnostics.Metrics;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Subscriptions;
using MassTransit;
using Microsoft.Extensions.Logging;
using MlLifecycle.Contracts;

namespace MlLifecycle.ServiceDefaults.Events;

/// <summary>
/// Publishes what the service announces: committed events in order, each at least once, with the event's id as message id. Within a stream one
/// at a time, streams side by side. Progress is kept by the store, so that after any crash it goes on where the broker last confirmed.
/// </summary>
internal sealed class Relay(IBus bus, Announce announce, RelayState state, ILogger<Relay> log) : ISubscription
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly ActivitySource Source = new("MlLifecycle.Relay");
    private static readonly Meter Meter = new("MlLifecycle.Relay");
    private static readonly Counter<long> Published = Meter.CreateCounter<long>("mllifecycle.relay.published", "{event}", "Integration events confirmed by the broker");

    public async Task<IChangeListener> ProcessEventsAsync(
        EventRange page, ISubscriptionController controller, IDocumentOperations operations, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(page.Events.GroupBy(e => e.StreamId).Select(stream => PublishInOrder(stream, cancellationToken)));
            state.Succeeded();
            return NullChangeListener.Instance;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            state.Failed(failure);
            log.LogWarning("Publishing events {From} to {To} failed and will be tried again: {Problem}", page.SequenceFloor, page.SequenceCeiling, failure.Message);
            throw;
        }
    }

    private async Task PublishInOrder(IEnumerable<IEvent> stream, CancellationToken cancellationToken)
    {
        foreach (var @event in stream)
        {
            if (announce(@event.Data) is not { } announcement)
                continue;

            // The trace of the request goes on through the bus, so that one picture shows what the request set in motion.
            using var activity = Source.StartActivity("relay", ActivityKind.Producer, Header(@event, Origin.TraceHeader));
            // A fixed message id, not one made in the callback: a retried publish runs the callback again.
            var message = Stamped(announcement, @event);
            // A publish whose connection dies under it may wait for its confirmation for good: then it is given up, and the page begins again.
            await bus.Publish(message, message.GetType(), context => context.MessageId = message.EventId, cancellationToken).WaitAsync(Patience, cancellationToken);
            Published.Add(1);
        }
    }

    private static IntegrationEvent Stamped(IntegrationEvent announcement, IEvent @event) => announcement with
    {
        EventId = @event.Id,
        ProjectId = Guid.TryParse(Header(@event, Origin.ProjectIdHeader), out var id) ? id : Guid.Empty,
        Project = Header(@event, Origin.ProjectHeader) ?? "",
        OccurredAt = @event.Timestamp.ToUniversalTime(),
        Actor = @event.UserName ?? "",
        CorrelationId = @event.CorrelationId ?? "",
        CausationId = @event.CausationId,
    };

    private static string? Header(IEvent @event, string name) => @event.GetHeader(name)?.ToString();
}
