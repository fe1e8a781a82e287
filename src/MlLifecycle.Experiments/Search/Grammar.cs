using System.Globalization;

namespace MlLifecycle.Experiments.Search;

/// <summary>
/// MLflow's search grammar: comparisons joined by AND, of which there may be too many; and beyond it OR, which binds less, and parentheses. Keys may stand between double quotes or backticks; strings stand between single or
/// double quotes; numbers stand bare. A key without a prefix is an attribute.
/// </summary>
public static class Grammar
{
    private const int Deepest = 50;

    /// <summary>Reads a filter.</summary>
    /// <param name="filter">The filter; null or blank for one that everything passes.</param>
    /// <param name="vocabulary">What it may speak of.</param>
    /// <exception cref="SearchSyntaxException">It is not in the grammar.</exception>
    public static IReadOnlyList<Condition> ReadFilter(string? filter, Vocabulary vocabulary)
    {
        if (string.IsNullOrWhiteSpace(filter))
            return [];
        var tokens = new Tokens(filter);
        var conditions = ReadConditions(tokens, vocabulary, 0);
        return tokens.Peek.Kind == Kind.End
            ? conditions
            : throw new SearchSyntaxException($"Invalid clause(s) in filter string: AND, OR or the end is expected, not {tokens.Peek}.");
    }

    /// <summary>Reads an order.</summary>
    /// <param name="order">One key each, as in <c>metrics.loss ASC</c>.</param>
    /// <param name="vocabulary">What it may speak of.</param>
    /// <exception cref="SearchSyntaxException">It is not in the grammar, or names a key twice.</exception>
    public static IReadOnlyList<Order> ReadOrder(IEnumerable<string>? order, Vocabulary vocabulary)
    {
        var orders = new List<Order>();
        foreach (var text in order ?? [])
        {
            var tokens = new Tokens(text);
            if (tokens.Peek.Kind == Kind.End)
                throw new SearchSyntaxException($"Invalid order_by clause '{text}'. Could not be parsed.");
            var field = ReadField(tokens, vocabulary);
            if (field.Subject == Subject.Dataset)
                throw new SearchSyntaxException($"Invalid order_by clause '{text}': datasets have no order.");
            var direction = tokens.Take();
            var descending = direction.Is("DESC");
            if (direction.Kind != Kind.End && ((!descending && !direction.Is("ASC")) || tokens.Take().Kind != Kind.End))
                throw new SearchSyntaxException($"Invalid ordering key in order_by clause '{text}': ASC or DESC is expected after the key.");
            if (orders.Any(o => o.Field == field))
                throw new SearchSyntaxException($"`order_by` contains duplicate fields: '{text}'.");
            orders.Add(new(field, descending));
        }

        return orders;
    }

    private static List<Condition> ReadConditions(Tokens tokens, Vocabulary vocabulary, int depth)
    {
        if (depth > Deepest)
            throw new SearchSyntaxException($"Parentheses are nested more than {Deepest} deep.");
        var alternatives = new List<IReadOnlyList<Condition>>();
        while (true)
        {
            var all = new List<Condition>();
            // Scripts that glue a filter together leave an AND at its beginning or end.
            SkipAnds(tokens);
            do
                ReadOperand(tokens, vocabulary, depth, all);
            while (SkipAnds(tokens) && tokens.Peek.Kind != Kind.End);

            if (!tokens.Peek.Is("OR"))
            {
                if (alternatives.Count == 0)
                    return all;
                alternatives.Add(all);
                return [new Either(alternatives)];
            }

            tokens.Take();
            alternatives.Add(all);
        }
    }

    private static bool SkipAnds(Tokens tokens)
    {
        var any = false;
        for (; tokens.Peek.Is("AND"); any = true)
            tokens.Take();
        return any;
    }

