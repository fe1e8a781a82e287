using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace MlLifecycle.ServiceDefaults.Trust;

/// <summary>
/// Checks each pass once. The Portal uses a pass for a minute, and a signature costs more than most requests do otherwise; until it expires the same
/// bytes give the same answer. What was refused is checked anew.
/// </summary>
internal sealed class CheckedPasses : JsonWebTokenHandler, IDisposable
{
    private readonly MemoryCache _good = new(new MemoryCacheOptions { SizeLimit = 20_000 });

    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        if (_good.TryGetValue(token, out TokenValidationResult? known))
            return known!;
        var result = await base.ValidateTokenAsync(token, validationParameters);
        if (result.IsValid)
            _good.Set(token, result, new MemoryCacheEntryOptions { AbsoluteExpiration = new DateTimeOffset(result.SecurityToken.ValidTo, TimeSpan.Zero), Size = 1 });
        return result;
    }

    public void Dispose() => _good.Dispose();
}
