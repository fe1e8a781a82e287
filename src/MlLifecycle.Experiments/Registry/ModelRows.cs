using System.Text.Json;
using Marten;
using MlLifecycle.Experiments.Protocol;
using Npgsql;

namespace MlLifecycle.Experiments.Registry;

internal sealed record ModelRow(
    Guid Stream, string Name, string Description, long Created, long Updated, IReadOnlyDictionary<string, string> Tags)
{
    public List<VersionRow> Versions { get; } = [];

    public SortedDictionary<string, int> Aliases { get; } = new(StringComparer.Ordinal);

    /// <summary>The newest version of each stage.</summary>
    public IEnumerable<VersionRow> Latest => Versions.GroupBy(v => v.Stage, StringComparer.Ordinal).Select(stage => stage.MaxBy(v => v.Version)!).OrderBy(v => v.Version);

    public object Message => new
    {
        Name,
        creation_timestamp = Created,
        last_updated_timestamp = Updated,
        Description,
        latest_versions = Answer.OrNone([.. Latest.Select(v => v.Message)]),
        Tags = Entry.ListOf(Tags),
        Aliases = Answer.OrNone([.. Aliases.Select(a => new { Alias = a.Key, Version = VersionRow.Number(a.Value) })]),
    };
}

internal sealed record VersionRow(
    string Model,
    int Version,
    string Source,
    string RunId,
    string RunLink,
    string Description,
    string User,
    string Stage,
    long Created,
    long Updated,
    IReadOnlyDictionary<string, string> Tags,
    IReadOnlyList<string> Aliases,
    string? ModelId,
    string? Location)
{
    public static string Number(int version) => version.ToString(System.Globalization.CultureInfo.InvariantCulture);

    public object Message => new
    {
        name = Model,
        Version = Number(Version),
        creation_timestamp = Created,
        last_updated_timestamp = Updated,
        user_id = User,
        current_stage = Stage,
        Description,
        Source,
        run_id = RunId,
        Status = "READY",
        Tags = Entry.ListOf(Tags),
        run_link = RunLink,
        Aliases = Answer.OrNone(Aliases),
        model_id = ModelId,
    };
}

/// <summary>The tables of models, their versions and aliases.</summary>
internal sealed class ModelRows(NpgsqlDataSource source)
{
    public const string Columns = "m.stream, m.name, m.description, m.created_ms, m.updated_ms, m.tags";

    public const string VersionColumns = """
        m.name, v.version, v.source, v.run_id, v.run_link, v.description, v.user_id, v.stage, v.created_ms, v.updated_ms, v.tags,
        ARRAY(SELECT a.alias FROM tracking.model_aliases a WHERE a.stream = v.stream AND a.version = v.version ORDER BY a.alias), v.model_id, v.location
        """;

