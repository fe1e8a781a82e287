using Microsoft.AspNetCore.Authorization;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Access;

/// <summary>What a route addresses, and with that which role of a caller counts on it.</summary>
public enum Reach
{
    /// <summary>The project in its path: the role on that project.</summary>
    Project,

    /// <summary>The suite as a whole: the role of a suite-wide token.</summary>
    Suite,

    /// <summary>Whatever the caller may see: the token's role, wherever it holds.</summary>
    Own,

    /// <summary>The one project of the caller's token.</summary>
    OwnProject,
}

/// <summary>A route's reach, as endpoint metadata; without it a route with <c>{project}</c> reaches that project and any other the suite.</summary>
public sealed record Reaches(Reach Reach)
{
    public static Reach Of(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<Reaches>()?.Reach ?? (http.GetRouteValue("project") is string ? Reach.Project : Reach.Suite);

    /// <summary>The slug of the project that the request addresses on the holder's behalf; null when it addresses none.</summary>
    public static string? ProjectOf(HttpContext http, Holder holder) => Of(http) switch
    {
        Reach.Project => http.GetRouteValue("project") as string,
        Reach.OwnProject => holder.Project,
        _ => null,
    };

    /// <summary>The holder's effective role on what the request addresses; null when there is none.</summary>
    public static Role? RoleOf(HttpContext http, Holder holder) => Of(http) switch
    {
        Reach.Own => holder.Role,
        Reach.Suite => holder.AcrossSuite,
        _ => ProjectOf(http, holder) is { } project ? holder.On(project) : null,
    };
}

/// <summary>Lets a request through when the holder's effective role is at least the one the route requires.</summary>
public sealed class RoleOfHolder : AuthorizationHandler<RequiredRole>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, RequiredRole requirement)
    {
        if (context.Resource is HttpContext http && Identities.Of(context.User) is { } holder && Reaches.RoleOf(http, holder) >= requirement.Role)
            context.Succeed(requirement);
        return Task.CompletedTask;
    }
}