    private static void ReadOperand(Tokens tokens, Vocabulary vocabulary, int depth, List<Condition> into)
    {
        if (tokens.Peek.Kind != Kind.Open)
        {
            into.Add(ReadClause(tokens, vocabulary));
            return;
        }

        tokens.Take();
        into.AddRange(ReadConditions(tokens, vocabulary, depth + 1));
        if (tokens.Take() is { Kind: not Kind.Close } other)
            throw new SearchSyntaxException($"AND, OR or a closing parenthesis is expected, not {other}.");
    }

    private static Clause ReadClause(Tokens tokens, Vocabulary vocabulary)
    {
        var field = ReadField(tokens, vocabulary);
        var comparison = ReadComparison(tokens);
        Allow(field, comparison, vocabulary);
        return new(field, comparison, comparison switch
        {
            Comparison.IsNull or Comparison.IsNotNull => null,
            Comparison.In or Comparison.NotIn => ReadSet(tokens),
            _ => ReadValue(tokens, field, comparison, vocabulary),
        });
    }

    private static Field ReadField(Tokens tokens, Vocabulary vocabulary)
    {
        var first = tokens.Take();
        if (first.Kind is not (Kind.Word or Kind.Quoted or Kind.Backquoted))
            throw new SearchSyntaxException($"Invalid comparison clause: a key is expected, not {first}.");
        var (prefix, key, dotted) = (first.Value, "", first);
        if (first.Kind != Kind.Word)
        {
            // `metrics`.loss is as good as metrics.`loss`
            if (!first.Glued || tokens.Peek is not { Kind: Kind.Word, Value: ['.', .. var rest] })
                return vocabulary.Attribute(first.Value);
            (key, dotted) = (rest, tokens.Take());
        }
        else if (first.Value.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot)
            (prefix, key) = (first.Value[..dot], first.Value[(dot + 1)..]);
        else
            return vocabulary.Attribute(first.Value);

        if (!dotted.Value.EndsWith('.') || !dotted.Glued)
            return vocabulary.Resolve(prefix, key);
        var quoted = tokens.Take();
        return quoted.Kind is Kind.Quoted or Kind.Backquoted or Kind.Text
            ? vocabulary.Resolve(prefix, key + quoted.Value)
            : throw new SearchSyntaxException($"Invalid comparison clause: a key is expected after '{prefix}.', not {quoted}.");
    }

    private static Comparison ReadComparison(Tokens tokens)
    {
        var token = tokens.Take();
        if (token.Kind == Kind.Operator)
        {
            return token.Value switch
            {
                "=" => Comparison.Equal,
                "!=" => Comparison.NotEqual,
                "<" => Comparison.Less,
                "<=" => Comparison.LessOrEqual,
                ">" => Comparison.Greater,
                ">=" => Comparison.GreaterOrEqual,
                _ => throw new SearchSyntaxException($"Invalid comparator {token}. Valid are =, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT IN, IS NULL, IS NOT NULL."),
            };
        }

        if (token.Is("LIKE"))
            return Comparison.Like;
        if (token.Is("ILIKE"))
            return Comparison.ILike;
        if (token.Is("IN"))
            return Comparison.In;
        if (token.Is("NOT") && tokens.Peek.Is("IN"))
        {
            tokens.Take();
            return Comparison.NotIn;
        }

        if (token.Is("IS"))
        {
            var not = tokens.Peek.Is("NOT");
            if (not)
                tokens.Take();
            if (tokens.Take().Is("NULL"))
                return not ? Comparison.IsNotNull : Comparison.IsNull;
        }

        throw new SearchSyntaxException($"Invalid comparison clause: a comparator is expected, not {token}.");
    }

