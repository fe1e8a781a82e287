using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Import;

/// <summary>Something that could not be copied.</summary>
/// <param name="Kind">As in <c>artifact</c> or <c>model version</c>.</param>
/// <param name="What">Which one.</param>
/// <param name="Why">Why not.</param>
internal sealed record NotCopied(string Kind, string What, string Why);

/// <summary>What an import copied, found copied already, and could not copy.</summary>
internal sealed class ImportReport(string source, string target, bool dryRun, TimeProvider clock)
{
    /// <summary>As many things as are listed one by one; beyond that they are counted.</summary>
    private const int Listed = 10_000;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long> _copied = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _already = new(StringComparer.Ordinal);
    private readonly List<NotCopied> _notCopied = [];
    private readonly SortedSet<string> _notes = new(StringComparer.Ordinal);
    private readonly DateTimeOffset _started = clock.GetUtcNow();
    private long _failures;

    public bool DryRun => dryRun;

    public bool Finished { get; set; }

    public bool Complete => Interlocked.Read(ref _failures) == 0;

    public void Copied(string what, long count = 1) => Add(_copied, what, count);

    /// <summary>What an earlier import, or an earlier part of this one, had copied.</summary>
    public void Already(string what, long count = 1) => Add(_already, what, count);

    public void Failed(string kind, string what, string why)
    {
        lock (_lock)
        {
            if (_failures++ < Listed)
                _notCopied.Add(new(kind, what, why));
        }
    }

    /// <summary>Something that whoever reads the report should know of the whole.</summary>
    public void Note(string text)
    {
        lock (_lock)
            _notes.Add(text);
    }

    public long Count(string what)
    {
        lock (_lock)
            return _copied.GetValueOrDefault(what);
    }

    /// <summary>One line for a progress bar.</summary>
    public string Line()
    {
        lock (_lock)
        {
            var already = _already.GetValueOrDefault("runs");
            return $"{_copied.GetValueOrDefault("runs")} runs{(already > 0 ? $" (and {already} before)" : "")}, {_copied.GetValueOrDefault("metric points")} metric points, "
                + $"{_copied.GetValueOrDefault("artifacts")} artifacts ({Say.Bytes(_copied.GetValueOrDefault("artifact bytes"))})";
        }
    }

    public object Whole(string problem)
    {
        lock (_lock)
        {
            return new
            {
                source, target, dryRun, startedAt = _started, endedAt = clock.GetUtcNow(), finished = Finished, problem = problem.Length > 0 ? problem : null,
                copied = _copied.ToDictionary(), already = _already.ToDictionary(), notCopied = _notCopied.ToList(), notCopiedCount = _failures, notes = _notes.ToList(),
            };
        }
    }

    public void Tell(bool json, string problem)
    {
        if (json)
        {
            Say.Json(Whole(problem));
            return;
        }

        Say.Table(
            ["what", dryRun ? ">to copy" : ">copied", ">there already"],
            _copied.Keys.Union(_already.Keys).Order(StringComparer.Ordinal).Select(what => (string[])[what, Amount(what, _copied), Amount(what, _already)]),
            $"{source} to {target}");
        foreach (var note in _notes)
            Say.Aside(note);
        if (_failures == 0)
            return;
        Say.Line("");
        Say.Table(["not copied", "which", "why"], _notCopied.Select(n => (string[])[n.Kind, n.What, n.Why]));
        if (_failures > Listed)
            Say.Aside($"and {_failures - Listed} more.");
    }

    private static string Amount(string what, SortedDictionary<string, long> counts) =>
        counts.TryGetValue(what, out var count) ? what.EndsWith("bytes", StringComparison.Ordinal) && !Say.Plain ? Say.Bytes(count) : $"{count}" : "";

    private void Add(SortedDictionary<string, long> counts, string what, long count)
    {
        if (count == 0)
            return;
        lock (_lock)
            counts[what] = counts.GetValueOrDefault(what) + count;
    }
}
