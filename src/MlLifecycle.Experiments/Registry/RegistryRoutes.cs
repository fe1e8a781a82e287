using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Registry;

/// <summary>MLflow's model registry, path by path.</summary>
internal static class RegistryRoutes
{
    public static void MapRegistry(this RouteGroupBuilder api)
    {
        api.MapPost("/registered-models/create", RegisterModelSlice.Handle).Requires(Role.Contributor);
        api.MapGet("/registered-models/get", ReadModels.Get).Requires(Role.Viewer);
        api.MapMethods("/registered-models/search", ["GET", "POST"], SearchModels.Models).Requires(Role.Viewer);
        api.MapMethods("/registered-models/get-latest-versions", ["GET", "POST"], ReadModels.Latest).Requires(Role.Viewer);
        api.MapPost("/registered-models/rename", ChangeModelSlice.HandleRename).Requires(Role.Contributor);
        api.MapPatch("/registered-models/update", ChangeModelSlice.HandleDescribe).Requires(Role.Contributor);
        api.MapDelete("/registered-models/delete", ChangeModelSlice.HandleDelete).Requires(Role.Contributor);
        api.MapPost("/registered-models/set-tag", ChangeModelSlice.HandleSetTag).Requires(Role.Contributor);
        api.MapDelete("/registered-models/delete-tag", ChangeModelSlice.HandleRemoveTag).Requires(Role.Contributor);
        api.MapGet("/registered-models/alias", ReadModels.GetByAlias).Requires(Role.Viewer);
        api.MapPost("/registered-models/alias", PromoteSlice.HandleSetAlias).Requires(Role.Contributor);
        api.MapDelete("/registered-models/alias", PromoteSlice.HandleRemoveAlias).Requires(Role.Contributor);

        api.MapPost("/model-versions/create", RegisterVersionSlice.Handle).Requires(Role.Contributor);
        api.MapGet("/model-versions/get", ReadModels.GetVersion).Requires(Role.Viewer);
        api.MapMethods("/model-versions/search", ["GET", "POST"], SearchModels.Versions).Requires(Role.Viewer);
        api.MapPatch("/model-versions/update", ChangeVersionSlice.HandleDescribe).Requires(Role.Contributor);
        api.MapDelete("/model-versions/delete", ChangeVersionSlice.HandleDelete).Requires(Role.Contributor);
        api.MapPost("/model-versions/set-tag", ChangeVersionSlice.HandleSetTag).Requires(Role.Contributor);
        api.MapDelete("/model-versions/delete-tag", ChangeVersionSlice.HandleRemoveTag).Requires(Role.Contributor);
        api.MapPost("/model-versions/transition-stage", PromoteSlice.HandleStage).Requires(Role.Contributor);
        api.MapGet("/model-versions/get-download-uri", ReadModels.DownloadUri).Requires(Role.Viewer);
    }
}
