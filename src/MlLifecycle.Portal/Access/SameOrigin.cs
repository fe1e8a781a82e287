using Microsoft.Net.Http.Headers;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;

namespace MlLifecycle.Portal.Access;

/// <summary>
/// A browser sends the session's cookie along by itself, and SameSite does not tell two ports of one host apart. So what a session changes must
/// have been asked for by a page of this very origin. Tokens in a header come from no browser's habit and need no such proof.
/// </summary>
public static class SameOrigin
{
    private static readonly Refusal CrossOrigin = new(
        403, "cross-origin", "A session changes things only for pages of this origin. Programs send a token instead: Authorization: Bearer <token>.");

    public static Task Check(HttpContext http, RequestDelegate next) =>
        http.User.Identity?.AuthenticationType == Session.SchemeName && !IsHarmless(http) && !IsSameOrigin(http.Request)
            ? new Refused(CrossOrigin).ExecuteAsync(http)
            : next(http);

    private static bool IsHarmless(HttpContext http) =>
        (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) || HttpMethods.IsOptions(http.Request.Method))
        && !http.WebSockets.IsWebSocketRequest;

    private static bool IsSameOrigin(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"] == "same-origin"
        || (Uri.TryCreate(request.Headers[HeaderNames.Origin].ToString(), UriKind.Absolute, out var origin) && origin.Authority == request.Host.Value);
}
