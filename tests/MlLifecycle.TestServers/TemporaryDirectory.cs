using System.Diagnostics;
using System.Globalization;

namespace MlLifecycle.TestServers;

/// <summary>
/// A directory that is gone after this process, even when it is killed: a small shell waits for the end of its standard input, which only this process holds, then for the end of the servers
/// that work in the directory (ended by the kernel, see Launch), and removes it.
/// </summary>
internal sealed class TemporaryDirectory : IAsyncDisposable
{
    private const string Watch = """
        pids=
        while read -r pid; do pids="$pids $pid"; done
        tries=0
        for pid in $pids; do
          while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 300 ]; do tries=$((tries + 1)); sleep 0.1; done
        done
        while ! rm -rf "$1" 2>/dev/null && [ "$tries" -lt 300 ]; do tries=$((tries + 1)); sleep 0.1; done
        """;

    private readonly Process _watch;

    public TemporaryDirectory()
    {
        Path = Directory.CreateTempSubdirectory("mllifecycle-tests-").FullName;
        // The servers' own accounts must reach their part of it.
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        _watch = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", Watch, "watch", Path]) { RedirectStandardInput = true, WorkingDirectory = "/" })!;
    }

    public string Path { get; }

    /// <summary>Lets the watch wait for the end of this process before it removes the directory.</summary>
    public void Await(int? pid)
    {
        if (pid is null)
            return;
        _watch.StandardInput.Write(string.Create(CultureInfo.InvariantCulture, $"{pid}\n"));
        _watch.StandardInput.Flush();
    }

    public async ValueTask DisposeAsync()
    {
        _watch.StandardInput.Close();
        await _watch.WaitForExitAsync();
        _watch.Dispose();
    }
}
