using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.ServiceDefaults.Tables;

/// <summary>A row that was left out, and why. Rows count from 1; the header is not a row.</summary>
/// <param name="Row">Its number.</param>
/// <param name="Field">The column at fault, or <c>row</c>.</param>
/// <param name="Reason">What is wrong with it, as the end of a sentence that begins with the field.</param>
public sealed record RefusedRow(long Row, string Field, string Reason);

/// <summary>The refused rows of an upload: all are counted, the first ones are kept.</summary>
public sealed class RefusedRows
{
    /// <summary>How many are named in the answer.</summary>
    public const int Kept = 100;

    private readonly List<RefusedRow> _first = [];

    /// <summary>How many rows were refused.</summary>
    public long Count { get; private set; }

    /// <summary>The first of them, in the table's order.</summary>
    public IReadOnlyList<RefusedRow> First => [.. _first.OrderBy(r => r.Row).Take(Kept)];

    /// <summary>Adds a row.</summary>
    /// <param name="row">The row and why it was refused.</param>
    public void Add(RefusedRow row)
    {
        if (_first.Count < Kept)
            _first.Add(row);
        Count++;
    }

    /// <summary>Adds rows of which only the first are at hand.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many there are.</param>
    public void AddMany(IEnumerable<RefusedRow> first, long count)
    {
        _first.AddRange(first);
        Count += count;
    }
}

/// <summary>Reads a text table row by row, without holding more than a row of it.</summary>
public interface IRows : IDisposable
{
    /// <summary>The names of the columns, in the order of the cells.</summary>
    IReadOnlyList<string> Columns { get; }

    /// <summary>The number of the row read last.</summary>
    long Row { get; }

    /// <summary>Reads the next row: into <paramref name="cells"/> (trimmed; null where empty), or as a refused row.</summary>
    /// <param name="cells">Takes one cell per column.</param>
    /// <param name="refused">Why the row cannot be used; null when it can.</param>
    /// <returns>False at the end of the table.</returns>
    bool Read(Span<string?> cells, out RefusedRow? refused);
}

/// <summary>What the names of a table's columns must look like.</summary>
public static class ColumnNames
{
    private const int Most = 2000;

    /// <summary>Names the first fault, if there is one. Case does not tell columns apart, since it does not in most of the tools that read the kept table.</summary>
    /// <param name="names">The names.</param>
    public static Refusal? Check(IReadOnlyList<string> names)
    {
        if (names.Count > Most)
            return Decision.InvalidInput("columns", $"are {names.Count}; a table may have at most {Most}. Leave out those that nothing needs.");
        if (names.FirstOrDefault(n => n.Length > 200 || n.Any(char.IsControl)) is { } odd)
            return Decision.InvalidInput(odd[..Math.Min(odd.Length, 40)], "is not a usable column name: at most 200 characters, none of them a control character.");
        return names.GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? Decision.InvalidInput(twice.Key, $"is the name of {twice.Count()} columns ({string.Join(", ", twice)}). Give each column a name of its own.")
            : null;
    }
}
