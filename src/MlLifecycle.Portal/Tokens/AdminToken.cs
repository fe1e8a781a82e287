using Marten;
using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Events;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Tokens;

/// <summary>
/// Makes the admin's token on the first start, and shows it once. When it is lost, a start with <c>Portal:NewAdminToken=&lt;word&gt;</c> makes
/// another, once per word, so that a restart with the setting still in place makes none. The stream's id comes from the word: of several instances
/// that start at the same moment one makes the token, and the others find it there.
/// </summary>
public sealed class AdminToken(IDocumentStore store, IConfiguration configuration, TimeProvider clock, ILogger<AdminToken> log) : IHostedService
{
    /// <summary>Where the token is written too, mode 600; optional.</summary>
    public const string FileSetting = "Portal:AdminTokenFile";

    /// <summary>Asks for another admin token.</summary>
    public const string NewSetting = "Portal:NewAdminToken";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await Make("first", "admin", cancellationToken);
        if (configuration[NewSetting] is not { Length: > 0 } word || word.Equals("false", StringComparison.OrdinalIgnoreCase))
            return;
        if (!await Make($"new {word}", $"admin-{word}", cancellationToken))
            log.LogWarning("{Setting}={Word} has made its token already; for another one, set it to a word not used before", NewSetting, word);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<bool> Make(string key, string name, CancellationToken ct)
    {
        await using var session = store.LightweightSession();
        var id = new Caller(Guid.Empty, "", "portal", Role.Admin, "", key, "").NewId("admin-token");
        var secret = TokenSecret.New();
        var owner = new Holder(id, "portal", Role.Admin, null, null, null);
        var issue = new IssueToken(name, Role.Admin.Name());
        var outcome = await session.Decide<ApiToken>(
            id,
            new Origin(Guid.Empty, "", owner.Name, Origin.NewCorrelation()),
            t => t.Issued ? Decision.Nothing : IssueTokenSlice.Decide(t, issue, owner, TokenSecret.Hash(secret), null, nameTaken: false, clock.GetUtcNow()),
            ct);
        if (outcome.Refusal is { } refusal)
            throw new InvalidOperationException($"No admin token '{name}': {refusal.Detail}");
        if (outcome.Appended.Count == 0)
            return false;

        // Standard output, not the logger: exported logs must not carry a secret.
        await System.Console.Out.WriteLineAsync($"Admin token: {secret}");
        await WriteFile(secret, ct);
        return true;
    }

    private async Task WriteFile(string secret, CancellationToken ct)
    {
        if (configuration[FileSetting] is not { Length: > 0 } path)
            return;
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory)
                Directory.CreateDirectory(directory);
            // Written beside it and moved: the mode is right from the first byte on, and whatever was there before is replaced whole.
            var beside = $"{path}.{Environment.ProcessId}.new";
            File.Delete(beside);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var file = new StreamWriter(beside, options))
                await file.WriteLineAsync(secret.AsMemory(), ct);
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            log.LogError("The admin token cannot be written to {Path}: {Problem}. It stands above, in this log, and nowhere else", path, unwritable.Message);
        }
    }
}
