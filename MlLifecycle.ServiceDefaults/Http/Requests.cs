using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.ServiceDefaults.Http;

/// <summary>The moment a read asks about, from <c>?at=</c> (RFC 3339). A bad value is refused with 400.</summary>
/// <param name="Time">The moment, UTC; null means now.</param>
public readonly record struct At(DateTimeOffset? Time)
{
    /// <summary>Binds <c>?at=</c>.</summary>
    /// <param name="context">The request.</param>
    public static ValueTask<At> BindAsync(HttpContext context)
    {
        var text = context.Request.Query["at"].ToString();
        if (text.Length == 0)
            return ValueTask.FromResult(new At(null));
        // A plus sign that was not escaped arrives as a space.
        return DateTimeOffset.TryParse(text.Replace(' ', '+'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? ValueTask.FromResult(new At(time))
            : throw new UnusableParameterException("at", "must be a time as in 2026-03-03T12:00:00Z.");
    }
}

/// <summary>The version of a stream the caller has seen, from <c>If-Match</c>.</summary>
/// <param name="Version">The version; null when the header is absent or <c>*</c>.</param>
public readonly record struct IfMatch(long? Version)
{
    /// <summary>Binds <c>If-Match</c>.</summary>
    /// <param name="context">The request.</param>
    public static ValueTask<IfMatch> BindAsync(HttpContext context)
    {
        var text = context.Request.Headers.IfMatch.ToString();
        if (text is "" or "*")
            return ValueTask.FromResult(new IfMatch(null));
        return long.TryParse(text.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? ValueTask.FromResult(new IfMatch(version))
            : throw new UnusableParameterException("If-Match", "must be an ETag this API has given, as in \"7\".");
    }
}

/// <summary>One page of a list.</summary>
/// <typeparam name="T">What it lists.</typeparam>
/// <param name="Items">The page's items.</param>
/// <param name="Next">The cursor to pass as <c>after</c> for the next page; null on the last.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>Makes pages.</summary>
public static class Page
{
    /// <summary>Cuts a page out of one item more than it holds.</summary>
    /// <typeparam name="T">What it lists.</typeparam>
    /// <param name="oneMore">At most <paramref name="limit"/> + 1 items.</param>
    /// <param name="limit">The page's size.</param>
    /// <param name="key">What the cursor of an item is made of.</param>
    public static Page<T> Of<T>(IReadOnlyList<T> oneMore, int limit, Func<T, object?> key) => oneMore.Count <= limit
        ? new(oneMore, null)
        : new([.. oneMore.Take(limit)], Cursor.Encode(key(oneMore[limit - 1])));
}

/// <summary>Where a list goes on, opaque to callers.</summary>
public static class Cursor
{
    /// <summary>Writes a key as a cursor.</summary>
    /// <param name="key">Anything JSON can carry.</param>
    public static string Encode(object? key) =>
        Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(key)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>Reads a cursor back.</summary>
    /// <typeparam name="T">The key's type.</typeparam>
    /// <param name="cursor">What the caller passed as <c>after</c>; null or empty for the first page.</param>
    /// <param name="key">The key; the default for the first page.</param>
    /// <returns>A refusal when the text is no cursor of this list.</returns>
    public static Refusal? Decode<T>(string? cursor, out T? key)
    {
        key = default;
        if (string.IsNullOrEmpty(cursor))
            return null;
        try
        {
            var base64 = cursor.Replace('-', '+').Replace('_', '/');
            key = JsonSerializer.Deserialize<T>(Convert.FromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '=')));
            return null;
        }
        catch (Exception malformed) when (malformed is FormatException or JsonException or DecoderFallbackException)
        {
            return Decision.InvalidInput("after", "is not a cursor of this list: pass 'next' of the page before.");
        }
    }

    /// <summary>A page size within bounds.</summary>
    /// <param name="asked">What the caller asked for.</param>
    /// <param name="usual">When nothing was asked.</param>
    /// <param name="most">The largest page.</param>
    public static int Limit(int? asked, int usual = 100, int most = 1000) => Math.Clamp(asked ?? usual, 1, most);
}
