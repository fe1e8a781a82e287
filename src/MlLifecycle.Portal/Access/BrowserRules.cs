using Microsoft.Net.Http.Headers;

namespace MlLifecycle.Portal.Access;

/// <summary>What a browser may do with what the Portal sends.</summary>
public static class BrowserRules
{
    private const string Pages =
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        + "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'";

    // An artifact may be an HTML page somebody uploaded: it must not act in the name of whoever looks at it.
    private const string Data = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox";

    public static Task Set(HttpContext http, RequestDelegate next)
    {
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "same-origin";
            headers.ContentSecurityPolicy = http.GetEndpoint()?.Metadata.GetMetadata<Reaches>() is null ? Pages : Data;
            return Task.CompletedTask;
        });
        return next(http);
    }
}
