using Marten;
using MlLifecycle.Portal.Access;
using MlLifecycle.Portal.Gateway;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Http;

namespace MlLifecycle.Portal.Tokens;

/// <summary>A new token, with its secret: the only time it is shown.</summary>
public sealed record IssuedToken(Guid Id, string Name, string Role, string? Project, DateTimeOffset? Expires, DateTimeOffset CreatedAt, string CreatedBy, string Token);

/// <summary>Issues, lists and revokes tokens, for the API and the console alike.</summary>
public sealed class TokenDesk(IDocumentStore store, TokenBook book, ProjectDirectory projects, TimeProvider clock)
{
    /// <exception cref="ServiceDownException">Scoping does not answer whether the project exists.</exception>
    public async Task<(IssuedToken? Issued, Refusal? Refusal)> Issue(IssueToken issue, Holder issuer, Guid id, string? correlation, CancellationToken ct)
    {
        await using var session = store.LightweightSession();
        var held = ApiToken.HeldNameOf(issue.Name);
        var taken = await session.Query<ApiToken>().AnyAsync(t => t.HeldName == held, ct);
        // Whoever may not issue for that project is told so without learning whether it exists.
        var projectId = issue.Project is { } slug && issuer.Sees(slug) ? await projects.Find(slug, ct) : null;
        var secret = TokenSecret.New();
        var outcome = await session.Decide<ApiToken>(
            id, OriginOf(issuer, correlation), t => IssueTokenSlice.Decide(t, issue, issuer, TokenSecret.Hash(secret), projectId, taken, clock.GetUtcNow()), ct);
        if (outcome.Refusal is { } refusal)
            return (null, refusal);
        var token = outcome.State;
        return outcome.Appended.Count == 0
            ? (null, ShownOnce(token))
            : (new(token.Id, token.Name, issue.Role, token.Project, token.Expires, token.IssuedAt, token.IssuedBy, secret), null);
    }

    public async Task<(TokenView? Revoked, Refusal? Refusal)> Revoke(Guid id, Holder by, string? correlation, CancellationToken ct)
    {
        await using var session = store.LightweightSession();
        var outcome = await session.Decide<ApiToken>(id, OriginOf(by, correlation), t => RevokeTokenSlice.Decide(t, by, clock.GetUtcNow()), ct);
        book.Forget(outcome.State);
        return outcome.Refusal is { } refusal ? (null, refusal) : (TokenView.Of(outcome.State, clock.GetUtcNow()), null);
    }

    /// <summary>The tokens the holder may see, newest first.</summary>
    public async Task<Page<TokenView>> List(Holder holder, int? limit, DateTimeOffset? before, CancellationToken ct)
    {
        await using var session = store.QuerySession();
        var take = Cursor.Limit(limit);
        var all = session.Query<ApiToken>().Where(t => before == null || t.IssuedAt < before);
        var visible = ReadTokens.SeesAll(holder) ? all
            : ReadTokens.SeesProject(holder) is { } project ? all.Where(t => t.Project == project)
            : all.Where(t => t.Id == holder.TokenId);
        var found = await visible.OrderByDescending(t => t.IssuedAt).Take(take + 1).ToListAsync(ct);
        var page = Page.Of(found, take, t => t.IssuedAt);
        return new([.. page.Items.Select(t => TokenView.Of(t, clock.GetUtcNow()))], page.Next);
    }

    private static Refusal ShownOnce(ApiToken token) => new(
        409,
        "token-shown-once",
        $"This request issued the token '{token.Name}' before, and its secret is shown only once. Revoke it (DELETE /api/tokens/{token.Id}) and issue another with a new Idempotency-Key.");

    private static Origin OriginOf(Holder holder, string? correlation) =>
        new(holder.ProjectId ?? Guid.Empty, holder.Project ?? "", holder.Name, correlation ?? Origin.NewCorrelation());
}
