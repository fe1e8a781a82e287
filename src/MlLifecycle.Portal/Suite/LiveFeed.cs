using System.Collections.Concurrent;
using System.Threading.Channels;
using MassTransit;
using MlLifecycle.Contracts;

namespace MlLifecycle.Portal.Suite;

/// <summary>
/// What the services announce, as it happens, for the pages that are open on this instance. A listener that is slow loses the oldest facts, not
/// the newest, and holds nobody up.
/// </summary>
public sealed class LiveFeed(ILogger<LiveFeed> log)
{
    private const int Backlog = 256;

    private readonly ConcurrentDictionary<Listener, byte> _listeners = new();

    /// <summary>Hears the facts that pass the filter, one after the other, until it is disposed.</summary>
    public IDisposable Subscribe(Func<IntegrationEvent, bool> filter, Func<IntegrationEvent, Task> heard)
    {
        var listener = new Listener(this, filter);
        _listeners.TryAdd(listener, 0);
        _ = listener.Tell(heard, log);
        return listener;
    }

    public void Publish(IntegrationEvent fact)
    {
        foreach (var listener in _listeners.Keys)
            listener.Offer(fact);
    }

    private sealed class Listener(LiveFeed feed, Func<IntegrationEvent, bool> filter) : IDisposable
    {
        private readonly Channel<IntegrationEvent> _waiting =
            Channel.CreateBounded<IntegrationEvent>(new BoundedChannelOptions(Backlog) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

        public void Offer(IntegrationEvent fact)
        {
            if (filter(fact))
                _waiting.Writer.TryWrite(fact);
        }

        public async Task Tell(Func<IntegrationEvent, Task> heard, ILogger log)
        {
            await foreach (var fact in _waiting.Reader.ReadAllAsync())
            {
                try
                {
                    await heard(fact);
                }
                catch (Exception failed) when (failed is not OutOfMemoryException)
                {
                    // A page that fails on one fact, or is just closing, must still hear the next.
                    log.LogWarning(failed, "A listener failed on {Fact}", fact.GetType().Name);
                }
            }
        }

        public void Dispose()
        {
            feed._listeners.TryRemove(this, out _);
            _waiting.Writer.TryComplete();
        }
    }
}

/// <summary>Brings every fact of one kind from the bus to this instance's feed.</summary>
/// <typeparam name="T">The kind.</typeparam>
public sealed class OnFact<T>(LiveFeed feed) : IConsumer<T>
    where T : IntegrationEvent
{
    public Task Consume(ConsumeContext<T> context)
    {
        feed.Publish(context.Message);
        return Task.CompletedTask;
    }
}

/// <summary>Connects the feed to the bus.</summary>
public static class LiveFeedBus
{
    /// <summary>Every kind of fact there is.</summary>
    public static readonly IReadOnlyList<Type> Facts =
        [.. typeof(IntegrationEvent).Assembly.GetExportedTypes().Where(type => type.IsSubclassOf(typeof(IntegrationEvent)) && !type.IsAbstract)];

    /// <summary>One queue for this instance, gone with it. Each instance hears everything: its open pages do.</summary>
    public static void AddLiveFeed(this IBusRegistrationConfigurator bus)
    {
        var queue = $"live-{Guid.CreateVersion7():N}";
        foreach (var fact in Facts)
        {
            bus.AddConsumer(typeof(OnFact<>).MakeGenericType(fact)).Endpoint(endpoint =>
            {
                endpoint.Name = queue;
                endpoint.Temporary = true;
            });
        }
    }
}
