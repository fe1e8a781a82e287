using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace MlLifecycle.Cli.Connection;

/// <summary>Reading JSON that may hold anything.</summary>
internal static class Nodes
{
    public static string? Text(this JsonNode? node, string name) => (node as JsonObject)?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    public static IEnumerable<JsonNode> Items(this JsonNode? node, string name = "items") => ((node as JsonObject)?[name] as JsonArray ?? []).OfType<JsonNode>();

    /// <summary>The credentials of Basic authentication that stand in an address.</summary>
    public static AuthenticationHeaderValue? Credentials(this Uri address) => address.UserInfo.Length == 0
        ? null
        : new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(address.UserInfo))));
}
