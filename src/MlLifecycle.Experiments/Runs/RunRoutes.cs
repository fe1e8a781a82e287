using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Runs;

/// <summary>MLflow's runs, path by path.</summary>
internal static class RunRoutes
{
    public static void MapRuns(this RouteGroupBuilder api)
    {
        api.MapPost("/runs/create", CreateRunSlice.Handle).Requires(Role.Contributor);
        api.MapGet("/runs/get", GetRunSlice.Handle).Requires(Role.Viewer);
        api.MapPost("/runs/search", SearchRunsSlice.Handle).Requires(Role.Viewer);
        api.MapPost("/runs/update", UpdateRunSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/delete", DeleteRunSlice.HandleDelete).Requires(Role.Contributor);
        api.MapPost("/runs/restore", DeleteRunSlice.HandleRestore).Requires(Role.Contributor);
        api.MapPost("/runs/log-metric", LogMetricSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/log-parameter", LogParamSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/log-batch", LogBatchSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/log-inputs", LogInputsSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/outputs", LogOutputsSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/log-model", LogModelSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/set-tag", SetTagSlice.Handle).Requires(Role.Contributor);
        api.MapPost("/runs/delete-tag", SetTagSlice.HandleRemove).Requires(Role.Contributor);
    }
}
