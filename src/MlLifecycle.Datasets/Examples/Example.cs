namespace MlLifecycle.Datasets.Examples;

/// <summary>One example: a row, or an image with its label.</summary>
/// <param name="Content">The same for two examples exactly when their inputs are the same: every value but the label and a column <c>id</c>.</param>
/// <param name="Label">Its label; null when it has none.</param>
/// <param name="Tags">The values of the declared tags, as one text.</param>
public readonly record struct Example(UInt128 Content, string? Label, string Tags = "");

/// <summary>All examples of a source, in the source's order.</summary>
public sealed class ExampleSet
{
    /// <summary>24 bytes each: beyond this a split needs more memory than a service should take.</summary>
    public const int Most = 10_000_000;

    private readonly Dictionary<(string?, string), int> _strata = [];

    /// <summary>The different pairs of label and tags.</summary>
    public List<(string? Label, string Tags)> Strata { get; } = [];

    /// <summary>Of each example.</summary>
    public List<UInt128> Contents { get; } = [];

    /// <summary>Of each example: its place in <see cref="Strata"/>.</summary>
    public List<int> StratumOf { get; } = [];

    public int Count => Contents.Count;

    /// <exception cref="InvalidDataException">There are more examples than fit.</exception>
    public static ExampleSet Of(IEnumerable<Example> examples)
    {
        var set = new ExampleSet();
        foreach (var example in examples)
        {
            if (set.Count == Most)
                throw new InvalidDataException($"it has more than {Most} examples, which is the most that can be looked at together.");
            set.Add(example);
        }

        return set;
    }

    public string? LabelOf(int example) => Strata[StratumOf[example]].Label;

    /// <summary>How many examples have the content of another that came before.</summary>
    public long Duplicates()
    {
        var sorted = Contents.ToArray();
        Array.Sort(sorted);
        var duplicates = 0L;
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
                duplicates++;
        }

        return duplicates;
    }

    private void Add(Example example)
    {
        var stratum = (example.Label, example.Tags);
        if (!_strata.TryGetValue(stratum, out var place))
        {
            _strata[stratum] = place = Strata.Count;
            Strata.Add(stratum);
        }

        Contents.Add(example.Content);
        StratumOf.Add(place);
    }
}
