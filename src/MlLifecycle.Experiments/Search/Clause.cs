namespace MlLifecycle.Experiments.Search;

/// <summary>What of a run, or of another thing that is searched, a clause looks at.</summary>
public enum Subject
{
    Metric,
    Param,
    Tag,
    Attribute,
    Dataset,
    Metadata,
    Feedback,
    Expectation,
    Span,
    Prompt,
}

/// <summary>How a clause compares.</summary>
public enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    ILike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

/// <summary>A value that is searched or sorted by, as in <c>metrics.accuracy</c>.</summary>
/// <param name="Subject">Of what kind.</param>
/// <param name="Key">Its key; an attribute's or dataset's canonical name.</param>
public sealed record Field(Subject Subject, string Key);

/// <summary>A part of a filter; a filter is a list of them that must all hold.</summary>
public abstract record Condition
{
    /// <summary>All fields that conditions look at.</summary>
    public static IEnumerable<Field> FieldsOf(IEnumerable<Condition> conditions) => conditions.SelectMany(condition => condition switch
    {
        Clause clause => [clause.Field],
        Either either => either.Alternatives.SelectMany(FieldsOf),
        _ => [],
    });
}

/// <summary>A choice, of which one alternative at least must hold: an extension of MLflow's grammar.</summary>
/// <param name="Alternatives">Each a list of conditions that must all hold.</param>
public sealed record Either(IReadOnlyList<IReadOnlyList<Condition>> Alternatives) : Condition;

/// <summary>One comparison.</summary>
/// <param name="Field">The left side.</param>
/// <param name="Comparison">The operator.</param>
/// <param name="Operand">The right side: a <see cref="double"/>, <see cref="long"/>, <see cref="string"/> or array of strings; null for IS NULL.</param>
public sealed record Clause(Field Field, Comparison Comparison, object? Operand) : Condition;

/// <summary>One key of an order.</summary>
/// <param name="Field">What to sort by.</param>
/// <param name="Descending">Largest first.</param>
public sealed record Order(Field Field, bool Descending);

/// <summary>Text that is not in the search grammar.</summary>
/// <param name="message">What is wrong and where.</param>
public sealed class SearchSyntaxException(string message) : Exception(message);
