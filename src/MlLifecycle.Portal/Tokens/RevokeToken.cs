using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Portal.Tokens;

/// <summary>Ends a token, for good.</summary>
public sealed record RevokeToken;

public sealed record TokenRevoked(DateTimeOffset At, string By);

public static class RevokeTokenSlice
{
    public static Decision Decide(ApiToken token, Holder by, DateTimeOffset now) => token switch
    {
        { Issued: false } => Unknown,
        _ when token.Id == by.TokenId => Revoke(token, by, now), // a leaked token can always be ended with itself
        _ when !ReadTokens.Sees(by, token) => Unknown,
        _ when by.Role < Role.Maintainer => Refuse(403, "forbidden", "Revoking another's token needs the role maintainer."),
        _ when token.Role > by.Role => Refuse(403, "above-own-role", $"You are {by.Role.Name()} and cannot revoke a token of the role {token.Role.Name()}."),
        _ => Revoke(token, by, now),
    };

    private static Decision Unknown => Refuse(404, "token-unknown", "There is no such token, or it is not of your project.");

    private static Decision Revoke(ApiToken token, Holder by, DateTimeOffset now) =>
        token.RevokedAt is null ? Accept(new TokenRevoked(now, by.Name)) : Nothing;
}
