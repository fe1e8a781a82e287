using System.Text.RegularExpressions;
using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Portal.Tokens;

/// <summary>Gives someone, or some program, a token of its own: suite-wide, or for one project.</summary>
public sealed record IssueToken(string Name, string Role, string? Project = null, DateTimeOffset? Expires = null);

public sealed record TokenIssued(
    string Name, Role Role, string? Project, Guid? ProjectId, string Hash, DateTimeOffset? Expires, DateTimeOffset At, string By);

public static partial class IssueTokenSlice
{
    // Services act under their own names in the timeline: no token may pass for one.
    private static readonly string[] Reserved = ["scoping", "datasets", "experiments", "erroranalysis", "monitoring", "lifecycle", "portal"];

    /// <param name="token">The token's stream.</param>
    /// <param name="issue">The wish.</param>
    /// <param name="issuer">Who wishes it.</param>
    /// <param name="hash">The SHA-256 of the new secret.</param>
    /// <param name="projectId">The id of the wished project; null when there is none of that slug.</param>
    /// <param name="nameTaken">Whether a token that is not revoked has the name.</param>
    /// <param name="now">The time.</param>
    public static Decision Decide(ApiToken token, IssueToken issue, Holder issuer, string hash, Guid? projectId, bool nameTaken, DateTimeOffset now)
    {
        if (!NameShape().IsMatch(issue.Name))
            return Invalid("name", "must be 1 to 100 letters, digits, spaces or any of . _ @ + -, and begin with a letter or digit.");
        if (Reserved.Contains(issue.Name, StringComparer.OrdinalIgnoreCase))
            return Invalid("name", $"must not be '{issue.Name}': a service of the suite acts under that name.");
        if (RoleNames.Parse(issue.Role) is not { } role)
            return Invalid("role", "must be viewer, contributor, maintainer or admin.");
        if (role == Role.Admin && issue.Project is not null)
            return Invalid("role", "must not be admin on a single project: an admin's token is suite-wide.");
        if (token.Issued && token.Name == issue.Name && token.Role == role && token.Project == issue.Project)
            return Nothing; // a retry with the same idempotency key
        if (issue.Expires <= now)
            return Invalid("expires", "must be in the future.");

        if (issuer.Role < Role.Maintainer)
            return Refuse(403, "forbidden", "Issuing tokens needs the role maintainer.");
        if (issuer.Project is { } own && issue.Project != own)
            return Refuse(403, "beyond-own-project", $"Your token is for the project '{own}' only: issue tokens for that project (\"project\": \"{own}\").");
        if (role > issuer.Role)
            return Refuse(403, "above-own-role", $"You are {issuer.Role.Name()} and cannot issue a token for the role {role.Name()}.");
        if (issuer.Expires is { } end && issue.Expires > end)
            return Invalid("expires", $"must not be later than your own token's end, {end.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}.");
        if (issue.Project is not null && projectId is null)
            return Refuse(404, "project-unknown", $"There is no project '{issue.Project}'.");
        if (token.Issued)
            return Refuse(409, "key-reused", "Another token was issued with this Idempotency-Key. Use a new key.");
        if (nameTaken)
            return Refuse(409, "token-name-taken", $"There is a token '{issue.Name}' already. Choose another name, or revoke that one first.");

        // A token never outlives the one it was issued with.
        return Accept(new TokenIssued(issue.Name, role, issue.Project, projectId, hash, issue.Expires ?? issuer.Expires, now, issuer.Name));
    }

    [GeneratedRegex(@"^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._@+-]{0,99}\z")]
    private static partial Regex NameShape();
}
