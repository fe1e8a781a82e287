using System.Globalization;

namespace MlLifecycle.AppHost.Local;

/// <summary>What the kernel tells about processes.</summary>
internal static class ProcFile
{
    /// <summary>When the process started, in the kernel's clock ticks since boot: with the pid it names a process for good. Null when there is none.</summary>
    public static string? StartedAt(int pid) => After(pid) is { Length: > 19 } fields && fields[0] is not ("Z" or "X") ? fields[19] : null;

    public static long ResidentBytes(int pid) =>
        After(pid) is { Length: > 21 } fields ? long.Parse(fields[21], CultureInfo.InvariantCulture) * System.Environment.SystemPageSize : 0;

    // Fields of /proc/PID/stat from the third (state) on; the second is the program's name in brackets and may hold anything.
    private static string[]? After(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null; // it has ended
        }
    }
}
