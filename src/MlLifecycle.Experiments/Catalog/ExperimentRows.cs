using System.Globalization;
using System.Text.Json;
using Marten;
using MlLifecycle.Experiments.Protocol;
using Npgsql;

namespace MlLifecycle.Experiments.Catalog;

/// <summary>An experiment as the tables have it.</summary>
/// <param name="Key">Its key in the tables.</param>
/// <param name="Stream">Its stream.</param>
/// <param name="Number">Its number in the project.</param>
/// <param name="Name">Its name.</param>
/// <param name="ArtifactLocation">Under which its runs' artifacts are.</param>
/// <param name="Deleted">Deleted.</param>
/// <param name="Created">Milliseconds since 1970.</param>
/// <param name="Updated">Milliseconds since 1970.</param>
/// <param name="Tags">Its tags.</param>
internal sealed record ExperimentRow(
    int Key, Guid Stream, long Number, string Name, string ArtifactLocation, bool Deleted, long Created, long Updated, IReadOnlyDictionary<string, string> Tags)
{
    public string Id => Number.ToString(CultureInfo.InvariantCulture);

    public string Stage => Deleted ? "deleted" : "active";

    public object Message => new
    {
        experiment_id = Id,
        Name,
        artifact_location = ArtifactLocation,
        lifecycle_stage = Stage,
        last_update_time = Updated,
        creation_time = Created,
        Tags = Entry.ListOf(Tags),
    };
}

/// <summary>The table of experiments.</summary>
internal sealed class ExperimentRows(NpgsqlDataSource source)
{
    public const string Columns = "e.experiment, e.stream, e.number, e.name, e.artifact_location, e.deleted, e.created_ms, e.updated_ms, e.tags";

    /// <summary>The number behind an id as clients write it; null when no experiment can have it.</summary>
    /// <param name="id">The id; none at all means the default experiment.</param>
    public static long? NumberOf(string? id) => string.IsNullOrEmpty(id)
        ? Mlflow.DefaultExperiment
        : long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public async Task<ExperimentRow?> Find(Guid project, string? id, CancellationToken cancellation) =>
        NumberOf(id) is { } number ? await One("e.number = $2", project, number, cancellation) : null;

    public Task<ExperimentRow?> FindByName(Guid project, string name, CancellationToken cancellation) => One("e.name = $2", project, name, cancellation);

    /// <summary>The runs of an experiment that were deleted themselves.</summary>
    public async Task<IReadOnlyList<Guid>> DeletedRuns(ExperimentRow row, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand("SELECT r.id FROM tracking.experiments e JOIN tracking.runs r ON r.experiment = e.experiment WHERE e.stream = $1 AND r.deleted");
        command.Parameters.Add(new() { Value = row.Stream });
        var runs = new List<Guid>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            runs.Add(reader.GetGuid(0));
        return runs;
    }

    /// <summary>Those of the given ids that exist.</summary>
    public async Task<IReadOnlyList<ExperimentRow>> FindAll(Guid project, IEnumerable<string> ids, CancellationToken cancellation)
    {
        var numbers = ids.Select(NumberOf).OfType<long>().Distinct().ToArray();
        await using var command = source.CreateCommand($"SELECT {Columns} FROM tracking.experiments e WHERE e.project = $1 AND e.number = ANY($2) ORDER BY e.number");
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = numbers });
        return await All(command, cancellation);
    }

    public async Task<IReadOnlyList<string>> AllIds(Guid project, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand("SELECT coalesce(array_agg(number::text), '{}') FROM tracking.experiments WHERE project = $1");
        command.Parameters.Add(new() { Value = project });
        return (string[])(await command.ExecuteScalarAsync(cancellation))!;
    }

    public static async Task<IReadOnlyList<ExperimentRow>> All(NpgsqlCommand command, CancellationToken cancellation)
    {
        var rows = new List<ExperimentRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(new(
                reader.GetInt32(0),
                reader.GetGuid(1),
                reader.GetInt64(2),
                reader.GetString(3),
                reader.GetString(4),
                reader.GetBoolean(5),
                reader.GetInt64(6),
                reader.GetInt64(7),
                JsonSerializer.Deserialize<Dictionary<string, string>>(reader.GetString(8))!));
        }

        return rows;
    }

    public async Task<long> NextNumber(Guid project, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            "SELECT greatest((SELECT max(number) FROM tracking.experiments WHERE project = $1), (SELECT max(number) FROM tracking.purged_experiments WHERE project = $1), 0) + 1");
        command.Parameters.Add(new() { Value = project });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Brings the table up to a state, in the commit of the events that led to it.</summary>
    /// <param name="session">The session that appends them.</param>
    /// <param name="state">The state after them.</param>
    public static void Write(IDocumentSession session, Experiment state) => session.QueueSqlCommand(
        """
        INSERT INTO tracking.experiments (stream, project, number, name, artifact_location, deleted, created_ms, updated_ms, tags)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb)
        ON CONFLICT (stream) DO UPDATE SET name = excluded.name, deleted = excluded.deleted, updated_ms = excluded.updated_ms, tags = excluded.tags
        """,
        state.Id,
        state.ProjectId,
        state.Number,
        state.Name,
        state.ArtifactLocation,
        state.Deleted,
        state.Created,
        state.Updated,
        JsonSerializer.Serialize(state.Tags));

    private async Task<ExperimentRow?> One(string condition, Guid project, object value, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand($"SELECT {Columns} FROM tracking.experiments e WHERE e.project = $1 AND {condition}");
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = value });
        return await All(command, cancellation) is [var row, ..] ? row : null;
    }
}
