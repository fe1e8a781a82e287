using MlLifecycle.Experiments.Search;
using Npgsql;

namespace MlLifecycle.Experiments.Metrics;

/// <summary>What statements read of the rows of tracking.chunks, as it is or as it was at a moment.</summary>
internal sealed class ChunkRows
{
    private readonly DateTimeOffset? _until;

    /// <param name="sql">The statement.</param>
    /// <param name="alias">The table's name in it.</param>
    /// <param name="until">Only what was recorded by then; null for all.</param>
    public ChunkRows(Sql sql, string alias, DateTimeOffset? until)
    {
        _until = until;
        var moment = until is { } time ? sql.Add(time.UtcDateTime) : null;
        Columns = moment is null ? $"{alias}.points" : $"{alias}.points, CASE WHEN {alias}.recorded > {moment} THEN {alias}.moments END";
        Condition = moment is null ? "true" : $"({alias}.recorded <= {moment} OR {alias}.moments IS NOT NULL)";
    }

    /// <summary>The columns to select, next to each other.</summary>
    public string Columns { get; }

    /// <summary>Which rows to read.</summary>
    public string Condition { get; }

    /// <summary>Reads a row's points.</summary>
    /// <param name="row">The row.</param>
    /// <param name="at">Where <see cref="Columns"/> begin.</param>
    /// <param name="points">Takes them in the place of what it held.</param>
    public void Read(NpgsqlDataReader row, int at, List<Point> points)
    {
        points.Clear();
        if (_until is { } until && !row.IsDBNull(at + 1))
            Chunk.Decode(row.GetFieldValue<byte[]>(at), row.GetFieldValue<byte[]>(at + 1), until, points);
        else
            Chunk.Decode(row.GetFieldValue<byte[]>(at), points);
    }
}
