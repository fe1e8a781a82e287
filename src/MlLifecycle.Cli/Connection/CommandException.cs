using System.Net;

namespace MlLifecycle.Cli.Connection;

/// <summary>Why a command ends: one sentence for the person, an exit code for the script.</summary>
internal class CommandException(string message, int exitCode = ExitCode.Failed) : Exception(message)
{
    public int ExitCode => exitCode;
}

/// <summary>A server's answer that is not a success.</summary>
/// <param name="status">Its status.</param>
/// <param name="code">The refusal's stable code, as in <c>run-unknown</c> or <c>RESOURCE_DOES_NOT_EXIST</c>; empty when there is none.</param>
/// <param name="message">What the server says of it.</param>
internal sealed class RefusedException(HttpStatusCode status, string code, string message) : CommandException(message, CodeOf(status))
{
    public HttpStatusCode Status => status;

    public string Code => code;

    /// <summary>When the server asks to be asked again; null when it does not say.</summary>
    public TimeSpan? Again { get; init; }

    /// <summary>Whether the server knows no such path.</summary>
    public bool NoSuchPath => code is "ENDPOINT_NOT_FOUND" or "no-such-route"
        || status is HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented
        || (status == HttpStatusCode.NotFound && code.Length == 0);

    /// <summary>Whether the thing asked for is unknown, rather than the path.</summary>
    public bool Unknown => status == HttpStatusCode.NotFound && !NoSuchPath;

    private static int CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => Connection.ExitCode.NotAllowed,
        HttpStatusCode.NotFound => Connection.ExitCode.NotFound,
        HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => Connection.ExitCode.Unreachable,
        _ => Connection.ExitCode.Failed,
    };
}
