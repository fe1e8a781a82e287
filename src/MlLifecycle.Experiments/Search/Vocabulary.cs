namespace MlLifecycle.Experiments.Search;

/// <summary>An attribute of what is searched.</summary>
/// <param name="Name">Its canonical name.</param>
/// <param name="Numeric">Compared with numbers; otherwise with quoted strings.</param>
/// <param name="Of">What it is an attribute of.</param>
public sealed record AttributeName(string Name, bool Numeric = false, Subject Of = Subject.Attribute);

/// <summary>What a filter may speak of: each kind of thing that is searched has its own words.</summary>
/// <param name="Prefixes">From the word before the dot to what it means.</param>
/// <param name="Attributes">From an attribute's name or alias to the attribute.</param>
/// <param name="Sets">Whether strings may be compared with IN and NOT IN.</param>
public sealed record Vocabulary(
    IReadOnlyDictionary<string, Subject> Prefixes, IReadOnlyDictionary<string, AttributeName> Attributes, bool Sets)
{
    /// <summary>Whether a text that looks like a number may stand without quotes.</summary>
    public bool Bare { get; private init; }

    /// <summary>What a span's attributes begin with in a filter.</summary>
    public const string SpanAttributes = "attributes.";

    private static readonly string[] DatasetKeys = ["name", "digest", "context"];

    private static readonly string[] SpanKeys = ["name", "type", "status", "content"];

    private static readonly Dictionary<string, Subject> TagsAndAttributes = new(StringComparer.Ordinal)
    {
        ["tag"] = Subject.Tag,
        ["tags"] = Subject.Tag,
        ["attr"] = Subject.Attribute,
        ["attribute"] = Subject.Attribute,
        ["attributes"] = Subject.Attribute,
    };

    public static readonly Vocabulary Runs = new(
        new Dictionary<string, Subject>(StringComparer.Ordinal)
        {
            ["metric"] = Subject.Metric,
            ["metrics"] = Subject.Metric,
            ["param"] = Subject.Param,
            ["params"] = Subject.Param,
            ["parameter"] = Subject.Param,
            ["parameters"] = Subject.Param,
            ["tag"] = Subject.Tag,
            ["tags"] = Subject.Tag,
            ["attr"] = Subject.Attribute,
            ["attribute"] = Subject.Attribute,
            ["attributes"] = Subject.Attribute,
            ["run"] = Subject.Attribute,
            ["dataset"] = Subject.Dataset,
            ["datasets"] = Subject.Dataset,
        },
        Named(
            [new("run_id"), new("run_name"), new("user_id"), new("status"), new("artifact_uri"), new("start_time", true), new("end_time", true)],
            ("created", "start_time"), ("Created", "start_time"), ("run name", "run_name"), ("Run name", "run_name"), ("Run Name", "run_name")),
        Sets: true);

    public static readonly Vocabulary Experiments = new(
        TagsAndAttributes,
        Named([new("name"), new("experiment_id"), new("creation_time", true), new("last_update_time", true)]),
        Sets: false);

    public static readonly Vocabulary LoggedModels = new(
        new Dictionary<string, Subject>(TagsAndAttributes, StringComparer.Ordinal)
        {
            ["metric"] = Subject.Metric,
            ["metrics"] = Subject.Metric,
            ["param"] = Subject.Param,
            ["params"] = Subject.Param,
        },
        Named(
            [new("name"), new("model_id"), new("model_type"), new("status"), new("source_run_id"), new("creation_timestamp", true), new("last_updated_timestamp", true)],
            ("creation_time", "creation_timestamp"), ("creation_timestamp_ms", "creation_timestamp"), ("last_updated_time", "last_updated_timestamp"),
            ("last_updated_timestamp_ms", "last_updated_timestamp")),
        Sets: true)
    { Bare = true };

    public static readonly Vocabulary Traces = new(
        new Dictionary<string, Subject>(TagsAndAttributes, StringComparer.Ordinal)
        {
            ["trace"] = Subject.Attribute,
            ["metadata"] = Subject.Metadata,
            ["request_metadata"] = Subject.Metadata,
            ["feedback"] = Subject.Feedback,
            ["expectation"] = Subject.Expectation,
            ["span"] = Subject.Span,
        },
        Named(
            [
                new("trace_id"), new("client_request_id"), new("name"), new("status"), new("run_id"), new("prompt", Of: Subject.Prompt), new("content", Of: Subject.Span), new("timestamp_ms", true), new("execution_time_ms", true),
                new("end_time_ms", true), new("experiment_id", true),
            ],
            ("request_id", "trace_id"), ("state", "status"), ("timestamp", "timestamp_ms"), ("request_time", "timestamp_ms"), ("execution_time", "execution_time_ms"),
            ("execution_duration", "execution_time_ms"), ("end_time", "end_time_ms"), ("text", "content")),
        Sets: true);

    public static readonly Vocabulary Models = new(
        TagsAndAttributes,
        Named([new("name"), new("creation_timestamp", true), new("last_updated_timestamp", true)], ("timestamp", "last_updated_timestamp")),
        Sets: false);

    public static readonly Vocabulary ModelVersions = new(
        TagsAndAttributes,
        Named(
            [new("name"), new("run_id"), new("source_path"), new("version_number", true), new("creation_timestamp", true), new("last_updated_timestamp", true)]),
        Sets: true);

    public static readonly Vocabulary EvaluationDatasets = new(
        TagsAndAttributes,
        Named([new("name"), new("dataset_id"), new("created_by"), new("last_updated_by"), new("created_time", true), new("last_update_time", true)]),
        Sets: true);

    internal Field Resolve(string prefix, string key)
    {
        if (!Prefixes.TryGetValue(prefix, out var subject))
            throw new SearchSyntaxException($"Invalid entity type '{prefix}'. Valid values are {string.Join(", ", Prefixes.Keys.Order(StringComparer.Ordinal))}.");
        if (key.Length == 0)
            throw new SearchSyntaxException($"'{prefix}.' lacks a key.");
        return subject switch
        {
            Subject.Attribute => Attribute(key),
            Subject.Span when !SpanKeys.Contains(key) && !(key.StartsWith(SpanAttributes, StringComparison.Ordinal) && key.Length > SpanAttributes.Length) =>
                throw new SearchSyntaxException($"Invalid span key '{key}' specified. Valid keys are {string.Join(", ", SpanKeys)} and {SpanAttributes} with an attribute's name."),
            Subject.Dataset when !DatasetKeys.Contains(key) =>
                throw new SearchSyntaxException($"Invalid dataset key '{key}' specified. Valid keys are {string.Join(", ", DatasetKeys)}."),
            _ => new(subject, key),
        };
    }

    /// <summary>Values that are JSON of any type: compared as texts, or, with a number, as numbers.</summary>
    internal static bool IsOfAnyType(Field field) => field.Subject is Subject.Feedback or Subject.Expectation;

    internal Field Attribute(string key) => Attributes.TryGetValue(key, out var attribute)
        ? new(attribute.Of, attribute.Name)
        : throw new SearchSyntaxException($"Invalid attribute key '{key}' specified. Valid keys are {string.Join(", ", Attributes.Keys.Order(StringComparer.Ordinal))}.");

    internal bool IsNumeric(Field field) =>
        field.Subject == Subject.Metric || (field.Subject == Subject.Attribute && Attributes[field.Key].Numeric);

    private static Dictionary<string, AttributeName> Named(AttributeName[] attributes, params (string Alias, string Name)[] aliases)
    {
        var named = attributes.ToDictionary(a => a.Name, StringComparer.Ordinal);
        foreach (var (alias, name) in aliases)
            named[alias] = named[name];
        return named;
    }
}
