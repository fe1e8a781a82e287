using System.Security.Cryptography;
using Microsoft.Extensions.Caching.Memory;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Gateway;

/// <summary>
/// Signs the passes that services accept. A pass is used again for a minute, and so has at least four of its five left when a service sees it;
/// whether the token behind it is still good is asked anew with each request.
/// </summary>
public sealed class Passes : IDisposable
{
    /// <summary>The configuration key of the private key on curve P-256 (base64, PKCS #8).</summary>
    public const string PrivateKey = "Auth:PrivateKey";

    private static readonly TimeSpan Reuse = TimeSpan.FromMinutes(1);

    private readonly ECDsa _key = ECDsa.Create();
    private readonly Lock _signing = new();
    private readonly MemoryCache _signed = new(new MemoryCacheOptions { SizeLimit = 20_000 });
    private readonly TimeProvider _clock;

    public Passes(IConfiguration configuration, TimeProvider clock)
    {
        _clock = clock;
        var key = configuration[PrivateKey]
            ?? throw new InvalidOperationException($"{PrivateKey} is missing: set Auth__PrivateKey to a private key on curve P-256 (base64, PKCS #8).");
        _key.ImportPkcs8PrivateKey(Convert.FromBase64String(key), out _);
    }

    public string Sign(Pass pass)
    {
        if (_signed.TryGetValue(pass, out string? signed))
            return signed!;
        lock (_signing)
            signed = pass.Sign(_key, _clock.GetUtcNow());
        return _signed.Set(pass, signed, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Reuse, Size = 1 });
    }

    public void Dispose()
    {
        _signed.Dispose();
        _key.Dispose();
    }
}
