using System.Globalization;
using System.Text.Json;
using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Runs;
using MlLifecycle.ServiceDefaults.Decisions;
using Npgsql;

namespace MlLifecycle.Experiments.LoggedModels;

internal sealed record LoggedModelRow(
    Guid Id,
    long Experiment,
    string Name,
    string ModelType,
    string SourceRun,
    string ArtifactUri,
    string Creator,
    string Status,
    bool Deleted,
    long Created,
    long Updated,
    IReadOnlyDictionary<string, string> Params,
    IReadOnlyDictionary<string, string> Tags)
{
    public List<object> Metrics { get; } = [];

    /// <summary>The versions of registered models that were made of it, the oldest first.</summary>
    public List<Registration> Registrations { get; } = [];

    public object Message => new
    {
        Info = new
        {
            model_id = LoggedModel.IdOf(Id),
            experiment_id = Experiment.ToString(CultureInfo.InvariantCulture),
            Name,
            creation_timestamp_ms = Created,
            last_updated_timestamp_ms = Updated,
            artifact_uri = ArtifactUri,
            Status,
            // Without creator_id, which is a number there: a name in it, and Python's client can read no logged model at all.
            model_type = ModelType.Length > 0 ? ModelType : null,
            source_run_id = SourceRun.Length > 0 ? SourceRun : null,
            Tags = Entry.ListOf(Registrations.Count > 0 ? Tags.Where(t => t.Key != VersionsTag).Append(new(VersionsTag, VersionsOf(Registrations))) : Tags),
            Registrations = Answer.OrNone([.. Registrations.Select(r => new { r.Name, Version = r.Version.ToString(CultureInfo.InvariantCulture) })]),
        },
        Data = new { Params = Entry.ListOf(Params), Metrics = Answer.OrNone(Metrics) },
    };

    // Under which clients look for the versions. It is told of what the registry holds rather than kept, and so never disagrees with it.
    private const string VersionsTag = "mlflow.modelVersions";

    // With the spaces that Python's JSON has: clients compare the text.
    private static string VersionsOf(IEnumerable<Registration> registrations) => "[" + string.Join(", ", registrations.Select(r =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"name\": {JsonSerializer.Serialize(r.Name)}, \"version\": {r.Version}}}"))) + "]";
}

/// <summary>A version of a registered model.</summary>
internal sealed record Registration(string Name, int Version);

/// <summary>The table of logged models.</summary>
internal sealed class LoggedModelRows(NpgsqlDataSource source)
{
    public const string Columns =
        "m.id, m.experiment, m.name, m.model_type, m.source_run, m.artifact_uri, m.creator, m.status, m.deleted, m.created_ms, m.updated_ms, m.params, m.tags";

    public async Task<LoggedModelRow?> Find(Guid project, Guid id, CancellationToken cancellation, bool deleted = false)
    {
        await using var command = source.CreateCommand($"SELECT {Columns} FROM tracking.logged_models m WHERE m.project = $1 AND m.id = $2 AND (NOT m.deleted OR $3)");
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = deleted });
        return await Whole(command, cancellation) is [var model, ..] ? model : null;
    }

    /// <summary>Points that say which model they were measured of must name one that is there.</summary>
    public async ValueTask<Refusal?> CheckMeasured(Guid project, IReadOnlyList<MetricPoint> points, CancellationToken cancellation)
    {
        foreach (var model in points.Where(p => p.Model is not null).Select(p => p.Model!.ModelId).Distinct())
        {
            if (await Find(project, model, cancellation) is null)
                return ChangeLoggedModelSlice.Unknown(LoggedModel.IdOf(model));
        }

        return null;
    }

    /// <summary>Models with their metrics and registrations.</summary>
    public async Task<IReadOnlyList<LoggedModelRow>> Whole(NpgsqlCommand command, CancellationToken cancellation)
    {
        var models = new List<LoggedModelRow>();
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                models.Add(new(
                    reader.GetGuid(0), reader.GetInt64(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6), reader.GetString(7),
                    reader.GetBoolean(8), reader.GetInt64(9), reader.GetInt64(10), Dictionary(reader.GetString(11)), Dictionary(reader.GetString(12))));
            }
        }

        if (models.Count == 0)
            return models;
        var byId = models.ToDictionary(m => m.Id);
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(new("SELECT model, key, value, timestamp_ms, step, run, dataset_name, dataset_digest FROM tracking.model_metrics WHERE model = ANY($1) ORDER BY model, key, timestamp_ms, step")
        { Parameters = { new() { Value = byId.Keys.ToArray() } } });
        batch.BatchCommands.Add(new("SELECT v.model_id, m.name, v.version FROM tracking.model_versions v JOIN tracking.models m ON m.stream = v.stream WHERE v.model_id = ANY($1) ORDER BY v.created_ms, 2, 3")
        { Parameters = { new() { Value = byId.Keys.Select(LoggedModel.IdOf).ToArray() } } });
        await using var more = await batch.ExecuteReaderAsync(cancellation);
        while (await more.ReadAsync(cancellation))
        {
            byId[more.GetGuid(0)].Metrics.Add(new
            {
                Key = more.GetString(1),
                Value = more.GetDouble(2),
                Timestamp = more.GetInt64(3),
                Step = more.GetInt64(4),
                model_id = LoggedModel.IdOf(more.GetGuid(0)),
                run_id = Run.IdOf(more.GetGuid(5)),
                dataset_name = more.GetString(6) is { Length: > 0 } name ? name : null,
                dataset_digest = more.GetString(7) is { Length: > 0 } digest ? digest : null,
            });
        }

        await more.NextResultAsync(cancellation);
        while (await more.ReadAsync(cancellation))
        {
            if (LoggedModel.Parse(more.GetString(0)) is { } model)
                byId[model].Registrations.Add(new(more.GetString(1), more.GetInt32(2)));
        }

        return models;
    }

    /// <summary>Brings the table up to a state, in the commit of the events that led to it.</summary>
    public static void Write(IDocumentSession session, LoggedModel state) => session.QueueSqlCommand(
        """
        INSERT INTO tracking.logged_models (id, project, experiment, name, model_type, source_run, artifact_uri, creator, status, deleted, created_ms, updated_ms, params, tags)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?::jsonb)
        ON CONFLICT (id) DO UPDATE SET status = excluded.status, deleted = excluded.deleted, updated_ms = excluded.updated_ms, params = excluded.params, tags = excluded.tags
        """,
        state.Id, state.ProjectId, state.Experiment, state.Name, state.ModelType, state.SourceRun, state.ArtifactUri, state.Creator, ProtoJson.NameOf(state.Status), state.Deleted,
        state.Created, state.Updated, JsonSerializer.Serialize(state.Params), JsonSerializer.Serialize(state.Tags));

    private static Dictionary<string, string> Dictionary(string json) => JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;
}
