using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace MlLifecycle.ServiceDefaults.Trust;

/// <summary>
/// The short-lived signed token the Portal passes on with each request, and the only thing a service accepts: who calls, on which project, in
/// which role. The Portal holds the private key, every service the public one.
/// </summary>
/// <param name="Actor">The name of the caller's API token.</param>
/// <param name="Role">The caller's role on the project, or across the suite when there is no project.</param>
/// <param name="ProjectId">The project; null on routes above projects.</param>
/// <param name="Project">The project's slug; null on routes above projects.</param>
public sealed record Pass(string Actor, Role Role, Guid? ProjectId = null, string? Project = null)
{
    /// <summary>How long a pass is good for.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    internal const string Issuer = "mllifecycle";
    internal const string RoleClaim = "role";
    internal const string ProjectClaim = "project";
    internal const string ProjectIdClaim = "project_id";

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>The pass as a signed JWT (ES256).</summary>
    /// <param name="key">The Portal's private key on curve P-256.</param>
    /// <param name="now">The time it is issued.</param>
    public string Sign(ECDsa key, DateTimeOffset now)
    {
        var claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = Actor, [RoleClaim] = Role.Name() };
        if (ProjectId is { } id)
            claims[ProjectIdClaim] = id.ToString();
        if (Project is { } slug)
            claims[ProjectClaim] = slug;
        return Handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Issuer,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + Lifetime).UtcDateTime,
            Claims = claims,
            SigningCredentials = new(new ECDsaSecurityKey(key), SecurityAlgorithms.EcdsaSha256),
        });
    }

    /// <summary>The pass behind a validated token.</summary>
    /// <param name="user">The authenticated caller.</param>
    /// <returns>Null when the claims are not those of a pass.</returns>
    public static Pass? Of(ClaimsPrincipal user) =>
        user.FindFirst(JwtRegisteredClaimNames.Sub)?.Value is { } actor && RoleNames.Parse(user.FindFirst(RoleClaim)?.Value) is { } role
            ? new(actor, role, Guid.TryParse(user.FindFirst(ProjectIdClaim)?.Value, out var id) ? id : null, user.FindFirst(ProjectClaim)?.Value)
            : null;

    internal static TokenValidationParameters Validation(string publicKey)
    {
        var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(publicKey), out _);
        return new()
        {
            ValidIssuer = Issuer,
            ValidAudience = Issuer,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            IssuerSigningKey = new ECDsaSecurityKey(key),
            ClockSkew = TimeSpan.FromSeconds(30),
            NameClaimType = JwtRegisteredClaimNames.Sub,
        };
    }
}
