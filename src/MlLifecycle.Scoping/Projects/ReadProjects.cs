using Marten;
using Marten.Linq.MatchesSql;
using MlLifecycle.Scoping.Problems;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Scoping.Projects;

public sealed record ProjectView(
    Guid Id, string Slug, string Name, string Description, IReadOnlyList<string> Owners, DateTimeOffset CreatedAt, string CreatedBy, StateProblem? Problem,
    SetConstraints? Constraints)
{
    public static ProjectView Of(Project p) => new(p.Id, p.Slug, p.Name, p.Description, p.Owners, p.CreatedAt, p.CreatedBy, p.Problem, p.Constraints);
}

public sealed record ProjectLine(Guid Id, string Slug, string Name, string Description, DateTimeOffset CreatedAt);

public static class ReadProjects
{
    /// <summary>All projects, by slug. The Portal leaves out those its caller may not see.</summary>
    public static async Task<IResult> List(IQuerySession session, int? limit, string? after, CancellationToken ct)
    {
        if (Cursor.Decode<string>(after, out var slug) is { } refusal)
            return new Refused(refusal);
        var take = Cursor.Limit(limit);
        var found = await session.Query<Project>().Where(p => p.MatchesSql("d.data ->> 'slug' > ?", slug ?? "")).OrderBy(p => p.Slug).Take(take + 1).ToListAsync(ct);
        var page = Page.Of(found, take, p => p.Slug);
        return TypedResults.Ok(new Page<ProjectLine>([.. page.Items.Select(p => new ProjectLine(p.Id, p.Slug, p.Name, p.Description, p.CreatedAt))], page.Next));
    }

    public static Task<IResult> One(string project, Caller caller, IQuerySession session, HttpContext http, At at, CancellationToken ct) =>
        Answer(project, caller, session, http, at, ProjectView.Of, ct);

    /// <summary>Reads one project, now or at a moment, and answers with a view of it.</summary>
    public static async Task<IResult> Answer<T>(
        string slug, Caller caller, IQuerySession session, HttpContext http, At at, Func<Project, T> view, CancellationToken ct)
    {
        var id = caller.ProjectId != Guid.Empty
            ? caller.ProjectId
            : await session.Query<Project>().Where(p => p.Slug == slug).Select(p => p.Id).FirstOrDefaultAsync(ct);
        var project = await session.Past<Project>(id, at, ct);
        if (project is null)
            return new Refused(Project.Unknown(slug));
        if (at.Time is null && await session.Events.FetchStreamStateAsync(id, ct) is { } stream)
            http.Response.Headers.ETag = $"\"{stream.Version}\"";
        return TypedResults.Ok(view(project));
    }

    public static Task<IResult> AnswerList<T>(
        string slug, Caller caller, IQuerySession session, HttpContext http, At at, Func<Project, IEnumerable<T>> view, CancellationToken ct) =>
        Answer(slug, caller, session, http, at, p => new Page<T>([.. view(p)], null), ct);
}
