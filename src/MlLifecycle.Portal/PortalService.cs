using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using MlLifecycle.Portal.Access;
using MlLifecycle.Portal.Gateway;
using MlLifecycle.Portal.Suite;
using MlLifecycle.Portal.Tokens;
using MlLifecycle.ServiceDefaults.Bus;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal;

/// <summary>The front door: who may come in, and to which service they are led.</summary>
public static class PortalService
{
    public static WebApplicationBuilder AddPortal(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        builder.Logging
            .AddFilter("MassTransit", LogLevel.Warning) // it reports each of the feed's kinds of facts
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error) // its keys are in a directory of their own, mode 700
            .AddFilter("Yarp", LogLevel.Error); // it reports each request, and with a stack trace each one to a service that is down
        builder.AddBus("portal", bus => bus.AddLiveFeed());
        builder.AddEventStore(_ => null, store =>
        {
            store.Fold<ApiToken>();
            store.Schema.For<ApiToken>().UniqueIndex(ApiToken.HashIndex, token => token.Hash).UniqueIndex(ApiToken.NameIndex, token => token.HeldName!);
        });
        services.AddHostedService<AdminToken>();
        services.AddSingleton<TokenBook>().AddSingleton<TokenDesk>();
        AddAccess(builder);
        services.AddSingleton<IErrorShape, MlflowErrorShape>();
        services.AddGateway();
        services.AddSingleton<SuiteHealth>();
        builder.AddConsole();
        services.AddSingleton<Services>().AddSingleton<LiveFeed>().AddScoped<SuiteClient>();
        return builder;
    }

    public static WebApplication MapPortal(this WebApplication app)
    {
        app.Use(SameOrigin.Check);
        app.UseAntiforgery();

        var api = app.MapGroup("/api").AddEndpointFilter(PortalApi.SayWhatIsDown).WithMetadata(new Reaches(Reach.Own)).WithTags("Portal");
        api.MapGet("/me", PortalApi.Me).Requires(Role.Viewer);
        api.MapGet("/projects", PortalApi.Projects).Requires(Role.Viewer).ExcludeFromDescription(); // Scoping describes it
        api.MapGet("/lifecycles", PortalApi.Lifecycles).Requires(Role.Viewer).ExcludeFromDescription();
        api.MapGet("/tokens", TokenRoutes.List).Requires(Role.Viewer);
        api.MapPost("/tokens", TokenRoutes.Issue).Requires(Role.Maintainer);
        api.MapDelete("/tokens/{id:guid}", TokenRoutes.Revoke).Requires(Role.Viewer);

        app.MapPost("/session", Session.SignIn).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/session/end", Session.SignOut).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/health", (HttpContext http, SuiteHealth health) => health.Answer(http)).AllowAnonymous().WithOrder(-1).ExcludeFromDescription();
        // The interface that MLflow's client believes to be at its tracking URI, and links to when a run ends, is the console.
        app.MapGet("/mlflow/{project}", (string project) => Results.Redirect($"/projects/{Uri.EscapeDataString(project)}/runs")).AllowAnonymous().ExcludeFromDescription();
        app.MapGateway();
        app.MapApiDocs();
        app.MapConsole();
        return app;
    }

    private static void AddAccess(WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddTransient<IStartupFilter, FirstOfAll>();
        services.AddAuthentication(options => options.DefaultScheme = "caller")
            .AddPolicyScheme("caller", null, options =>
                options.ForwardDefaultSelector = http => http.Request.Headers.Authorization.Count > 0 ? TokenAuthentication.SchemeName : Session.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, TokenAuthentication>(TokenAuthentication.SchemeName, null)
            .AddCookie(Session.SchemeName, Session.Configure);
        services.AddSingleton<IAuthorizationHandler, RoleOfHolder>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessAnswers>();
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "mll.form";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.SuppressXFrameOptionsHeader = true; // frame-ancestors says it
        });
        services.AddCascadingAuthenticationState();
        services.AddHttpContextAccessor();
        var keys = services.AddDataProtection().SetApplicationName("MlLifecycle.Portal");
        if (builder.Configuration["Storage:Path"] is { Length: > 0 } storage)
            keys.PersistKeysToFileSystem(KeyDirectory(storage));
    }

    private static DirectoryInfo KeyDirectory(string storage)
    {
        var path = Path.Combine(storage, "keys");
        return OperatingSystem.IsWindows()
            ? Directory.CreateDirectory(path)
            : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    // Correlation and the browser's rules hold for errors too, so they stand before everything else.
    private sealed class FirstOfAll : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(Correlation.Ensure);
            app.Use(BrowserRules.Set);
            next(app);
        };
    }
}
