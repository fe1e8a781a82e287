namespace MlLifecycle.Samples.FashionMnist;

/// <summary>The sample cannot go on; the message tells people why and what to do, in a sentence.</summary>
internal sealed class SampleException(string message, int exitCode = ExitCode.Failed) : Exception(message)
{
    public int ExitCode => exitCode;
}

/// <summary>How the program ends, for scripts.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;

    /// <summary>The suite is not there, or does not let the token do what is asked.</summary>
    public const int NoAccess = 2;

    /// <summary>The models did not pass the project's own gate, so that there is nothing to deploy.</summary>
    public const int NotGoodEnough = 3;

    public const int Stopped = 130;
}
