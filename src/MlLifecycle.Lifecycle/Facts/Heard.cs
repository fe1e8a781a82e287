using System.Collections.Frozen;
using System.Text.Json;
using MassTransit;
using MlLifecycle.Contracts;
using MlLifecycle.Lifecycle.Silo;
using MlLifecycle.Lifecycle.Timeline;

namespace MlLifecycle.Lifecycle.Facts;

/// <summary>A fact as it travels to the grain that holds its project, wherever in the cluster that is.</summary>
/// <param name="Contract">The contract's name.</param>
/// <param name="Json">The contract.</param>
[GenerateSerializer]
[Immutable]
public sealed record Heard(string Contract, byte[] Json)
{
    /// <summary>Every kind of fact that another service announces; a new contract is heard without more ado.</summary>
    private static readonly FrozenDictionary<string, Type> Contracts = typeof(IntegrationEvent).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(IntegrationEvent)))
        .Except([typeof(StageEntered), typeof(GateChanged), typeof(IterationOpened)])
        .ToFrozenDictionary(type => type.Name);

    public static Heard Of(IntegrationEvent fact) => new(fact.GetType().Name, JsonSerializer.SerializeToUtf8Bytes(fact, fact.GetType(), TimelineEntry.Json));

    public IntegrationEvent Read() => (IntegrationEvent)JsonSerializer.Deserialize(Json, Contracts[Contract], TimelineEntry.Json)!;

    /// <summary>One queue for all facts, so that they are taken in the order in which they came.</summary>
    public static void AddConsumers(IBusRegistrationConfigurator bus)
    {
        foreach (var contract in Contracts.Values)
            bus.AddConsumer(typeof(OnAnnounced<>).MakeGenericType(contract)).Endpoint(endpoint => endpoint.Name = OnAnnounced.Queue);
        bus.AddConfigureEndpointsCallback((_, name, endpoint) =>
        {
            // With several instances of the service one takes the facts and another stands by: two would overtake each other.
            if (name == OnAnnounced.Queue && endpoint is IRabbitMqReceiveEndpointConfigurator queue)
                queue.SingleActiveConsumer = true;
        });
    }
}

public static class OnAnnounced
{
    public const string Queue = "lifecycle-facts";
}

/// <summary>Hands each announced fact to its project's grain.</summary>
public sealed class OnAnnounced<T>(IGrainFactory grains, BusBehindSilo silo) : IConsumer<T>
    where T : IntegrationEvent
{
    public async Task Consume(ConsumeContext<T> context)
    {
        var fact = context.Message;
        if (fact.ProjectId == Guid.Empty)
            throw new InvalidOperationException($"{typeof(T).Name} {fact.EventId} names no project.");
        await silo.Open(context.CancellationToken);
        await grains.GetGrain<IProjectLifecycle>(fact.ProjectId).Hear(Heard.Of(fact));
    }
}
