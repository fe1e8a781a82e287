namespace MlLifecycle.AppHost.Local;

internal enum PartState
{
    Waiting,
    Starting,
    Healthy,
    Unhealthy,
    Restarting,
    Stopping,
    Stopped,
}

/// <summary>One thing that runs, as the table shows it.</summary>
internal abstract class Part(string name, LogFile log, Screen screen) : IAsyncDisposable
{
    // A part that ran well for this long has recovered: its next failure is a first one again.
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _healthy = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _failures;
    private long _startedAt;

    public string Name => name;

    public LogFile Log => log;

    public PartState State { get; private set; } = PartState.Waiting;

    /// <summary>What it is doing or what is wrong, in a few words.</summary>
    public string Note { get; private set; } = "";

    public int Restarts { get; private set; }

    /// <summary>Completes when it is healthy for the first time.</summary>
    public Task Healthy => _healthy.Task;

    /// <summary>Where it can be reached, for people.</summary>
    public abstract string Address { get; }

    public abstract Child? Process { get; }

    /// <summary>Starts it, and starts it again, after a pause that doubles, whenever it ends without being told to.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Become(PartState.Starting);
                _startedAt = Environment.TickCount64;
                await StartAsync(new Progress<string>(note => Become(PartState.Starting, note)), stop);
                if (Process is { } child)
                    await WatchAsync(child, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (StartException refused) when (Restarts > 0 || _healthy.Task.IsCompleted)
            {
                Say(refused.Message);
            }

            if (stop.IsCancellationRequested)
                return;
            var pause = Pause();
            Restarts++;
            Become(PartState.Restarting, $"ended ({Ending()}); again in {pause.TotalSeconds:0} s");
            Say($"ended ({Ending()}); started again in {pause.TotalSeconds:0} s");
            await Task.Delay(pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Stops it cleanly.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Process is { Running: true })
        {
            Become(PartState.Stopping);
            await EndAsync();
        }

        Become(PartState.Stopped);
        log.Dispose();
    }

    /// <summary>Takes a line that it printed.</summary>
    protected virtual void Printed(string line) => log.Write(line);

    /// <summary>Takes a line that it printed, of which people are to know.</summary>
    protected void Say(string line)
    {
        log.Write(line);
        screen.Line(name, line);
    }

    protected abstract Task StartAsync(IProgress<string> progress, CancellationToken ct);

    protected abstract Task EndAsync();

    /// <summary>What is wrong with the running process, or null when it is well.</summary>
    protected abstract Task<string?> ProblemAsync(CancellationToken ct);

    private async Task WatchAsync(Child child, CancellationToken stop)
    {
        while (child.Running)
        {
            var problem = await ProblemAsync(stop);
            if (!child.Running)
                return;
            if (problem is null)
            {
                Become(PartState.Healthy);
                _healthy.TrySetResult();
            }
            else
            {
                Become(State is PartState.Starting ? PartState.Starting : PartState.Unhealthy, problem);
            }

            var look = Task.Delay(State is PartState.Healthy ? TimeSpan.FromSeconds(3) : TimeSpan.FromMilliseconds(300), stop);
            if (await Task.WhenAny(child.Exit, look) == look)
                await look;
        }
    }

    private TimeSpan Pause()
    {
        _failures = Environment.TickCount64 - _startedAt > Settled.TotalMilliseconds ? 0 : _failures + 1;
        return TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, _failures == 0 ? 1 : Math.Pow(2, _failures - 1)));
    }

    private string Ending() => Process is { Running: false } child ? $"exit code {child.Exit.Result}" : "not started";

    private void Become(PartState state, string note = "")
    {
        var news = State != state;
        (State, Note) = (state, note);
        screen.Changed(this, news);
    }
}
