using System.Text.RegularExpressions;
using Marten;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Scoping.Projects;

/// <summary>Opens a project under a slug that people and programs will address it by.</summary>
public sealed record CreateProject(string Slug, string Name, string Description = "", IReadOnlyList<string>? Owners = null);

public sealed record ProjectOpened(string Slug, string Name, string Description, IReadOnlyList<string> Owners, DateTimeOffset At, string By);

public static partial class CreateProjectSlice
{
    public static Decision Decide(Project project, CreateProject create, DateTimeOffset now, string actor)
    {
        if (Check(create) is { } refusal)
            return refusal;
        if (!project.Created)
            return Accept(new ProjectOpened(create.Slug, create.Name, create.Description, create.Owners ?? [], now, actor));
        return project.Name == create.Name && project.Description == create.Description && project.Owners.SequenceEqual(create.Owners ?? [])
            ? Nothing // a retry
            : Refuse(409, "project-exists", $"The slug '{create.Slug}' belongs to the project '{project.Name}' already. Choose another slug.");
    }

    public static async Task<IResult> Handle(CreateProject command, Caller caller, IDocumentSession session, TimeProvider clock, CancellationToken ct)
    {
        var existing = await session.Query<Project>().Where(p => p.Slug == command.Slug).Select(p => p.Id).FirstOrDefaultAsync(ct);
        var id = existing != Guid.Empty ? existing : caller.NewId("project");
        var origin = caller.Origin with { ProjectId = id, Project = command.Slug };
        var outcome = await session.Decide<Project>(id, origin, p => Decide(p, command, clock.GetUtcNow(), caller.Actor), ct);
        return outcome.ToResult(p => TypedResults.Created($"/api/projects/{p.Slug}", ProjectView.Of(p)));
    }

    private static Refusal? Check(CreateProject create) => Fields.First(
        SlugShape().IsMatch(create.Slug) ? null : InvalidInput("slug", "must be 2 to 63 of a-z, 0-9 and '-', and begin with a letter or digit."),
        Fields.Text("name", create.Name, 200),
        Fields.Text("description", create.Description, required: false),
        create.Owners?.Any(string.IsNullOrWhiteSpace) == true ? InvalidInput("owners", "must not contain an empty name.") : null);

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{1,62}\\z")]
    private static partial Regex SlugShape();
}
