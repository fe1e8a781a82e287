using System.Globalization;

namespace MlLifecycle.Experiments.Search;

internal enum Kind
{
    /// <summary>Letters, digits, underscores and dots.</summary>
    Word,

    /// <summary>Between double quotes: a key on the left of a comparison, a value on its right.</summary>
    Quoted,

    /// <summary>Between backticks: always a key.</summary>
    Backquoted,

    /// <summary>Between single quotes: a value, or a key right after its prefix and dot.</summary>
    Text,
    Number,
    Operator,
    Open,
    Close,
    Comma,
    End,
}

internal readonly record struct Token(Kind Kind, string Value, int At)
{
    /// <summary>The next token follows without a space between.</summary>
    public bool Glued { get; init; }

    public bool Is(string keyword) => Kind == Kind.Word && Value.Equals(keyword, StringComparison.OrdinalIgnoreCase);

    public override string ToString() => Kind == Kind.End ? "the end" : $"'{(Value.Length > 60 ? Value[..60] + "…" : Value)}' at {(At + 1).ToString(CultureInfo.InvariantCulture)}";
}

/// <summary>Cuts a filter or an order into tokens.</summary>
internal static class Lexer
{
    public static List<Token> Read(string text)
    {
        var tokens = new List<Token>();
        var at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            if (at == text.Length)
            {
                tokens.Add(new(Kind.End, "", at));
                return tokens;
            }

            var (token, end) = Next(text, at);
            tokens.Add(token with { Glued = end < text.Length && !char.IsWhiteSpace(text[end]) });
            at = end;
        }
    }

    private static (Token Token, int End) Next(string text, int at)
    {
        var c = text[at];
        switch (c)
        {
            case '\'':
                return Enclosed(text, at, Kind.Text);
            case '"':
                return Enclosed(text, at, Kind.Quoted);
            case '`':
                return Enclosed(text, at, Kind.Backquoted);
            case '(':
                return (new(Kind.Open, "(", at), at + 1);
            case ')':
                return (new(Kind.Close, ")", at), at + 1);
            case ',':
                return (new(Kind.Comma, ",", at), at + 1);
        }

        if (char.IsAsciiDigit(c) || (c is '-' or '+' or '.' && at + 1 < text.Length && (char.IsAsciiDigit(text[at + 1]) || text[at + 1] == '.')))
            return Number(text, at);
        // After a prefix between backticks, as in `params`.depth, the rest begins with the dot.
        if (char.IsLetter(c) || c == '_' || (c == '.' && at > 0 && text[at - 1] == '`'))
        {
            var end = at + 1;
            while (end < text.Length && (char.IsLetterOrDigit(text[end]) || char.IsNumber(text[end]) || text[end] is '_' or '.'))
                end++;
            return (new(Kind.Word, text[at..end], at), end);
        }

        if (c is '=' or '!' or '<' or '>' or '~')
        {
            var end = at + 1;
            while (end < text.Length && text[end] is '=' or '!' or '<' or '>' or '~')
                end++;
            return (new(Kind.Operator, text[at..end], at), end);
        }

        throw new SearchSyntaxException($"'{c}' at {at + 1} is not understood. Put keys with other than letters, digits, '_' and '.' between backticks, values between quotes.");
    }

    private static (Token Token, int End) Enclosed(string text, int at, Kind kind)
    {
        var quote = text[at];
        for (var end = at + 1; end < text.Length; end++)
        {
            if (text[end] != quote)
                continue;
            if (end + 1 < text.Length && text[end + 1] == quote)
                end++; // a doubled quote stands for itself
            else
                return (new(kind, text[(at + 1)..end].Replace($"{quote}{quote}", $"{quote}", StringComparison.Ordinal), at), end + 1);
        }

        throw new SearchSyntaxException($"The quote that opens at {at + 1} is never closed.");
    }

    private static (Token Token, int End) Number(string text, int at)
    {
        var end = at + 1;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '.' || (text[end] is '-' or '+' && text[end - 1] is 'e' or 'E')))
            end++;
        var number = text[at..end];
        return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? (new(Kind.Number, number, at), end)
            : throw new SearchSyntaxException($"'{number}' at {at + 1} is not a number.");
    }
}
