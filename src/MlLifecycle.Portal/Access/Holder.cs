using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Portal.Access;

/// <summary>Who holds a token, and what it lets them do.</summary>
/// <param name="TokenId">The token's id.</param>
/// <param name="Name">The token's name: the actor of whatever is done with it.</param>
/// <param name="Role">The role, within <paramref name="Project"/> or across the suite.</param>
/// <param name="Project">The slug of the one project the token is for; null across the suite.</param>
/// <param name="ProjectId">That project's id.</param>
/// <param name="Expires">When the token ends; null when it does not.</param>
public sealed record Holder(Guid TokenId, string Name, Role Role, string? Project, Guid? ProjectId, DateTimeOffset? Expires)
{
    /// <summary>The effective role on a project; null when the token is for another one.</summary>
    public Role? On(string project) => Project is null || Project == project ? Role : null;

    /// <summary>The effective role on what stands above projects; null for a token of one project.</summary>
    public Role? AcrossSuite => Project is null ? Role : null;

    /// <summary>Whether a fact of that project, or of none, may be shown.</summary>
    public bool Sees(string project) => On(project) is not null;
}
