using System.Runtime.InteropServices;
using MlLifecycle.Datasets.Examples;
using MlLifecycle.Datasets.Profiles;

namespace MlLifecycle.Datasets.Checks;

/// <summary>Whether the same input always has the same label, over all files of a version.</summary>
public sealed class Consistency
{
    private const int Shown = 20;
    private readonly Dictionary<UInt128, First> _first = [];
    private readonly Dictionary<string, long> _labels = [];
    private readonly Dictionary<UInt128, (List<string> Rows, List<string> Labels)> _conflicts = [];
    private readonly List<string> _paths = [];

    public long Examples { get; private set; }

    public long Duplicates { get; private set; }

    /// <summary>Inputs that were met with different labels.</summary>
    public long Conflicts { get; private set; }

    public IReadOnlyList<Conflict> FirstConflicts => [.. _conflicts.Values.Select(c => new Conflict(c.Rows, c.Labels))];

    /// <summary>The labels there are, the most frequent first.</summary>
    public IReadOnlyList<ValueCount> Labels =>
        [.. _labels.Select(l => new ValueCount(l.Key, l.Value)).OrderByDescending(l => l.Count).ThenBy(l => l.Value, StringComparer.Ordinal)];

    /// <exception cref="InvalidDataException">There are more examples than fit.</exception>
    public void Look(string path, IEnumerable<Example> examples)
    {
        _paths.Add(path);
        var row = -1L;
        foreach (var example in examples)
        {
            row++;
            if (++Examples > ExampleSet.Most)
                throw new InvalidDataException($"with it there are more than {ExampleSet.Most} examples, which is the most that can be looked at together.");
            if (example.Label is { } label)
                CollectionsMarshal.GetValueRefOrAddDefault(_labels, label, out _)++;
            ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(_first, example.Content, out var seen);
            if (!seen)
            {
                first = new(_paths.Count - 1, row, example.Label, false);
                continue;
            }

            Duplicates++;
            if (example.Label is not null && first.Label is not null && example.Label != first.Label)
                Contradict(ref first, example, path, row);
            else if (first.Label is null)
                first = first with { Label = example.Label };
        }
    }

    private void Contradict(ref First first, Example example, string path, long row)
    {
        if (!first.Contradicted)
        {
            first = first with { Contradicted = true };
            Conflicts++;
            if (_conflicts.Count < Shown)
                _conflicts[example.Content] = ([$"{_paths[first.Path]}#{first.Row}"], [first.Label!]);
        }

        if (_conflicts.TryGetValue(example.Content, out var conflict) && conflict.Rows.Count < Shown)
        {
            conflict.Rows.Add($"{path}#{row}");
            if (!conflict.Labels.Contains(example.Label!))
                conflict.Labels.Add(example.Label!);
        }
    }

    private readonly record struct First(int Path, long Row, string? Label, bool Contradicted);
}
