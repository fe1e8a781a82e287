using System.Globalization;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using Npgsql;

namespace MlLifecycle.Experiments.Catalog;

internal sealed class SearchDatasetsMessage
{
    public IReadOnlyList<string>? ExperimentIds { get; init; }
}

/// <summary>Which data the runs of some experiments used, and what for.</summary>
internal static class SearchDatasetsSlice
{
    private const int Experiments = 20;
    private const int Most = 1000;

    public static async Task<IResult> Handle(Sent<SearchDatasetsMessage> sent, Caller caller, NpgsqlDataSource source, CancellationToken cancellation)
    {
        var ids = sent.Message.ExperimentIds ?? [];
        if (ids.Count == 0)
            return new Refused(Mlflow.Invalid("SearchDatasets request must specify at least one experiment_id."));
        if (ids.Count > Experiments)
            return new Refused(Mlflow.Invalid($"SearchDatasets request cannot specify more than {Experiments} experiment_ids. Received {ids.Count} experiment_ids."));
        await using var command = source.CreateCommand(
            """
            SELECT DISTINCT e.number, i.name, i.digest, i.context FROM tracking.inputs i
            JOIN tracking.runs r ON r.run = i.run JOIN tracking.experiments e ON e.experiment = i.experiment
            WHERE e.project = $1 AND e.number = ANY($2) AND NOT e.deleted AND NOT r.deleted ORDER BY 1, 2, 3, 4 LIMIT $3
            """);
        command.Parameters.Add(new() { Value = caller.ProjectId });
        command.Parameters.Add(new() { Value = ids.Select(ExperimentRows.NumberOf).OfType<long>().ToArray() });
        command.Parameters.Add(new() { Value = Most });
        var summaries = new List<object>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            summaries.Add(new
            {
                experiment_id = reader.GetInt64(0).ToString(CultureInfo.InvariantCulture),
                Name = reader.GetString(1),
                Digest = reader.GetString(2),
                Context = reader.IsDBNull(3) ? null : reader.GetString(3),
            });
        }

        return Answer.Of(new { dataset_summaries = Answer.OrNone(summaries) });
    }
}
