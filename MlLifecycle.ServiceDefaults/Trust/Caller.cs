using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using MlLifecycle.ServiceDefaults.Events;

namespace MlLifecycle.ServiceDefaults.Trust;

/// <summary>Who calls a route, from the verified pass and the request's headers. Route handlers take it as a parameter.</summary>
/// <param name="ProjectId">The addressed project; empty on routes above projects.</param>
/// <param name="Project">Its slug; empty on routes above projects.</param>
/// <param name="Actor">The name of the caller's token.</param>
/// <param name="Role">The caller's role there.</param>
/// <param name="CorrelationId">From <c>X-Correlation-Id</c>, else the trace.</param>
/// <param name="IdempotencyKey">From <c>Idempotency-Key</c>, when given.</param>
/// <param name="Token">The pass itself, to be handed on when this service asks another on the caller's behalf.</param>
public sealed record Caller(Guid ProjectId, string Project, string Actor, Role Role, string CorrelationId, string? IdempotencyKey, string Token)
{
    /// <summary>Carries the correlation id between services and back to the caller.</summary>
    public const string CorrelationHeader = "X-Correlation-Id";

    /// <summary>The origin of what this caller's command leads to.</summary>
    public Origin Origin => new(ProjectId, Project, Actor, CorrelationId);

    /// <summary>An id for something new. With an idempotency key it is the same on every retry of the same request.</summary>
    /// <param name="kind">What the id is for, so that one key used on two routes gives two ids.</param>
    public Guid NewId(string kind)
    {
        if (IdempotencyKey is null)
            return Guid.CreateVersion7();
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{ProjectId}\n{kind}\n{Actor}\n{IdempotencyKey}"));
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80); // version 8: a digest of the owner's making (RFC 9562)
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new Guid(digest.AsSpan(0, 16), bigEndian: true);
    }

    /// <summary>Binds the caller for a route handler.</summary>
    /// <param name="context">An authenticated request.</param>
    public static ValueTask<Caller?> BindAsync(HttpContext context)
    {
        if (Pass.Of(context.User) is not { } pass)
            return ValueTask.FromResult<Caller?>(null);
        var headers = context.Request.Headers;
        var correlation = headers[CorrelationHeader].ToString();
        if (correlation.Length is 0 or > 128)
            correlation = Origin.NewCorrelation();
        var key = headers["Idempotency-Key"].ToString();
        var authorization = headers.Authorization.ToString();
        return ValueTask.FromResult<Caller?>(new(
            pass.ProjectId ?? Guid.Empty,
            pass.Project ?? "",
            pass.Actor,
            pass.Role,
            correlation,
            key.Length > 0 ? key : null,
            authorization.StartsWith("Bearer ", StringComparison.Ordinal) ? authorization["Bearer ".Length..] : ""));
    }
}
