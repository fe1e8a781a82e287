using System.Security.Cryptography;

namespace MlLifecycle.AppHost.Local;

/// <summary>Files that only their owner may read.</summary>
internal static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>A password of 32 letters and digits, good in a URL and in a connection string as it is.</summary>
    public static string NewPassword() => RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 32);

    public static async Task WriteAsync(string path, string content, CancellationToken ct)
    {
        // Written beside and moved, so that the file is whole or absent, and was never readable by others.
        var beside = path + ".new";
        File.Delete(beside);
        await using (var file = new FileStream(beside, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        await using (var writer = new StreamWriter(file))
            await writer.WriteAsync(content.AsMemory(), ct);
        File.Move(beside, path, overwrite: true);
    }

    /// <summary>The content of the file, made the first time.</summary>
    public static async Task<string> ReadOrCreateAsync(string path, Func<string> create, CancellationToken ct)
    {
        if (!File.Exists(path))
            await WriteAsync(path, create(), ct);
        return await File.ReadAllTextAsync(path, ct);
    }
}
