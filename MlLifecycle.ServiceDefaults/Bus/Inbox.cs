using Marten;
using JasperFx;
using MassTransit;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.ServiceDefaults.Bus;

/// <summary>That a consumer has taken a message in. Written in the transaction of the effect, so that a second delivery has none.</summary>
/// <param name="Id"><c>{consumer}:{message id}</c>.</param>
/// <param name="At">When, UTC.</param>
public sealed record Received(string Id, DateTimeOffset At);

/// <summary>Makes consumers idempotent: delivery is at least once, effects are once.</summary>
public static class Inbox
{
    /// <summary>How long received message ids are remembered: far longer than any redelivery.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromDays(30);

    /// <summary>
    /// Runs a consumer's effect in one transaction with the note that its message was received. A message received before has no effect.
    /// A lost race throws, so that the bus delivers again.
    /// </summary>
    /// <param name="store">This service's store.</param>
    /// <param name="context">The delivery.</param>
    /// <param name="consumer">The consumer's name, stable across versions of the code.</param>
    /// <param name="effect">The effect; what it decides or stores on the session is committed together with the note.</param>
    /// <returns>Whether the effect ran now.</returns>
    public static async Task<bool> Once(this IDocumentStore store, ConsumeContext context, string consumer, Func<IDocumentSession, Task> effect)
    {
        var message = context.MessageId ?? throw new InvalidOperationException("A message without an id cannot be told from its copies.");
        var received = new Received($"{consumer}:{message}", DateTimeOffset.UtcNow);
        await using var session = store.LightweightSession();
        if (await session.LoadAsync<Received>(received.Id, context.CancellationToken) is not null)
            return false;

        session.Insert(received);
        try
        {
            await effect(session);
            await session.SaveChangesAsync(context.CancellationToken);
            return true;
        }
        catch (Exception duplicate) when (duplicate is DocumentAlreadyExistsException || Deciding.UniqueIndex(duplicate)?.Contains("received", StringComparison.Ordinal) == true)
        {
            return false; // the other delivery of the same message committed first
        }
    }

    internal static async Task ForgetOld(IDocumentStore store, TimeProvider clock, CancellationToken cancellation)
    {
        await using var session = store.LightweightSession();
        var before = clock.GetUtcNow() - Memory;
        session.DeleteWhere<Received>(r => r.At < before);
        await session.SaveChangesAsync(cancellation);
    }
}
