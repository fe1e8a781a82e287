using Marten;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Scoping.Projects;

/// <summary>How every command on a project's scope is carried out.</summary>
public static class Scope
{
    public static async Task<IResult> Change(
        Caller caller, IDocumentSession session, IfMatch ifMatch, Func<Project, Decision> decide, Func<Project, IResult> answer, CancellationToken ct)
    {
        var outcome = await session.Decide<Project>(
            caller.ProjectId, caller.Origin, p => p.Created ? decide(p) : Project.Unknown(caller.Project), ct, ifMatch);
        return outcome.ToResult(answer);
    }
}
