using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Tokens;

/// <summary>Tokens over HTTP.</summary>
public static class TokenRoutes
{
    public static async Task<IResult> Issue(IssueToken issue, HttpContext http, TokenDesk desk, CancellationToken ct)
    {
        var issuer = Identities.Of(http.User)!;
        var key = http.Request.Headers["Idempotency-Key"].ToString();
        var id = new Caller(Guid.Empty, "", $"{issuer.TokenId}", issuer.Role, "", key.Length > 0 ? key : null, "").NewId("token");
        var (issued, refusal) = await desk.Issue(issue, issuer, id, Correlation.Of(http), ct);
        http.Response.Headers.CacheControl = "no-store";
        return issued is null ? new Refused(refusal!) : TypedResults.Created($"/api/tokens/{issued.Id}", issued);
    }

    public static async Task<IResult> Revoke(Guid id, HttpContext http, TokenDesk desk, CancellationToken ct)
    {
        var (revoked, refusal) = await desk.Revoke(id, Identities.Of(http.User)!, Correlation.Of(http), ct);
        return revoked is null ? new Refused(refusal!) : TypedResults.Ok(revoked);
    }

    public static async Task<IResult> List(HttpContext http, TokenDesk desk, int? limit, string? after, CancellationToken ct) =>
        Cursor.Decode<DateTimeOffset?>(after, out var before) is { } refusal
            ? new Refused(refusal)
            : TypedResults.Ok(await desk.List(Identities.Of(http.User)!, limit, before, ct));
}
