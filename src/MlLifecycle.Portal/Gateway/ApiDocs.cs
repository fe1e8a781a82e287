using Scalar.AspNetCore;

namespace MlLifecycle.Portal.Gateway;

/// <summary>The whole API, browsable: every service's OpenAPI document on one page. Nothing on it comes from another host.</summary>
public static class ApiDocs
{
    public static void MapApiDocs(this WebApplication app) =>
        app.MapScalarApiReference("/scalar", docs =>
        {
            docs.Title = "MlLifecycle API";
            docs.DefaultFonts = false;
            docs.DisableTelemetry().DisableAgent().DisableMcp().HideDeveloperTools().HideClientButton();
            foreach (var service in (string[])["portal", .. RouteTable.Services])
                docs.AddDocument(service, service, $"/openapi/{service}.json");
        }).AllowAnonymous();
}