    public async Task<ModelRow?> Find(Guid project, string name, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand($"SELECT {Columns} FROM tracking.models m WHERE m.project = $1 AND m.name = $2");
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = name });
        return await Whole(command, cancellation) is [var model, ..] ? model : null;
    }

    /// <summary>Models, with their newest version of each stage and their aliases.</summary>
    public async Task<IReadOnlyList<ModelRow>> Whole(NpgsqlCommand command, CancellationToken cancellation)
    {
        var models = new List<ModelRow>();
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                models.Add(new(
                    reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetInt64(4), Tags(reader.GetString(5))));
            }
        }

        await Fill(models, newestOnly: true, cancellation);
        return models;
    }

    /// <summary>Adds versions and aliases to models.</summary>
    public async Task Fill(IReadOnlyList<ModelRow> models, bool newestOnly, CancellationToken cancellation)
    {
        if (models.Count == 0)
            return;
        var streams = models.Select(m => m.Stream).ToArray();
        var byStream = models.ToDictionary(m => m.Stream);
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(new($"""
            SELECT {(newestOnly ? "DISTINCT ON (v.stream, v.stage)" : "")} {VersionColumns}, v.stream
            FROM tracking.model_versions v JOIN tracking.models m ON m.stream = v.stream WHERE v.stream = ANY($1)
            ORDER BY v.stream, {(newestOnly ? "v.stage, " : "")}v.version DESC
            """)
        { Parameters = { new() { Value = streams } } });
        batch.BatchCommands.Add(new("SELECT stream, alias, version FROM tracking.model_aliases WHERE stream = ANY($1)") { Parameters = { new() { Value = streams } } });
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            byStream[reader.GetGuid(14)].Versions.Add(Version(reader));
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            byStream[reader.GetGuid(0)].Aliases[reader.GetString(1)] = reader.GetInt32(2);
    }

    public async Task<VersionRow?> FindVersion(Guid project, string name, int version, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            $"SELECT {VersionColumns} FROM tracking.model_versions v JOIN tracking.models m ON m.stream = v.stream WHERE m.project = $1 AND m.name = $2 AND v.version = $3");
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = version });
        return await Versions(command, cancellation) is [var row, ..] ? row : null;
    }

    public static async Task<IReadOnlyList<VersionRow>> Versions(NpgsqlCommand command, CancellationToken cancellation)
    {
        var versions = new List<VersionRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            versions.Add(Version(reader));
        return versions;
    }

    /// <summary>
    /// Brings the tables up to what was decided, in the commit of the events. Tags and aliases leave the time of the last change as it is: scripts take
    /// the version that a search finds first, the last changed, for the newest.
    /// </summary>
    /// <param name="session">The session that appends them.</param>
    /// <param name="stream">The model.</param>
    /// <param name="event">One of them.</param>
    public static void Write(IDocumentSession session, Guid stream, object @event)
    {
        switch (@event)
        {
            case ModelRegistered e:
                session.QueueSqlCommand(
                    "INSERT INTO tracking.models (stream, project, name, description, created_ms, updated_ms, tags) VALUES (?, ?, ?, ?, ?, ?, ?::jsonb)",
                    stream, e.ProjectId, e.Name, e.Description, e.Time, e.Time, JsonSerializer.Serialize(e.Tags));
                break;
            case VersionRegistered e:
                session.QueueSqlCommand(
                    """
                    INSERT INTO tracking.model_versions (stream, version, source, run_id, run_link, description, user_id, stage, created_ms, updated_ms, tags, model_id, location)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, nullif(?, ''), nullif(?, ''))
                    """,
                    stream, e.Version, e.Source, e.RunId ?? "", e.RunLink, e.Description, e.User, Stages.None, e.Time, e.Time, JsonSerializer.Serialize(e.Tags), e.ModelId ?? "", e.Location ?? "");
                Touch(e.Time);
                break;
            case StageSet e:
                session.QueueSqlCommand("UPDATE tracking.model_versions SET stage = ?, updated_ms = ? WHERE stream = ? AND version = ?", e.Stage, e.Time, stream, e.Version);
                Touch(e.Time);
                break;
            case AliasSet e:
                session.QueueSqlCommand(
                    "INSERT INTO tracking.model_aliases (stream, alias, version) VALUES (?, ?, ?) ON CONFLICT (stream, alias) DO UPDATE SET version = excluded.version",
                    stream, e.Alias, e.Version);
                break;
            case AliasRemoved e:
                session.QueueSqlCommand("DELETE FROM tracking.model_aliases WHERE stream = ? AND alias = ?", stream, e.Alias);
                break;
            case ModelRenamed e:
                session.QueueSqlCommand("UPDATE tracking.models SET name = ?, updated_ms = ? WHERE stream = ?", e.Name, e.Time, stream);
                session.QueueSqlCommand("UPDATE tracking.model_versions SET updated_ms = ? WHERE stream = ?", e.Time, stream);
                break;
            case ModelDescribed e:
                session.QueueSqlCommand("UPDATE tracking.models SET description = ?, updated_ms = ? WHERE stream = ?", e.Description, e.Time, stream);
                break;
            case ModelTagSet e:
                session.QueueSqlCommand("UPDATE tracking.models SET tags = tags || jsonb_build_object(?::text, ?::text) WHERE stream = ?", e.Key, e.Value, stream);
                break;
            case ModelTagRemoved e:
                session.QueueSqlCommand("UPDATE tracking.models SET tags = tags - ?::text WHERE stream = ?", e.Key, stream);
                break;
            case ModelDeleted:
                session.QueueSqlCommand("DELETE FROM tracking.models WHERE stream = ?", stream);
                break;
            case VersionDescribed e:
                session.QueueSqlCommand(
                    "UPDATE tracking.model_versions SET description = ?, updated_ms = ? WHERE stream = ? AND version = ?", e.Description, e.Time, stream, e.Version);
                break;
            case VersionTagSet e:
                session.QueueSqlCommand(
                    "UPDATE tracking.model_versions SET tags = tags || jsonb_build_object(?::text, ?::text) WHERE stream = ? AND version = ?", e.Key, e.Value, stream, e.Version);
                break;
            case VersionTagRemoved e:
                session.QueueSqlCommand("UPDATE tracking.model_versions SET tags = tags - ?::text WHERE stream = ? AND version = ?", e.Key, stream, e.Version);
                break;
            case VersionDeleted e:
                session.QueueSqlCommand("DELETE FROM tracking.model_aliases WHERE stream = ? AND version = ?", stream, e.Version);
                session.QueueSqlCommand("DELETE FROM tracking.model_versions WHERE stream = ? AND version = ?", stream, e.Version);
                Touch(e.Time);
                break;
        }

        void Touch(long time) => session.QueueSqlCommand("UPDATE tracking.models SET updated_ms = ? WHERE stream = ?", time, stream);
    }

    private static VersionRow Version(NpgsqlDataReader row) => new(
        row.GetString(0),
        row.GetInt32(1),
        row.GetString(2),
        row.GetString(3),
        row.GetString(4),
        row.GetString(5),
        row.GetString(6),
        row.GetString(7),
        row.GetInt64(8),
        row.GetInt64(9),
        Tags(row.GetString(10)),
        row.GetFieldValue<string[]>(11),
        row.IsDBNull(12) ? null : row.GetString(12),
        row.IsDBNull(13) ? null : row.GetString(13));

    private static Dictionary<string, string> Tags(string json) => JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;
}
