using System.Buffers.Text;
using System.Security.Cryptography;
using MlLifecycle.ServiceDefaults.Decisions;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Datasets.Objects;

/// <summary>Names of contents: SHA-256 as 64 lower-case hex digits.</summary>
public static class Digest
{
    public const int Length = 64;

    public static string Of(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    public static bool IsOne(string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);

    /// <summary>What the caller says the upload's digest is: <c>X-Content-Sha256: hex</c>, <c>Digest: sha-256=base64</c> (RFC 3230) or
    /// <c>Content-Digest: sha-256=:base64:</c> (RFC 9530).</summary>
    /// <param name="headers">The request's headers.</param>
    /// <param name="expected">The digest; null when no header names one.</param>
    public static Refusal? Expected(IHeaderDictionary headers, out string? expected)
    {
        expected = null;
        if (headers["X-Content-Sha256"].ToString() is { Length: > 0 } hex)
        {
            expected = hex.ToLowerInvariant();
            return IsOne(expected) ? null : InvalidInput("X-Content-Sha256", "must be a SHA-256 digest as 64 hex digits.");
        }

        foreach (var header in (string[])["Digest", "Content-Digest"])
        {
            foreach (var part in headers[header].ToString().Split(',', StringSplitOptions.TrimEntries))
            {
                if (!part.StartsWith("sha-256=", StringComparison.OrdinalIgnoreCase))
                    continue;
                var bytes = new byte[SHA256.HashSizeInBytes];
                var text = part["sha-256=".Length..].Trim(':');
                if (!Base64.IsValid(text) || !Convert.TryFromBase64String(text, bytes, out var written) || written != bytes.Length)
                    return InvalidInput(header, "must carry a SHA-256 digest in base64, as in sha-256=<base64>.");
                expected = Convert.ToHexStringLower(bytes);
                return null;
            }
        }

        return null;
    }
}
