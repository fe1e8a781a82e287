using System.Globalization;
using Npgsql;

namespace MlLifecycle.AppHost.Local;

/// <summary>
/// A private PostgreSQL server as a child process: its data in one directory, on a loopback port of its own, ended with this process. The machine's own PostgreSQL service is neither used nor touched.
/// As root it runs as the account "postgres", since PostgreSQL refuses to run as root.
/// </summary>
/// <param name="directory">Where it keeps everything; made when missing, found again later.</param>
/// <param name="password">Password of the superuser, set when the directory is first made.</param>
/// <param name="settings">Settings on top of its defaults, as in postgresql.conf.</param>
/// <param name="log">Takes each line it prints.</param>
public sealed class PostgreSql(string directory, string password, IReadOnlyDictionary<string, string>? settings = null, Action<string>? log = null) : IAsyncDisposable
{
    /// <summary>Settings under which every commit is on disk before it is answered; the rest is for a machine that many small processes share.</summary>
    public static IReadOnlyDictionary<string, string> OnASharedMachine { get; } = new Dictionary<string, string>
    {
        // Taken from the system only as it fills: what searches of a large project look up again and again stays there.
        ["shared_buffers"] = $"{Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 23, 128, 2048)}MB",
        ["max_wal_size"] = "2GB",
        ["checkpoint_completion_target"] = "0.9",
        ["wal_compression"] = "on",
        ["jit"] = "off",
    };

    private const string Superuser = "mllifecycle";
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly string _data = Path.Combine(directory, "data");
    private readonly string _pidFile = Path.Combine(directory, "pid");
    private readonly string? _account = Account.For("postgres");
    private Child? _child;

    /// <summary>Its port on 127.0.0.1; the same for as long as this object lives.</summary>
    public int Port { get; } = Ports.Free();

    /// <summary>Process id while it runs, else null.</summary>
    public int? Pid => _child is { Running: true } child ? child.Id : null;

    internal Child? Process => _child;

    /// <summary>Where the programs of the newest installed PostgreSQL are, or of the one whose data this is; null when there is none.</summary>
    public static string? Programs(string? dataVersion = null) =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.EnumerateDirectories("/usr/lib/postgresql")
                .Where(d => File.Exists(Path.Combine(d, "bin", "initdb")))
                .Where(d => dataVersion is null || Path.GetFileName(d) == dataVersion)
                .OrderByDescending(d => double.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Select(d => Path.Combine(d, "bin"))
                .FirstOrDefault()
            : null;

    /// <summary>A connection string for one database of it, as its superuser.</summary>
    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Username={Superuser};Password={password};Database={database}";

    /// <summary>Starts it, making its data directory the first time, and returns when it answers queries.</summary>
    /// <param name="progress">Told what happens, in a few words.</param>
    /// <exception cref="StartException">It cannot run here; the message says why.</exception>
    public async Task StartAsync(IProgress<string>? progress = null, CancellationToken ct = default)
    {
        await Account.OwnDirectoryAsync(_account, directory, ct);
        await PidFile.EndLeftOverAsync(_pidFile, Signal.Int, TimeSpan.FromSeconds(30), ct);
        var programs = FindPrograms();
        if (!Directory.Exists(_data))
        {
            progress?.Report("making the database files");
            await InitialiseAsync(programs, ct);
        }

        progress?.Report("starting");
        var deadline = Environment.TickCount64 + (long)_patience.TotalMilliseconds;
        while (!await TryStartAsync(programs, ct))
        {
            // After a hard end its last workers hold the shared memory for a moment longer.
            if (Environment.TickCount64 > deadline || !_child!.LastLines.Any(l => l.Contains("still in use", StringComparison.Ordinal)))
                throw new StartException($"PostgreSQL does not start in {directory}{(_account is null ? "" : $", as {_account}")}: {Reason(_child!.LastLines)}");
            await Task.Delay(200, ct);
        }
    }

    /// <summary>Stops it cleanly: open connections are closed, everything is on disk.</summary>
    public async Task StopAsync()
    {
        if (_child is { } child)
            await child.StopAsync(Signal.Int, TimeSpan.FromSeconds(30));
        Forget();
    }

    /// <summary>Ends it at once, as a power failure would.</summary>
    public async Task KillAsync()
    {
        if (_child is { } child)
            await child.StopAsync(Signal.Kill, TimeSpan.Zero);
        Forget();
    }

    /// <summary>Whether it answers a query within a few seconds.</summary>
    public async Task<bool> AnswersAsync(CancellationToken ct = default)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Timeout=5;Command Timeout=5;Maximum Pool Size=1");
            await connection.OpenAsync(ct);
            await using var ask = new NpgsqlCommand("select 1", connection);
            return await ask.ExecuteScalarAsync(ct) is 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>Makes a database; false when it was there.</summary>
    public async Task<bool> CreateDatabaseAsync(string name, CancellationToken ct = default)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(ct);
        await using var create = new NpgsqlCommand($"create database \"{name}\"", connection);
        try
        {
            await create.ExecuteNonQueryAsync(ct);
            return true;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase)
        {
            return false;
        }
    }

