using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MlLifecycle.ServiceDefaults.Decisions;

namespace MlLifecycle.Experiments.Protocol;

/// <summary>
/// Where a list goes on: after the last item given, by its place in the order. What is added or removed meanwhile neither repeats nor skips
/// another item. A token belongs to the search that gave it.
/// </summary>
/// <param name="Search">A fingerprint of the search.</param>
/// <param name="Phase">Which part of the order is being read.</param>
/// <param name="After">The last item's place.</param>
public sealed record PageToken(string Search, int Phase, JsonElement[] After)
{
    public static string Fingerprint(params IEnumerable<string?> search) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', search))), 0, 8);

    public string Encode() => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(this));

    /// <summary>Reads a token back.</summary>
    /// <param name="text">What the caller passed; null or empty for the first page.</param>
    /// <param name="search">The fingerprint of the search it is passed to.</param>
    /// <param name="places">How many values make a place in this search's order, by phase.</param>
    /// <param name="token">The token; null for the first page.</param>
    public static Refusal? Decode(string? text, string search, Func<int, int> places, out PageToken? token)
    {
        token = null;
        if (string.IsNullOrEmpty(text))
            return null;
        try
        {
            token = JsonSerializer.Deserialize<PageToken>(Convert.FromBase64String(text));
        }
        catch (Exception malformed) when (malformed is FormatException or JsonException)
        {
            return Mlflow.Invalid("Invalid page token, could not base64-decode: pass next_page_token of the page before.");
        }

        return token is { After: not null } && token.Search == search && token.After.Length == places(token.Phase)
            ? null
            : Mlflow.Invalid("Invalid page token: it belongs to another search.");
    }
}
