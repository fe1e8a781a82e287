using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Tokens;

/// <summary>A token as it is listed: everything but the secret.</summary>
public sealed record TokenView(
    Guid Id, string Name, string Role, string? Project, DateTimeOffset? Expires, string Status, DateTimeOffset CreatedAt, string CreatedBy,
    DateTimeOffset? RevokedAt, string? RevokedBy)
{
    public static TokenView Of(ApiToken token, DateTimeOffset now) => new(
        token.Id, token.Name, token.Role.Name(), token.Project, token.Expires,
        token.RevokedAt is not null ? "revoked" : token.IsGood(now) ? "active" : "expired",
        token.IssuedAt, token.IssuedBy, token.RevokedAt, token.RevokedBy);
}

public static class ReadTokens
{
    /// <summary>Suite-wide maintainers see all tokens, those of a project the project's, everyone else their own.</summary>
    public static bool Sees(Holder holder, ApiToken token) =>
        token.Id == holder.TokenId || SeesAll(holder) || (SeesProject(holder) is { } project && project == token.Project);

    public static bool SeesAll(Holder holder) => holder is { Project: null, Role: >= Role.Maintainer };

    public static string? SeesProject(Holder holder) => holder.Role >= Role.Maintainer ? holder.Project : null;
}
