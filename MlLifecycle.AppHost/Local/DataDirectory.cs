using System.Security.Cryptography;

namespace MlLifecycle.AppHost.Local;

/// <summary>The one directory in which a suite keeps everything: databases, queues, files, logs, and the secrets that protect them.</summary>
internal sealed class DataDirectory : IDisposable
{
    private const UnixFileMode Open =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode Closed = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _path;
    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held) => (_path, _lock) = (path, held);

    public string Logs => Path.Combine(_path, "logs");

    public string Postgres => Path.Combine(_path, "postgres");

    public string RabbitMq => Path.Combine(_path, "rabbitmq");

    /// <summary>Passwords and the key that signs passes.</summary>
    public required Secrets Secrets { get; init; }

    /// <summary>Opens the directory, making it the first time, for this process alone.</summary>
    /// <exception cref="StartException">It cannot be made, or another suite runs in it.</exception>
    public static async Task<DataDirectory> OpenAsync(string path, CancellationToken ct)
    {
        try
        {
            // Open to pass through: the servers' accounts have their own closed directories in it.
            Directory.CreateDirectory(path, Open);
            Directory.CreateDirectory(Path.Combine(path, "logs"), Closed);
            var secrets = Directory.CreateDirectory(Path.Combine(path, "secrets"), Closed).FullName;
            Directory.CreateDirectory(Path.Combine(path, "files"), Closed);
            return new(path, Hold(path)) { Secrets = await Secrets.OfAsync(secrets, ct) };
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new StartException($"The data directory {path} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The directory of a service's own files.</summary>
    public string FilesOf(string service) => Directory.CreateDirectory(Path.Combine(_path, "files", service), Closed).FullName;

    public void Dispose() => _lock.Dispose();

    private static FileStream Hold(string path)
    {
        try
        {
            return new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException taken)
        {
            throw new StartException($"Another suite runs on {path}: stop it, or choose another directory with --data.", taken);
        }
    }
}

/// <summary>Made on the first start, and the same from then on.</summary>
/// <param name="PostgresPassword">Of the database's superuser.</param>
/// <param name="BusPassword">Of the broker's one user.</param>
/// <param name="PrivateKey">Signs passes: ECDSA P-256, PKCS #8, base64.</param>
/// <param name="PublicKey">Its public half, SubjectPublicKeyInfo, base64.</param>
internal sealed record Secrets(string PostgresPassword, string BusPassword, string PrivateKey, string PublicKey)
{
    public static async Task<Secrets> OfAsync(string directory, CancellationToken ct)
    {
        var key = await SecretFile.ReadOrCreateAsync(Path.Combine(directory, "pass-key"), NewKey, ct);
        using var pair = ECDsa.Create();
        pair.ImportPkcs8PrivateKey(Convert.FromBase64String(key), out _);
        return new(
            await SecretFile.ReadOrCreateAsync(Path.Combine(directory, "postgres"), SecretFile.NewPassword, ct),
            await SecretFile.ReadOrCreateAsync(Path.Combine(directory, "rabbitmq"), SecretFile.NewPassword, ct),
            key,
            Convert.ToBase64String(pair.ExportSubjectPublicKeyInfo()));
    }

    private static string NewKey()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Convert.ToBase64String(pair.ExportPkcs8PrivateKey());
    }
}
