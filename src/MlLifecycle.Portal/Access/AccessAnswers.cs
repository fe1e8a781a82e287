using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Access;

/// <summary>What someone hears whom a route does not let in: programs a problem that says what to do, people the sign-in page.</summary>
public sealed class AccessAnswers : IAuthorizationMiddlewareResultHandler
{
    private readonly AuthorizationMiddlewareResultHandler _pass = new();

    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        // No route, or routing's own 405 and 415 answers: nothing is there to protect.
        if (context.GetEndpoint() is not RouteEndpoint endpoint)
            return next(context);
        var required = endpoint.Metadata.GetMetadata<RequiredRole>();
        if (authorizeResult.Challenged)
            return required is null && IsPage(context.Request) ? ToSignIn(context) : Unauthenticated(context);
        if (authorizeResult.Forbidden)
            return new Refused(Forbidden(context, required)).ExecuteAsync(context);
        return _pass.HandleAsync(next, context, policy, authorizeResult);
    }

    private static bool IsPage(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && request.Headers.Authorization.Count == 0
        && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    // A link in a mail or a chat comes from another site, and a strict cookie stays behind: the same page asked for by our own page brings it along.
    private static Task ToSignIn(HttpContext context)
    {
        if (context.Request.Headers["Sec-Fetch-Site"] != "cross-site")
            return context.ChallengeAsync(Session.SchemeName);
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync("<!doctype html><title>MlLifecycle</title><meta http-equiv=\"refresh\" content=\"0\">", context.RequestAborted);
    }

    private static async Task Unauthenticated(HttpContext context)
    {
        var why = (await context.AuthenticateAsync()).Failure?.Message;
        var what = "Send a valid token: Authorization: Bearer <token>, or Basic with the token as password.";
        await new Refused(new(401, "unauthenticated", why is null ? what : $"{why} {what}")).ExecuteAsync(context);
    }

    private static Refusal Forbidden(HttpContext context, RequiredRole? required)
    {
        if (required is null || Identities.Of(context.User) is not { } holder)
            return new(403, "forbidden", "This route is closed.");
        var reach = Reaches.Of(context);
        if (reach == Reach.OwnProject && holder.Project is null)
        {
            var uri = $"{context.Request.Scheme}://{context.Request.Host}/mlflow/<project>";
            return new(400, "project-not-named",
                $"The token '{holder.Name}' is not for one project, so this path does not say which one is meant. Use the tracking URI {uri}, or a token of one project.");
        }

        if (Reaches.RoleOf(context, holder) is not { } role)
        {
            return new(403, "other-project", reach == Reach.Project
                ? $"The token '{holder.Name}' is for the project '{holder.Project}' only."
                : $"The token '{holder.Name}' is for the project '{holder.Project}' only; this needs a suite-wide token.");
        }

        return new(403, "forbidden", $"This needs the role {required.Role.Name()}; the token '{holder.Name}' has the role {role.Name()}.");
    }
}
