using JasperFx.Events;
using Marten.Events.Aggregation;

namespace MlLifecycle.ServiceDefaults.Decisions;

/// <summary>State that is the fold of a stream's events: an immutable record with one <see cref="Evolve"/> switch, for Marten and tests alike.</summary>
/// <typeparam name="T">The state itself.</typeparam>
public interface IFolded<T>
    where T : class, IFolded<T>
{
    /// <summary>The stream's id.</summary>
    Guid Id { get; }

    /// <summary>The state before the first event.</summary>
    /// <param name="id">The stream's id.</param>
    static abstract T Initial(Guid id);

    /// <summary>The state after one more event; events it does not know leave it as it is: it answers itself.</summary>
    /// <param name="event">A domain event.</param>
    T Evolve(object @event);
}

/// <summary>Keeps the fold of each stream as a document, written in the transaction that appends its events.</summary>
/// <typeparam name="T">The state.</typeparam>
public sealed class Fold<T> : SingleStreamProjection<T, Guid>
    where T : class, IFolded<T>
{
    /// <summary>The state after the event; null as long as the stream is another state's, so that it leaves no document here.</summary>
    public override T? Evolve(T? snapshot, Guid id, IEvent e)
    {
        var before = snapshot ?? T.Initial(id);
        var after = before.Evolve(e.Data);
        return snapshot is null && ReferenceEquals(after, before) ? null : after;
    }
}
