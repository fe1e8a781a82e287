using Microsoft.AspNetCore.Components.Endpoints;
using MlLifecycle.Portal.Console;
using MudBlazor.Services;

namespace MlLifecycle.Portal;

/// <summary>The web console: its pages, and the files they are made of.</summary>
public static class ConsolePages
{
    private const string Files = "MlLifecycle.Portal.staticwebassets.endpoints.json";

    public static WebApplicationBuilder AddConsole(this WebApplicationBuilder builder)
    {
        // Without it the files are found only in the Development environment, or once published.
        builder.WebHost.UseStaticWebAssets();
        // It would add a route for any file, open to nobody, for the sake of editing style sheets without a build.
        builder.Configuration["ReloadStaticAssetsAtRuntime"] = "false";
        builder.Services.AddRazorComponents().AddInteractiveServerComponents(circuits => circuits.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(1));
        builder.Services.AddMudServices(mud =>
        {
            mud.SnackbarConfiguration.PositionClass = MudBlazor.Defaults.Classes.Position.BottomCenter;
            mud.SnackbarConfiguration.VisibleStateDuration = 4000;
        });
        return builder;
    }

    public static WebApplication MapConsole(this WebApplication app)
    {
        var pages = app.MapRazorComponents<App>().AddInteractiveServerRenderMode().RequireAuthorization();
        // The list of files lies beside the program; a Portal that is hosted by another program, as tests do, has pages without style.
        if (Path.Combine(AppContext.BaseDirectory, Files) is var files && File.Exists(files))
        {
            app.MapStaticAssets(files).AllowAnonymous().Add(endpoint => endpoint.Metadata.Add(new Microsoft.AspNetCore.Routing.ExcludeFromDescriptionAttribute()));
            pages.WithStaticAssets(files);
        }

        return app;
    }

    /// <summary>Whether the endpoint is a page of the console.</summary>
    public static bool IsPage(Endpoint? endpoint) => endpoint?.Metadata.GetMetadata<ComponentTypeMetadata>() is not null;
}
