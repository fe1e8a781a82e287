using MlLifecycle.Portal.Console.Reads;

namespace MlLifecycle.Portal.Console;

/// <summary>What several runs have in common, and in what they differ.</summary>
/// <param name="Runs">In the order they are shown in.</param>
public sealed record ComparedRuns(IReadOnlyList<Run> Runs)
{
    /// <summary>More lines nobody tells apart.</summary>
    public const int Most = 100;

    public IReadOnlyList<RunColumn> Metrics { get; } = Columns(Runs, "metrics", run => run.Metrics.Keys);

    public IReadOnlyList<RunColumn> Params { get; } = Columns(Runs, "params", run => run.Params.Keys);

    public IReadOnlyList<RunColumn> Differing => field ??= [.. Params.Where(column => Runs.Select(column.Of).Distinct().Count() > 1)];

    /// <summary>A column that some run has.</summary>
    /// <param name="written">As the address writes it.</param>
    public RunColumn? Find(string? written) => written is not null && RunColumn.Read(written) is { } column && (Metrics.Contains(column) || Params.Contains(column)) ? column : null;

    private static IReadOnlyList<RunColumn> Columns(IReadOnlyList<Run> runs, string kind, Func<Run, IEnumerable<string>> keys) =>
        [.. runs.SelectMany(keys).Distinct().Order(StringComparer.Ordinal).Select(key => new RunColumn(kind, key))];
}
