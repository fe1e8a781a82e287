using Marten;
using Microsoft.Extensions.Caching.Memory;

namespace MlLifecycle.Portal.Tokens;

/// <summary>
/// Finds tokens for authentication. What it reads it believes for two seconds: a revocation on any instance takes effect everywhere within
/// that time, and a busy token costs one small query every two seconds.
/// </summary>
public sealed class TokenBook(IDocumentStore store, TimeProvider clock) : IDisposable
{
    public static readonly TimeSpan Belief = TimeSpan.FromSeconds(2);

    private readonly MemoryCache _read = new(new MemoryCacheOptions { SizeLimit = 20_000 });

    /// <summary>The token of that secret, good or not; null when there is none.</summary>
    public async ValueTask<ApiToken?> Find(string secret, CancellationToken ct)
    {
        if (!TokenSecret.IsWellFormed(secret))
            return null;
        var hash = TokenSecret.Hash(secret);
        var token = await Read(hash, session => session.Query<ApiToken>().FirstOrDefaultAsync(t => t.Hash == hash, ct));
        return token is not null && TokenSecret.Matches(secret, token.Hash) ? token : null;
    }

    /// <summary>The token of that id, good or not; null when there is none.</summary>
    public ValueTask<ApiToken?> Find(Guid id, CancellationToken ct) => Read(id, session => session.LoadAsync<ApiToken>(id, ct));

    public bool IsGood(ApiToken token) => token.IsGood(clock.GetUtcNow());

    /// <summary>Forgets what was read of a token that has just changed on this instance.</summary>
    public void Forget(ApiToken token)
    {
        _read.Remove(token.Id);
        _read.Remove(token.Hash);
    }

    public void Dispose() => _read.Dispose();

    private async ValueTask<ApiToken?> Read(object key, Func<IQuerySession, Task<ApiToken?>> read)
    {
        if (_read.TryGetValue(key, out ApiToken? known))
            return known;
        await using var session = store.QuerySession();
        var token = await read(session);
        return _read.Set(key, token, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Belief, Size = 1 });
    }
}
