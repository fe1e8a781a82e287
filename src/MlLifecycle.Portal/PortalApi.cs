using MlLifecycle.Portal.Access;
using MlLifecycle.Portal.Gateway;
using MlLifecycle.Portal.Suite;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal;

/// <summary>Who the caller is.</summary>
/// <param name="Actor">The token's name.</param>
/// <param name="Role">Its role.</param>
/// <param name="Projects">The projects it is for; null for all of the suite.</param>
public sealed record MeView(string Actor, string Role, IReadOnlyList<string>? Projects, DateTimeOffset? Expires);

/// <summary>What the Portal answers itself.</summary>
public static class PortalApi
{
    public static MeView Me(HttpContext http)
    {
        var me = Identities.Of(http.User)!;
        return new(me.Name, me.Role.Name(), me.Project is null ? null : [me.Project], me.Expires);
    }

    public static async Task Projects(HttpContext http, Services services, CancellationToken ct) =>
        await Relay(http, await services.Projects(Identities.Of(http.User)!, http.Request.QueryString.Value ?? "", ct), ct);

    public static async Task Lifecycles(HttpContext http, Services services, CancellationToken ct) =>
        await Relay(http, await services.Lifecycles(Identities.Of(http.User)!, http.Request.QueryString.Value ?? "", ct), ct);

    public static async ValueTask<object?> SayWhatIsDown(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (ServiceDownException down)
        {
            return new Refused(down.Refusal);
        }
    }

    private static async Task Relay(HttpContext http, HttpResponseMessage response, CancellationToken ct)
    {
        using (response)
        {
            http.Response.StatusCode = (int)response.StatusCode;
            http.Response.ContentType = response.Content.Headers.ContentType?.ToString();
            await response.Content.CopyToAsync(http.Response.Body, ct);
        }
    }
}
