using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.LoggedModels;

/// <summary>MLflow's logged models, path by path.</summary>
internal static class LoggedModelRoutes
{
    public static void MapLoggedModels(this RouteGroupBuilder api)
    {
        api.MapPost("/logged-models", ChangeLoggedModelSlice.HandleCreate).Requires(Role.Contributor);
        api.MapPost("/logged-models/search", ReadLoggedModels.Search).Requires(Role.Viewer);
        api.MapGet("/logged-models/{id}", ReadLoggedModels.Get).Requires(Role.Viewer);
        api.MapPatch("/logged-models/{id}", ChangeLoggedModelSlice.HandleFinalize).Requires(Role.Contributor);
        api.MapDelete("/logged-models/{id}", ChangeLoggedModelSlice.HandleDelete).Requires(Role.Contributor);
        api.MapPost("/logged-models/{id}/params", ChangeLoggedModelSlice.HandleParams).Requires(Role.Contributor);
        api.MapPatch("/logged-models/{id}/tags", ChangeLoggedModelSlice.HandleTags).Requires(Role.Contributor);
        api.MapDelete("/logged-models/{id}/tags/{**key}", ChangeLoggedModelSlice.HandleRemoveTag).Requires(Role.Contributor);
        api.MapGet("/logged-models/{id}/artifacts/directories", ReadLoggedModels.Files).Requires(Role.Viewer);
        api.MapGet("/logged-models/{id}/artifacts/files", ReadLoggedModels.File).Requires(Role.Viewer);
    }
}
