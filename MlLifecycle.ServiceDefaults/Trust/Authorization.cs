using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;

namespace MlLifecycle.ServiceDefaults.Trust;

/// <summary>The role a route asks for, as endpoint metadata.</summary>
/// <param name="Role">The least role that may call it.</param>
public sealed record RequiredRole(Role Role) : IAuthorizationRequirement;

/// <summary>Every route says which role it needs; a route that says nothing is closed.</summary>
public static class Authorization
{
    /// <summary>The configuration key of the public key that passes are checked with (base64 of a SubjectPublicKeyInfo).</summary>
    public const string PublicKey = "Auth:PublicKey";

    /// <summary>Lets callers in whose role on the addressed project is at least this one.</summary>
    /// <typeparam name="T">The kind of endpoint builder.</typeparam>
    /// <param name="endpoint">The route, or a group of them.</param>
    /// <param name="role">The least role.</param>
    public static T Requires<T>(this T endpoint, Role role)
        where T : IEndpointConventionBuilder
    {
        var required = new RequiredRole(role);
        return endpoint.RequireAuthorization(policy => policy.AddRequirements(required)).WithMetadata(required);
    }

    internal static void AddTrust(this WebApplicationBuilder builder)
    {
        builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        builder.Services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<IConfiguration>((jwt, configuration) =>
        {
            var key = configuration[PublicKey]
                ?? throw new InvalidOperationException($"{PublicKey} is missing: set Auth__PublicKey to the Portal's public key (base64, SubjectPublicKeyInfo).");
            jwt.TokenHandlers.Clear();
            jwt.TokenHandlers.Add(new CheckedPasses { MapInboundClaims = false });
            jwt.TokenValidationParameters = Pass.Validation(key);
        });
        builder.Services.AddSingleton<IAuthorizationHandler, RoleOnProject>();
        builder.Services.AddSingleton<IAuthorizationMiddlewareResultHandler, ProblemsOfTrust>();
        builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAssertion(_ => false).Build());
    }

    private sealed class RoleOnProject : AuthorizationHandler<RequiredRole>
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, RequiredRole requirement)
        {
            if (Pass.Of(context.User) is { } pass
                && pass.Role >= requirement.Role
                && Addressed(context) is var project
                && (project is null || project == pass.Project))
                context.Succeed(requirement);
            return Task.CompletedTask;
        }

        private static string? Addressed(AuthorizationHandlerContext context) => (context.Resource as HttpContext)?.GetRouteValue("project") as string;
    }

    private sealed class ProblemsOfTrust : IAuthorizationMiddlewareResultHandler
    {
        private readonly Microsoft.AspNetCore.Authorization.Policy.AuthorizationMiddlewareResultHandler _pass = new();

        public Task HandleAsync(
            RequestDelegate next, HttpContext context, AuthorizationPolicy policy, Microsoft.AspNetCore.Authorization.Policy.PolicyAuthorizationResult authorizeResult)
        {
            // No route, or routing's own 405 and 415 answers: nothing is there to protect.
            if (context.GetEndpoint() is not RouteEndpoint)
                return next(context);
            if (authorizeResult.Challenged)
                return new Refused(new(401, "unauthenticated", "Send a valid token: Authorization: Bearer <token>.")).ExecuteAsync(context);
            if (!authorizeResult.Forbidden)
                return _pass.HandleAsync(next, context, policy, authorizeResult);
            var needed = context.GetEndpoint()?.Metadata.GetMetadata<RequiredRole>()?.Role.Name();
            var pass = Pass.Of(context.User);
            var has = pass is null ? "no role" : $"the role {pass.Role.Name()}";
            return new Refused(new(403, "forbidden", needed is null
                ? "This route is closed."
                : $"This needs the role {needed} on what it addresses; the token has {has}{(pass?.Project is { } p ? $" on '{p}'" : "")}.")).ExecuteAsync(context);
        }
    }
}
