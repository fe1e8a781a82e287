using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using MlLifecycle.Portal.Tokens;

namespace MlLifecycle.Portal.Access;

/// <summary>The console's session: a cookie that names the token, and is good for exactly as long as the token is.</summary>
public static class Session
{
    public const string SchemeName = "session";
    public const string SignInPage = "/signin";

    public static void Configure(CookieAuthenticationOptions options)
    {
        options.Cookie.Name = "mll";
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Strict;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.LoginPath = SignInPage;
        options.ReturnUrlParameter = "returnUrl";
        options.ExpireTimeSpan = TimeSpan.FromHours(12);
        options.SlidingExpiration = true;
        options.Events.OnValidatePrincipal = Validate;
    }

    /// <summary>Begins a session with the token that the sign-in page posts.</summary>
    public static async Task<IResult> SignIn(HttpContext http, IAntiforgery forms, TokenBook tokens, CancellationToken ct)
    {
        var form = http.Request.HasFormContentType ? await http.Request.ReadFormAsync(ct) : FormCollection.Empty;
        var secret = form["token"].ToString().Trim();
        var next = LocalOr(form["returnUrl"], "/");
        var found = await forms.IsRequestValidAsync(http) ? await tokens.Find(secret, ct) : null;
        if (found is not null && tokens.IsGood(found))
        {
            await http.SignInAsync(SchemeName, Identities.Of(found.Holder, SchemeName), new AuthenticationProperties { IsPersistent = true });
            return Results.LocalRedirect(next);
        }

        var error = secret.Length == 0 ? "missing"
            : !await forms.IsRequestValidAsync(http) ? "stale" // the page was open for long, or the form is not ours
            : found is null ? "unknown"
            : found.RevokedAt is not null ? "revoked"
            : "expired";
        return Results.LocalRedirect($"{SignInPage}?error={error}&returnUrl={Uri.EscapeDataString(next)}");
    }

    /// <summary>Ends the session.</summary>
    public static async Task<IResult> SignOut(HttpContext http, IAntiforgery forms)
    {
        if (!await forms.IsRequestValidAsync(http))
            return Results.LocalRedirect("/");
        await http.SignOutAsync(SchemeName);
        return Results.LocalRedirect($"{SignInPage}?signedOut=1");
    }

    /// <summary>The path when it leads to a page of this site, else the other one: a crafted link must not lead elsewhere after signing in.</summary>
    public static string LocalOr(string? path, string other) =>
        path is ['/', ..] and not ['/', '/' or '\\', ..] && !path.Any(char.IsControl) ? path : other;

    private static async Task Validate(CookieValidatePrincipalContext context)
    {
        var tokens = context.HttpContext.RequestServices.GetRequiredService<TokenBook>();
        var token = context.Principal is { } user && Identities.TokenOf(user) is { } id ? await tokens.Find(id, context.HttpContext.RequestAborted) : null;
        if (token is not null && tokens.IsGood(token))
            context.ReplacePrincipal(Identities.Of(token.Holder, SchemeName));
        else
            context.RejectPrincipal();
    }
}
