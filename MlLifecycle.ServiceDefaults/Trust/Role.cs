namespace MlLifecycle.ServiceDefaults.Trust;

/// <summary>What a caller may do in a project. Each role may do what the ones before it may.</summary>
public enum Role
{
    /// <summary>Reads.</summary>
    Viewer = 1,

    /// <summary>Adds data, runs, evaluations, predictions.</summary>
    Contributor = 2,

    /// <summary>Decides: scope, waivers, transitions, deployments, alert rules, and the project's tokens.</summary>
    Maintainer = 3,

    /// <summary>Everything, in every project.</summary>
    Admin = 4,
}

/// <summary>Roles as they are written in tokens and JSON.</summary>
public static class RoleNames
{
    /// <summary>The lower-case name.</summary>
    /// <param name="role">A role.</param>
    public static string Name(this Role role) => role switch
    {
        Role.Viewer => "viewer",
        Role.Contributor => "contributor",
        Role.Maintainer => "maintainer",
        _ => "admin",
    };

    /// <summary>The role of that name, or null.</summary>
    /// <param name="name">A lower-case name.</param>
    public static Role? Parse(string? name) => name switch
    {
        "viewer" => Role.Viewer,
        "contributor" => Role.Contributor,
        "maintainer" => Role.Maintainer,
        "admin" => Role.Admin,
        _ => null,
    };
}
