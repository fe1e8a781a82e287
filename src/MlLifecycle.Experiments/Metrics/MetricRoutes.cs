using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Metrics;

/// <summary>MLflow's curves, path by path.</summary>
internal static class MetricRoutes
{
    public static void MapMetrics(this RouteGroupBuilder api)
    {
        api.MapGet("/metrics/get-history", MetricHistorySlice.Handle).Requires(Role.Viewer);
        api.MapGet("/metrics/get-history-bulk", BulkHistorySlice.HandleAll).Requires(Role.Viewer);
        api.MapGet("/metrics/get-history-bulk-interval", BulkHistorySlice.HandleInterval).Requires(Role.Viewer);
    }
}
