using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Access;

/// <summary>Gives each request a correlation id, unless it brings one of its own, and tells it to the caller.</summary>
public static class Correlation
{
    public static string Of(HttpContext http) => http.Request.Headers[Caller.CorrelationHeader].ToString();

    public static Task Ensure(HttpContext http, RequestDelegate next)
    {
        var given = Of(http);
        if (given.Length is 0 or > 128 || !given.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':'))
            http.Request.Headers[Caller.CorrelationHeader] = Origin.NewCorrelation();
        var id = Of(http);
        http.Response.OnStarting(() =>
        {
            http.Response.Headers[Caller.CorrelationHeader] = id;
            return Task.CompletedTask;
        });
        return next(http);
    }
}
