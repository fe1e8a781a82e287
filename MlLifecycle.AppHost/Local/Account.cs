namespace MlLifecycle.AppHost.Local;

/// <summary>Directories and files for servers that run as another account when we are root.</summary>
internal static class Account
{
    /// <summary>The account a server is to run as: its own when we are root and it exists, else ours (null).</summary>
    public static string? For(string name) =>
        Environment.IsPrivilegedProcess && File.ReadLines("/etc/passwd").Any(line => line.StartsWith(name + ":", StringComparison.Ordinal)) ? name : null;

    /// <summary>Makes a directory that only the account may enter.</summary>
    public static async Task OwnDirectoryAsync(string? account, string directory, CancellationToken ct)
    {
        List<string> arguments = ["-d", "-m", "700", .. account is null ? Array.Empty<string>() : ["-o", account, "-g", account], directory];
        var (exit, output) = await Child.RunAsync(new Launch("install", arguments), ct);
        if (exit != 0)
            throw new StartException($"The directory {directory} cannot be made: {output}.");
        if (account is null)
            return;
        (exit, _) = await Child.RunAsync(new Launch("test", "-x", directory) { Account = account }, ct);
        if (exit != 0)
            throw new StartException($"The account {account} may not enter {directory}: choose a data directory outside of closed ones such as /root.");
    }

    /// <summary>Writes a file that only the account may read.</summary>
    public static async Task OwnFileAsync(string? account, string path, string content, CancellationToken ct)
    {
        await SecretFile.WriteAsync(path, content, ct);
        if (account is not null && await Child.RunAsync(new Launch("chown", account + ":", path), ct) is { Exit: not 0 } refused)
            throw new StartException($"{path} cannot be handed to the account {account}: {refused.Output}.");
    }
}
