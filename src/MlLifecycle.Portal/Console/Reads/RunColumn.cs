using System.Text.RegularExpressions;

namespace MlLifecycle.Portal.Console.Reads;

/// <summary>A column of the table of runs, as the address names it: <c>metrics.loss</c>, <c>params.depth</c>, <c>tags.team</c>, or one of a run's own.</summary>
/// <param name="Kind">metrics, params, tags; run for what every run has.</param>
/// <param name="Key">The name in there.</param>
public sealed partial record RunColumn(string Kind, string Key)
{
    public static readonly RunColumn Name = new("run", "name");
    public static readonly RunColumn State = new("run", "state");
    public static readonly RunColumn Started = new("run", "started");
    public static readonly RunColumn Took = new("run", "took");

    /// <summary>What every run has beside its name and state, to choose from.</summary>
    public static readonly RunColumn[] Own = [Started, Took, new("run", "experiment"), new("run", "algorithm"), new("run", "data")];

    public bool IsMetric => Kind == "metrics";

    public string Title => Kind == "run" ? Say.Capital(Key) : Key;

    /// <summary>As the address writes it.</summary>
    public string Written => $"{Kind}.{Key}";

    /// <summary>The field in MLflow's grammar; null for what it cannot sort by.</summary>
    public string? Field => this switch
    {
        { Kind: not "run" } => Quoted(Kind, Key),
        { Key: "name" } => "attributes.run_name",
        { Key: "state" } => "attributes.status",
        { Key: "started" } => "attributes.start_time",
        _ => null,
    };

    public static RunColumn? Read(string written) => written.Split('.', 2) is [var kind and ("metrics" or "params" or "tags"), { Length: > 0 } key] ? new(kind, key)
        : Own.FirstOrDefault(column => column.Written == written);

    /// <summary>A field as the grammar takes it, quoted where its name is not a plain one.</summary>
    public static string Quoted(string kind, string key) =>
        Plain().IsMatch(key) ? $"{kind}.{key}" : key.Contains('`', StringComparison.Ordinal) ? $"{kind}.\"{key}\"" : $"{kind}.`{key}`";

    /// <summary>The value as text; a number is made shorter.</summary>
    public string? Of(Run run) => Kind switch
    {
        "metrics" => run.Metrics.TryGetValue(Key, out var value) ? value is null ? "NaN" : Say.Figure(value) : null,
        "params" => run.Params.GetValueOrDefault(Key),
        "tags" => run.Tags.GetValueOrDefault(Key),
        _ => Key switch
        {
            "experiment" => run.Experiment,
            "algorithm" => run.Algorithm,
            "took" => run is { StartedAt: { } from, EndedAt: { } to } && to > from ? Say.Lasted(to - from) : null,
            "data" => string.Join(", ", run.Inputs.Select(input => $"{input.Name} {input.Digest[..Math.Min(8, input.Digest.Length)]}").Distinct()),
            _ => null,
        },
    };

    /// <summary>The value as a number; null when it is none.</summary>
    public double? Number(Run run) => IsMetric ? run.Metrics.GetValueOrDefault(Key)
        : double.TryParse(Of(run), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_.]*$")]
    private static partial Regex Plain();
}

/// <summary>What the table of runs shows, as the address holds it.</summary>
/// <param name="Experiment">An experiment's name; null for all.</param>
/// <param name="Filter">In MLflow's grammar.</param>
/// <param name="Order">A field, and DESC or ASC.</param>
public sealed record RunQuery(string? Experiment, string? Filter, string? Order)
{
    /// <summary>The query of the API for it, beginning with a question mark.</summary>
    public string Api(int? limit = null) => "?" + string.Join('&', new[]
    {
        Part("experiment", Experiment), Part("filter", Filter), Part("order", Order), limit is { } most ? $"limit={most}" : null,
    }.OfType<string>());

    public string? Direction(RunColumn column) => column.Field is { } field && Order is { } order
        ? order == field + " DESC" ? "descending" : order == field + " ASC" ? "ascending" : null
        : null;

    private static string? Part(string name, string? value) => string.IsNullOrEmpty(value) ? null : $"{name}={Uri.EscapeDataString(value)}";
}