    /// <summary>Stops it.</summary>
    public async ValueTask DisposeAsync() => await StopAsync();

    private void Forget()
    {
        _child?.Dispose();
        _child = null;
        File.Delete(_pidFile);
    }

    // What it says before it can read its settings, as that its files belong to somebody else, is not marked FATAL.
    private static string Reason(IReadOnlyCollection<string> lines) =>
        lines.LastOrDefault(l => l.Contains("FATAL", StringComparison.Ordinal)) ?? lines.LastOrDefault(l => l.Length > 0) ?? "it gave no reason";

    private string FindPrograms()
    {
        var versionFile = Path.Combine(_data, "PG_VERSION");
        var version = File.Exists(versionFile) ? File.ReadAllText(versionFile).Trim() : null;
        return Programs(version) ?? throw new StartException(version is null
            ? "PostgreSQL is not installed: apt-get install postgresql."
            : $"The data in {_data} is of PostgreSQL {version}, which is not installed: apt-get install postgresql-{version}.");
    }

    private async Task InitialiseAsync(string programs, CancellationToken ct)
    {
        // Made beside and moved, so that an interrupted first start leaves nothing half made.
        var beside = _data + ".new";
        if (Directory.Exists(beside))
            Directory.Delete(beside, recursive: true);
        var passwordFile = Path.Combine(directory, "password");
        await Account.OwnFileAsync(_account, passwordFile, password, ct);
        var (exit, output) = await Child.RunAsync(
            new Launch(Path.Combine(programs, "initdb"), "--pgdata", beside, "--username", Superuser, "--pwfile", passwordFile, "--auth", "scram-sha-256",
                "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions") { Account = _account, Directory = directory }, ct);
        File.Delete(passwordFile);
        if (exit != 0)
            throw new StartException($"PostgreSQL's initdb failed in {directory}: {output}");
        Directory.Move(beside, _data);
    }

    private async Task<bool> TryStartAsync(string programs, CancellationToken ct)
    {
        var all = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = "",
            ["max_connections"] = "400",
            ["logging_collector"] = "off",
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
            all[name] = value;

        _child?.Dispose();
        _child = Child.Start(
            new Launch(Path.Combine(programs, "postgres"), ["-D", _data, .. all.SelectMany(s => new[] { "-c", $"{s.Key}={s.Value}" })])
            {
                Account = _account,
                Directory = directory,
                WhenParentDies = Signal.Int,
            },
            log);
        PidFile.Write(_pidFile, _child.Id);

        while (_child.Running)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false;Timeout=5");
                await connection.OpenAsync(ct);
                return true;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidPassword)
            {
                await KillAsync();
                throw new StartException($"The password kept for the database in {directory} is not the one it was made with.", e);
            }
            catch (NpgsqlException)
            {
                await Task.Delay(50, ct); // not listening yet, or still recovering
            }
        }

        return false;
    }
}
