using JasperFx;
using Marten;
using Marten.Exceptions;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Http;
using Npgsql;

namespace MlLifecycle.ServiceDefaults.Decisions;

/// <summary>From a command to committed events: fetch for writing, decide, append, save once.</summary>
public static class Deciding
{
    private const int Attempts = 10;

    /// <summary>Within how many milliseconds, times the number of races lost, the next attempt begins.</summary>
    private const int Spread = 20;

    /// <summary>
    /// Decides on one stream and commits the outcome. A race lost at the append is decided again on the fresh state, unless the session
    /// carried other work already: then the race is reported to the caller, whose retry repeats all of it.
    /// </summary>
    /// <typeparam name="T">The state the decision needs.</typeparam>
    /// <param name="session">A session of this service's store. Writes that belong to the same commit go into <paramref name="alongside"/>.</param>
    /// <param name="id">The stream. It need not exist yet.</param>
    /// <param name="origin">On whose behalf, for which project, and what led to it.</param>
    /// <param name="decide">The pure decision.</param>
    /// <param name="cancellation">Cancels the work before the commit.</param>
    /// <param name="ifMatch">The version the caller has seen; another one is refused with 412.</param>
    /// <param name="alongside">Queues further writes into the same commit, given the state after the events.</param>
    public static Task<Outcome<T>> Decide<T>(
        this IDocumentSession session,
        Guid id,
        Origin origin,
        Func<T, Decision> decide,
        CancellationToken cancellation,
        IfMatch ifMatch = default,
        Action<IDocumentSession, T>? alongside = null)
        where T : class, IFolded<T> =>
        session.Decide<T>(id, origin, (state, _) => Task.FromResult(decide(state)), cancellation, ifMatch, alongside is null ? null : (writing, state, _) => alongside(writing, state));

    /// <summary>
    /// The same for a decision that needs more than the stream's state: what <paramref name="decide"/> reads of what was committed together with this
    /// stream's events is as old as the state or newer, and if it is newer the append loses and it is read and decided again.
    /// </summary>
    /// <typeparam name="T">The state the decision needs.</typeparam>
    /// <param name="session">A session of this service's store.</param>
    /// <param name="id">The stream. It need not exist yet.</param>
    /// <param name="origin">On whose behalf, for which project, and what led to it.</param>
    /// <param name="decide">Reads what the pure decision needs beside the state, and decides.</param>
    /// <param name="cancellation">Cancels the work before the commit.</param>
    /// <param name="ifMatch">The version the caller has seen; another one is refused with 412.</param>
    /// <param name="alongside">Queues further writes into the same commit, given the state after the events and the events themselves.</param>
    public static async Task<Outcome<T>> Decide<T>(
        this IDocumentSession session,
        Guid id,
        Origin origin,
        Func<T, CancellationToken, Task<Decision>> decide,
        CancellationToken cancellation,
        IfMatch ifMatch = default,
        Action<IDocumentSession, T, IReadOnlyList<object>>? alongside = null)
        where T : class, IFolded<T>
    {
        var alone = !session.PendingChanges.Operations().Any() && !session.PendingChanges.Streams().Any();
        for (var attempt = 1; ; attempt++)
        {
            // A session that has failed to append says that it has saved later appends, and has not: every further attempt takes one of its own.
            await using var another = attempt > 1 ? session.DocumentStore.LightweightSession() : null;
            var writing = another ?? session;
            origin.Stamp(writing);
            var stream = await writing.Events.FetchForWriting<T>(id, cancellation);
            var state = stream.Aggregate ?? T.Initial(id);
            var version = stream.CurrentVersion ?? 0;
            if (ifMatch.Version is { } seen && seen != version)
                return new(state, version, [], Stale(seen, version));

            var decision = await decide(state, cancellation);
            if (decision.Refusal is not null || decision.Events.Count == 0)
                return new(state, version, [], decision.Refusal);

            var appended = decision.Events.Select(writing.Events.BuildEvent).ToArray();
            foreach (var wrapped in appended)
                wrapped.Id = Guid.CreateVersion7();
            stream.AppendMany(appended);
            var after = decision.Events.Aggregate(state, (s, e) => s.Evolve(e));
            alongside?.Invoke(writing, after, decision.Events);
            try
            {
                await writing.SaveChangesAsync(cancellation);
                return new(after, version + appended.Length, [.. appended.Select(e => e.Id)], null);
            }
            catch (Exception lost) when (alone && IsLostRace(lost))
            {
                session.EjectAllPendingChanges();
                if (attempt == Attempts)
                    return new(state, version, [], new(409, "lost-race", "Someone else changed this at the same moment. Read it again and retry."));
                // Many writers at once would only meet again: each waits a while of its own.
                await Task.Delay(Random.Shared.Next(Spread * attempt), cancellation);
            }
            catch (Exception taken) when (alone && UniqueIndex(taken) is not null)
            {
                session.EjectAllPendingChanges();
                return new(state, version, [], new(409, "already-exists", "Something with this name exists already. Read it, or choose another name."));
            }
        }
    }

    /// <summary>A stream's state as it stood at a moment.</summary>
    /// <typeparam name="T">The state.</typeparam>
    /// <param name="session">A session of this service's store.</param>
    /// <param name="id">The stream.</param>
    /// <param name="at">The moment; without one, now.</param>
    /// <param name="cancellation">Cancels the read.</param>
    /// <returns>The state, or null when the stream had no event by then.</returns>
    public static async Task<T?> Past<T>(this IQuerySession session, Guid id, At at, CancellationToken cancellation)
        where T : class, IFolded<T> =>
        at.Time is { } time
            ? await session.Events.AggregateStreamAsync<T>(id, timestamp: time, token: cancellation)
            : await session.LoadAsync<T>(id, cancellation);

    /// <summary>Whether another writer appended to the stream first, so that deciding again on the fresh state is right.</summary>
    /// <param name="exception">What a save threw.</param>
    public static bool IsLostRace(Exception exception) =>
        exception is ConcurrencyException or ExistingStreamIdCollisionException
        || UniqueIndex(exception) is { } index && (index.Contains("mt_streams", StringComparison.Ordinal) || index.Contains("mt_events", StringComparison.Ordinal));

    /// <summary>The name of the unique index that a save ran into, or null.</summary>
    /// <param name="exception">What a save threw.</param>
    public static string? UniqueIndex(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } violation)
                return violation.ConstraintName ?? "";
            if (exception is DocumentAlreadyExistsException)
                return "primary key";
        }

        return null;
    }

    private static Refusal Stale(long seen, long version) =>
        new(412, "stale", $"You have seen version {seen}; it is {version} now. Read it again, then decide again.");
}
