using Microsoft.AspNetCore.Http;
using MlLifecycle.ServiceDefaults.Http;

namespace MlLifecycle.ServiceDefaults.Decisions;

/// <summary>How a command ended.</summary>
/// <typeparam name="T">The state it was decided on.</typeparam>
/// <param name="State">The state after the command; the state before it when it was refused.</param>
/// <param name="Version">The stream's version after the command: how many events it holds.</param>
/// <param name="Appended">The ids of the events it appended, in order; empty when nothing changed or it was refused.</param>
/// <param name="Refusal">Why it was refused; null when it was not.</param>
public sealed record Outcome<T>(T State, long Version, IReadOnlyList<Guid> Appended, Refusal? Refusal)
{
    /// <summary>The HTTP answer: what <paramref name="accepted"/> makes of the state, with the stream's version as ETag, or problem details.</summary>
    /// <param name="accepted">The answer when the command was carried out or was true already.</param>
    public IResult ToResult(Func<T, IResult> accepted) => Refusal is null ? new Tagged(accepted(State), Version) : new Refused(Refusal);

    private sealed class Tagged(IResult inner, long version) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.ETag = $"\"{version}\"";
            return inner.ExecuteAsync(httpContext);
        }
    }
}
