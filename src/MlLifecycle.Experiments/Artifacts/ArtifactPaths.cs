using Microsoft.AspNetCore.Mvc;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Artifacts;

/// <summary>MLflow's artifacts, path by path.</summary>
internal static class ArtifactPaths
{
    /// <summary>What the interface opens.</summary>
    public static void MapArtifactPages(this RouteGroupBuilder tracking)
    {
        tracking.MapFile("/get-artifact", ArtifactRoutes.GetOfRun);
        tracking.MapFile("/model-versions/get-artifact", ArtifactRoutes.GetOfVersion);
    }

    public static void MapArtifacts(this RouteGroupBuilder api)
    {
        api.MapArtifactPages();
        api.MapGet("/artifacts/list", ArtifactRoutes.ListOfRun).Requires(Role.Viewer);
        api.MapPost("/upload-artifact", ArtifactRoutes.UploadToRun).Requires(Role.Contributor);
    }

    /// <summary>
    /// Parts of a large file. Clients send them without their token, as to any storage that hands out addresses: the address itself is the key, for
    /// this one part of this one upload.
    /// </summary>
    public static void MapParts(this IEndpointRouteBuilder app) =>
        app.MapPut(Uploads.PartsRoot + "/{upload}/{part:int}/{key}", UploadRoutes.PutPart).AllowAnonymous().WithMetadata(new DisableRequestSizeLimitAttribute());

    /// <summary>The proxy in front of the store.</summary>
    public static void MapArtifactProxy(this RouteGroupBuilder proxy)
    {
        proxy.MapGet("/artifacts", ArtifactRoutes.List).Requires(Role.Viewer);
        proxy.MapFile("/artifacts/{**path}", ArtifactRoutes.Get);
        proxy.MapPut("/artifacts/{**path}", ArtifactRoutes.Put).Requires(Role.Contributor).WithMetadata(new DisableRequestSizeLimitAttribute());
        proxy.MapPost("/mpu/create/{**path}", UploadRoutes.Create).Requires(Role.Contributor);
        proxy.MapPost("/mpu/complete/{**path}", UploadRoutes.Complete).Requires(Role.Contributor);
        proxy.MapPost("/mpu/abort/{**path}", UploadRoutes.Abort).Requires(Role.Contributor);
        proxy.MapDelete("/artifacts/{**path}", ArtifactRoutes.Delete).Requires(Role.Contributor);
    }

    // Who wants to know whether a file is there, and how large it is, asks with HEAD.
    private static void MapFile(this RouteGroupBuilder group, string pattern, Delegate handler) =>
        group.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], handler).Requires(Role.Viewer);
}