    private static void Allow(Field field, Comparison comparison, Vocabulary vocabulary)
    {
        var allowed = comparison switch
        {
            Comparison.Equal => true,
            Comparison.NotEqual => field.Subject != Subject.Prompt,
            Comparison.Less or Comparison.LessOrEqual or Comparison.Greater or Comparison.GreaterOrEqual => vocabulary.IsNumeric(field) || Vocabulary.IsOfAnyType(field),
            Comparison.Like or Comparison.ILike => !vocabulary.IsNumeric(field) && field.Subject != Subject.Prompt,
            Comparison.In or Comparison.NotIn => vocabulary.Sets && field.Subject is Subject.Attribute or Subject.Dataset or Subject.Span && !vocabulary.IsNumeric(field),
            _ => field.Subject is Subject.Metric or Subject.Param or Subject.Tag or Subject.Metadata or Subject.Feedback or Subject.Expectation,
        };
        if (!allowed)
            throw new SearchSyntaxException($"Invalid comparator '{Spelled(comparison)}' for {field.Subject.ToString().ToLowerInvariant()} '{field.Key}'.");
    }

    private static object ReadValue(Tokens tokens, Field field, Comparison comparison, Vocabulary vocabulary)
    {
        var token = tokens.Take();
        var numeric = !Vocabulary.IsOfAnyType(field) ? vocabulary.IsNumeric(field) : comparison switch
        {
            Comparison.Equal or Comparison.NotEqual => token.Kind == Kind.Number,
            Comparison.Like or Comparison.ILike => false,
            _ => true,
        };
        if (!numeric)
        {
            if (field.Subject == Subject.Prompt && token.Kind is Kind.Text or Kind.Quoted && token.Value.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
                throw new SearchSyntaxException($"Invalid prompts filter value {token}. Expected format: prompt = \"name/version\"");
            if (vocabulary.Bare && token.Kind == Kind.Number)
                return token.Value;
            return token.Kind is Kind.Text or Kind.Quoted
                ? token.Value
                : throw new SearchSyntaxException($"Expected a quoted string value for {field.Subject.ToString().ToLowerInvariant()} '{field.Key}' (e.g. 'my-value'). Got {token}.");
        }

        if (token.Kind != Kind.Number)
            throw new SearchSyntaxException($"Expected numeric value type for {field.Subject.ToString().ToLowerInvariant()} '{field.Key}'. Found {token}.");
        // As an object on both sides: otherwise the whole number would become a double, which no index over whole numbers serves.
        return field.Subject == Subject.Attribute && long.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? (object)whole
            : double.Parse(token.Value, CultureInfo.InvariantCulture);
    }

    private static string[] ReadSet(Tokens tokens)
    {
        if (tokens.Take() is { Kind: not Kind.Open } other)
            throw new SearchSyntaxException($"A list of quoted strings in parentheses is expected, not {other}.");
        var values = new List<string>();
        while (true)
        {
            var value = tokens.Take();
            if (value.Kind == Kind.Close && values.Count > 0)
                return [.. values]; // what Python writes for a tuple of one: ('a',)
            if (value.Kind is not (Kind.Text or Kind.Quoted))
                throw new SearchSyntaxException($"A quoted string is expected in the list, not {value}.");
            values.Add(value.Value);
            var next = tokens.Take();
            if (next.Kind == Kind.Close)
                return [.. values];
            if (next.Kind != Kind.Comma)
                throw new SearchSyntaxException($"A comma or the end of the list is expected, not {next}.");
        }
    }

    private static string Spelled(Comparison comparison) => comparison switch
    {
        Comparison.Equal => "=",
        Comparison.NotEqual => "!=",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        Comparison.GreaterOrEqual => ">=",
        Comparison.Like => "LIKE",
        Comparison.ILike => "ILIKE",
        Comparison.In => "IN",
        Comparison.NotIn => "NOT IN",
        Comparison.IsNull => "IS NULL",
        _ => "IS NOT NULL",
    };

    private sealed class Tokens(string text)
    {
        private readonly List<Token> _tokens = Lexer.Read(text);
        private int _next;

        public Token Peek => _tokens[_next];

        public Token Take() => _tokens[_next < _tokens.Count - 1 ? _next++ : _next];
    }
}
