using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Catalog;

/// <summary>MLflow's experiments, path by path.</summary>
internal static class CatalogRoutes
{
    public static void MapCatalog(this RouteGroupBuilder api)
    {
        api.MapPost("/experiments/create", CreateExperimentSlice.Handle).Requires(Role.Contributor);
        api.MapGet("/experiments/get", ReadExperiments.Get).Requires(Role.Viewer);
        api.MapGet("/experiments/get-by-name", ReadExperiments.GetByName).Requires(Role.Viewer);
        api.MapMethods("/experiments/search", ["GET", "POST"], ReadExperiments.Search).Requires(Role.Viewer);
        api.MapPost("/experiments/update", ChangeExperimentSlice.HandleRename).Requires(Role.Contributor);
        api.MapPost("/experiments/delete", ChangeExperimentSlice.HandleDelete).Requires(Role.Contributor);
        api.MapPost("/experiments/restore", ChangeExperimentSlice.HandleRestore).Requires(Role.Contributor);
        api.MapPost("/experiments/set-experiment-tag", ExperimentTagSlice.HandleSet).Requires(Role.Contributor);
        api.MapPost("/experiments/delete-experiment-tag", ExperimentTagSlice.HandleRemove).Requires(Role.Contributor);
        api.MapPost("/experiments/search-datasets", SearchDatasetsSlice.Handle).Requires(Role.Viewer);
    }
}
