using System.Runtime.InteropServices;

namespace MlLifecycle.AppHost.Local;

/// <summary>The signals sent to child processes, by their Linux numbers.</summary>
internal enum Signal
{
    Int = 2,
    Kill = 9,
    Term = 15,
}

internal static class Signals
{
    /// <summary>Sends a signal; false when there is no such process any more.</summary>
    public static bool Send(int pid, Signal signal) => Kill(pid, (int)signal) == 0;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
