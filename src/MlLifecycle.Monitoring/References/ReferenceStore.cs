using System.Buffers.Binary;
using System.Text.Json;
using MlLifecycle.Monitoring.Drift;
using Npgsql;
using NpgsqlTypes;

namespace MlLifecycle.Monitoring.References;

/// <summary>The figures of reference profiles: a table, because a profile can hold millions of numbers and the event needs to name it only.</summary>
public sealed class ReferenceStore(NpgsqlDataSource source)
{
    private const int MostNumbersAtHand = 20_000_000;
    private readonly Lock _guard = new();
    private readonly List<(Guid Id, IReadOnlyList<ReferenceColumn> Columns)> _atHand = [];

    public async Task Keep(Guid id, ReferenceProfile profile, CancellationToken ct)
    {
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var copy = await connection.BeginBinaryImportAsync("COPY reference_column (reference_id, place, facts, numbers) FROM STDIN (FORMAT BINARY)", ct);
        for (var place = 0; place < profile.Columns.Count; place++)
        {
            var column = profile.Columns[place];
            var numbers = new byte[column.Sorted.Length * sizeof(double)];
            for (var i = 0; i < column.Sorted.Length; i++)
                BinaryPrimitives.WriteDoubleLittleEndian(numbers.AsSpan(i * sizeof(double)), column.Sorted[i]);
            await copy.StartRowAsync(ct);
            await copy.WriteAsync(id, NpgsqlDbType.Uuid, ct);
            await copy.WriteAsync(place, NpgsqlDbType.Integer, ct);
            await copy.WriteAsync(JsonSerializer.Serialize(column with { Sorted = [] }), NpgsqlDbType.Json, ct);
            await copy.WriteAsync(numbers, NpgsqlDbType.Bytea, ct);
        }

        await copy.CompleteAsync(ct);
    }

    /// <summary>Takes back what no deployment came to name.</summary>
    public async Task Forget(Guid id, CancellationToken ct)
    {
        await using var command = source.CreateCommand("DELETE FROM reference_column WHERE reference_id = $1");
        command.Parameters.Add(new() { Value = id });
        await command.ExecuteNonQueryAsync(ct);
    }

    public async Task<IReadOnlyList<ReferenceColumn>> Load(Guid id, CancellationToken ct)
    {
        lock (_guard)
        {
            if (_atHand.Find(r => r.Id == id) is { Columns: { } known })
                return known;
        }

        var columns = new List<ReferenceColumn>();
        await using var command = source.CreateCommand("SELECT facts, numbers FROM reference_column WHERE reference_id = $1 ORDER BY place");
        command.Parameters.Add(new() { Value = id });
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
            {
                var numbers = (byte[])reader[1];
                var sorted = new double[numbers.Length / sizeof(double)];
                for (var i = 0; i < sorted.Length; i++)
                    sorted[i] = BinaryPrimitives.ReadDoubleLittleEndian(numbers.AsSpan(i * sizeof(double)));
                columns.Add(JsonSerializer.Deserialize<ReferenceColumn>(reader.GetString(0))! with { Sorted = sorted });
            }
        }

        lock (_guard)
        {
            _atHand.Add((id, columns));
            while (_atHand.Count > 1 && _atHand.Sum(r => r.Columns.Sum(c => c.Sorted.LongLength)) > MostNumbersAtHand)
                _atHand.RemoveAt(0);
        }

        return columns;
    }
}
