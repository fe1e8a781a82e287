namespace MlLifecycle.Cli.Connection;

/// <summary>What the program's exit code tells a script.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The suite refused, or something else went wrong; the sentence on the error stream says what.</summary>
    public const int Failed = 1;

    /// <summary>The command line is not one.</summary>
    public const int Usage = 2;

    /// <summary>No server answers at the address.</summary>
    public const int Unreachable = 3;

    /// <summary>No token, no good token, or one that may not do this.</summary>
    public const int NotAllowed = 4;

    /// <summary>The project, run, model or experiment does not exist.</summary>
    public const int NotFound = 5;

    /// <summary>An import went to its end, and something could not be copied.</summary>
    public const int Incomplete = 6;

    /// <summary>Interrupted, as by Ctrl-C.</summary>
    public const int Stopped = 130;
}
