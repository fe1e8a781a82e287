using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace MlLifecycle.Portal.Tokens;

/// <summary>
/// The secret of an API token: <c>mll_</c> and 40 letters and digits. The first 34 are random (202 bits), the last 6 a checksum of them, so that a
/// mistyped or invented token is turned away without asking the database, and a scanner for leaked secrets can be sure of what it found.
/// </summary>
public static class TokenSecret
{
    public const string Prefix = "mll_";

    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly SearchValues<char> Letters = SearchValues.Create(Alphabet);

    private const int Random = 34;
    private const int Check = 6;

    public static string New()
    {
        var random = RandomNumberGenerator.GetString(Alphabet, Random);
        return Prefix + random + Checksum(random);
    }

    public static bool IsWellFormed(string? secret) =>
        secret is { Length: 44 }
        && secret.StartsWith(Prefix, StringComparison.Ordinal)
        && !secret.AsSpan(Prefix.Length).ContainsAnyExcept(Letters)
        && secret[^Check..] == Checksum(secret[Prefix.Length..^Check]);

    /// <summary>SHA-256 in lower-case hex: all that is kept. The secret is random enough that neither salt nor stretching adds anything.</summary>
    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>Whether the secret is the one behind the hash, in a time that does not tell how much of it is right.</summary>
    public static bool Matches(string secret, string hash) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash(secret)), Encoding.ASCII.GetBytes(hash));

    private static string Checksum(string random)
    {
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(Crc32.Hash(Encoding.ASCII.GetBytes(random)));
        return string.Create(Check, crc, (text, left) =>
        {
            for (var i = Check - 1; i >= 0; i--, left /= (uint)Alphabet.Length)
                text[i] = Alphabet[(int)(left % (uint)Alphabet.Length)];
        });
    }
}
