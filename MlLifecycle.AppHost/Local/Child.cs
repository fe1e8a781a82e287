using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace MlLifecycle.AppHost.Local;

/// <summary>A process started by this one, that ends when this one ends, however it ends.</summary>
internal sealed class Child : IDisposable
{
    private const int KeptLines = 40;

    private readonly Process _process;
    private readonly TaskCompletionSource<int> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _lastLines = new();

    private Child(Launch launch, Action<string> log)
    {
        var line = launch.CommandLine();
        var start = new ProcessStartInfo(line[0], line.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = launch.Directory ?? "/",
        };
        start.Environment.Clear();
        foreach (var (name, value) in launch.FullEnvironment())
            start.Environment[name] = value;

        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.Exited += (_, _) => _exit.TrySetResult(_process.ExitCode);
        void Keep(object _, DataReceivedEventArgs received)
        {
            if (received.Data is not { } text)
                return;
            _lastLines.Enqueue(text);
            while (_lastLines.Count > KeptLines)
                _lastLines.TryDequeue(out var _);
            log(text);
        }

        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
    }

    public int Id { get; private set; }

    /// <summary>Completes with the exit code when the process has ended (137 and 143: by SIGKILL and SIGTERM).</summary>
    public Task<int> Exit => _exit.Task;

    public bool Running => !_exit.Task.IsCompleted;

    public StreamWriter Input => _process.StandardInput;

    /// <summary>The last lines it printed, oldest first.</summary>
    public IReadOnlyList<string> LastLines => [.. _lastLines];

    /// <summary>Resident memory in bytes, 0 when it no longer runs.</summary>
    public long Memory => ProcFile.ResidentBytes(Id);

    public static Child Start(Launch launch, Action<string>? log = null) => Spawner.Run(() =>
    {
        var child = new Child(launch, log ?? (_ => { }));
        try
        {
            child._process.Start();
        }
        catch (Win32Exception e)
        {
            throw new StartException($"{launch.CommandLine()[0]} cannot be started: {e.Message}.", e);
        }

        child.Id = child._process.Id;
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    });

    public void Send(Signal signal)
    {
        if (Running)
            Signals.Send(Id, signal);
    }

    /// <summary>Asks it to end, waits, and ends it the hard way when it has not ended within the grace time.</summary>
    public async Task StopAsync(Signal signal, TimeSpan grace)
    {
        Send(signal);
        if (await Task.WhenAny(_exit.Task, Task.Delay(grace)) != _exit.Task)
            Send(Signal.Kill);
        await _exit.Task;
    }

    /// <summary>Runs a tool to its end and answers with its exit code and what it printed.</summary>
    public static async Task<(int Exit, string Output)> RunAsync(Launch launch, CancellationToken ct = default)
    {
        using var child = Start(launch);
        child.Input.Close();
        try
        {
            await child._process.WaitForExitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            await child.StopAsync(Signal.Kill, TimeSpan.Zero);
            throw;
        }

        return (child._process.ExitCode, string.Join('\n', child.LastLines));
    }

    public void Dispose() => _process.Dispose();

    // The kernel ties a child to the thread that started it, not to the process: thread-pool threads come and go, this one stays.
    private static class Spawner
    {
        private static readonly BlockingCollection<Action> _work = [];

        static Spawner() => new Thread(() =>
        {
            foreach (var start in _work.GetConsumingEnumerable())
                start();
        })
        { IsBackground = true, Name = "spawner" }.Start();

        public static T Run<T>(Func<T> start)
        {
            var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            _work.Add(() =>
            {
                try
                {
                    result.SetResult(start());
                }
                catch (Exception e) when (e is StartException or InvalidOperationException or IOException)
                {
                    result.SetException(e);
                }
            });
            return result.Task.GetAwaiter().GetResult();
        }
    }
}
