using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Tokens;

/// <summary>An API token: a name that acts, the role it has, where, and until when. The secret itself is nowhere.</summary>
public sealed record ApiToken(Guid Id) : IFolded<ApiToken>
{
    public const string HashIndex = "api_token_hash";
    public const string NameIndex = "api_token_name";

    public bool Issued { get; init; }
    public string Name { get; init; } = "";
    public Role Role { get; init; }

    /// <summary>The one project it is for; null when it is good across the suite.</summary>
    public string? Project { get; init; }

    public Guid? ProjectId { get; init; }
    public string Hash { get; init; } = "";
    public DateTimeOffset? Expires { get; init; }
    public DateTimeOffset IssuedAt { get; init; }
    public string IssuedBy { get; init; } = "";
    public DateTimeOffset? RevokedAt { get; init; }
    public string? RevokedBy { get; init; }

    /// <summary>The name, lower-case, while nobody else may have it; null from the revocation on. Names say who did what, so two tokens never share one.</summary>
    public string? HeldName { get; init; }

    public Holder Holder => new(Id, Name, Role, Project, ProjectId, Expires);

    public static ApiToken Initial(Guid id) => new(id);

    public bool IsGood(DateTimeOffset now) => Issued && RevokedAt is null && !(Expires <= now);

    public ApiToken Evolve(object @event) => @event switch
    {
        TokenIssued e => this with
        {
            Issued = true,
            Name = e.Name,
            Role = e.Role,
            Project = e.Project,
            ProjectId = e.ProjectId,
            Hash = e.Hash,
            Expires = e.Expires,
            IssuedAt = e.At,
            IssuedBy = e.By,
            HeldName = HeldNameOf(e.Name),
        },
        TokenRevoked e => this with { RevokedAt = e.At, RevokedBy = e.By, HeldName = null },
        _ => this,
    };

    public static string HeldNameOf(string name) => name.ToLowerInvariant();
}
