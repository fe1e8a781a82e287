using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using MlLifecycle.Portal.Tokens;

namespace MlLifecycle.Portal.Access;

/// <summary>Lets in who sends an API token: <c>Authorization: Bearer &lt;token&gt;</c>, or Basic with the token as password and any user name.</summary>
public sealed class TokenAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, TokenBook tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "token";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (header.Length == 0)
            return AuthenticateResult.NoResult();
        if (SecretIn(header) is not { } secret)
            return AuthenticateResult.Fail("The Authorization header is neither 'Bearer <token>' nor 'Basic' with the token as password.");
        var token = await tokens.Find(secret, Context.RequestAborted);
        if (token is null || !tokens.IsGood(token))
            return AuthenticateResult.Fail(WhyNot(token));
        return AuthenticateResult.Success(new(Identities.Of(token.Holder, SchemeName), SchemeName));
    }

    public static string? SecretIn(string header)
    {
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return header["Bearer ".Length..].Trim();
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return null;
        var credentials = new byte[header.Length];
        if (!Convert.TryFromBase64String(header["Basic ".Length..].Trim(), credentials, out var length))
            return null;
        var text = Encoding.UTF8.GetString(credentials, 0, length);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : text[(colon + 1)..];
    }

    public static string WhyNot(ApiToken? token) => token switch
    {
        null => "The token is unknown.",
        { RevokedAt: not null } => $"The token '{token.Name}' was revoked.",
        _ => $"The token '{token.Name}' has expired.",
    };
}

/// <summary>A holder as a signed-in identity, and back.</summary>
public static class Identities
{
    public const string TokenId = "token";

    /// <summary>Where a request keeps the holder that authentication found.</summary>
    private sealed class Held(Holder holder, string scheme) : ClaimsIdentity([new(TokenId, holder.TokenId.ToString()), new("name", holder.Name)], scheme, "name", "role")
    {
        public Holder Holder => holder;

        public override ClaimsIdentity Clone() => new Held(holder, AuthenticationType!);
    }

    public static ClaimsPrincipal Of(Holder holder, string scheme) => new(new Held(holder, scheme));

    /// <summary>The holder behind a request's user; null when nobody is signed in.</summary>
    public static Holder? Of(ClaimsPrincipal user) => user.Identities.OfType<Held>().FirstOrDefault()?.Holder;

    /// <summary>The token's id behind a user, whoever carried it here; null when nobody is signed in.</summary>
    public static Guid? TokenOf(ClaimsPrincipal user) => Guid.TryParse(user.FindFirst(TokenId)?.Value, out var id) ? id : null;
}
