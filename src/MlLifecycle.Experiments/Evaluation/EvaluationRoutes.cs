using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Evaluation;

/// <summary>MLflow's evaluation datasets and scorers, path by path.</summary>
internal static class EvaluationRoutes
{
    public static void MapEvaluation(this RouteGroupBuilder api)
    {
        api.MapPost("/datasets/create", EvaluationDatasets.Create).Requires(Role.Contributor);
        api.MapMethods("/datasets/search", ["GET", "POST"], SearchEvaluationDatasets.Handle).Requires(Role.Viewer);
        api.MapGet("/datasets/{id}", EvaluationDatasets.Get).Requires(Role.Viewer);
        api.MapDelete("/datasets/{id}", EvaluationDatasets.Delete).Requires(Role.Contributor);
        api.MapGet("/datasets/{id}/experiment-ids", EvaluationDatasets.Experiments).Requires(Role.Viewer);
        api.MapPost("/datasets/{id}/add-experiments", EvaluationDatasets.AddExperiments).Requires(Role.Contributor);
        api.MapPost("/datasets/{id}/remove-experiments", EvaluationDatasets.RemoveExperiments).Requires(Role.Contributor);
        api.MapPatch("/datasets/{id}/tags", EvaluationDatasets.HandleTags).Requires(Role.Contributor);
        api.MapDelete("/datasets/{id}/tags/{**key}", EvaluationDatasets.HandleRemoveTag).Requires(Role.Contributor);
        api.MapGet("/datasets/{id}/records", EvaluationDatasets.Records).Requires(Role.Viewer);
        api.MapPost("/datasets/{id}/records", UpsertRecordsSlice.Handle).Requires(Role.Contributor);

        api.MapPost("/scorers/register", ScorerSlice.HandleRegister).Requires(Role.Contributor);
        api.MapGet("/scorers/list", ScorerSlice.HandleList).Requires(Role.Viewer);
        api.MapGet("/scorers/versions", ScorerSlice.HandleVersions).Requires(Role.Viewer);
        api.MapGet("/scorers/get", ScorerSlice.HandleGet).Requires(Role.Viewer);
        api.MapDelete("/scorers/delete", ScorerSlice.HandleDelete).Requires(Role.Contributor);
    }
}
