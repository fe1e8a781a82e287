namespace MlLifecycle.Samples.FashionMnist;

/// <summary>Where the token comes from: the option, the file, or the environment, whichever is given first.</summary>
internal static class Token
{
    public static string From(string? option, FileInfo? file)
    {
        var token = option ?? (file is null ? Environment.GetEnvironmentVariable("MLL_TOKEN") : Read(file));
        return token?.Trim() is { Length: > 0 } given && given.All(c => c is > ' ' and < (char)127)
            ? given
            : throw new SampleException("Say who you are: give a token of the suite with --token-file, --token or in MLL_TOKEN. The suite shows its first one when it first starts.", ExitCode.NoAccess);
    }

    private static string Read(FileInfo file)
    {
        try
        {
            return File.ReadAllText(file.FullName);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new SampleException($"The token file cannot be read: {unreadable.Message}", ExitCode.NoAccess);
        }
    }
}
