using Microsoft.Net.Http.Headers;

namespace MlLifecycle.Portal.Access;

/// <summary>What a browser may do with what the Portal sends.</summary>
public static class BrowserRules
{
    // Styles are inline where a chart's marks and bars are placed by their figures. The live connection is a WebSocket to this very host.
    private const string Pages =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        + "connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'";

    // The API's documentation starts with a script in the page.
    private const string Documents =
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        + "connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'";

    // An artifact may be an HTML page somebody uploaded: it must not act in the name of whoever looks at it.
    private const string Data = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox";

    public static Task Set(HttpContext http, RequestDelegate next)
    {
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "same-origin";
            headers.ContentSecurityPolicy = http.GetEndpoint() is var endpoint && endpoint?.Metadata.GetMetadata<Reaches>() is not null ? Data
                : ConsolePages.IsPage(endpoint) ? Pages
                : Documents;
            return Task.CompletedTask;
        });
        return next(http);
    }
}
