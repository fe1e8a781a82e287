using System.Globalization;

namespace MlLifecycle.AppHost.Local;

/// <summary>
/// Which process of ours runs in a directory, so that one left over from an earlier start (its parent killed, the machine too busy to pass the news on) is ended before the next takes
/// its place. A pid alone may be somebody else's by now; with its start time it is ours.
/// </summary>
internal static class PidFile
{
    public static void Write(string path, int pid) =>
        File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"{pid} {ProcFile.StartedAt(pid)}\n"));

    public static async Task EndLeftOverAsync(string path, Signal signal, TimeSpan grace, CancellationToken ct)
    {
        if (!File.Exists(path))
            return;
        var parts = (await File.ReadAllTextAsync(path, ct)).Split(' ', StringSplitOptions.TrimEntries);
        if (parts.Length == 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid) && pid > 1)
        {
            bool Alive() => ProcFile.StartedAt(pid) is { } startedAt && startedAt == parts[1];
            if (Alive())
                Signals.Send(pid, signal);
            var deadline = Environment.TickCount64 + (long)grace.TotalMilliseconds;
            while (Alive())
            {
                if (Environment.TickCount64 > deadline)
                    Signals.Send(pid, Signal.Kill);
                await Task.Delay(50, ct);
            }
        }

        File.Delete(path);
    }
}
