using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Trust;
using Xunit;

namespace MlLifecycle.Portal.Tokens;

public static class Issuing_a_token
{
    private static readonly DateTimeOffset Now = new(2026, 3, 3, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Fashion = Guid.Parse("0192a000-0000-7000-8000-00000000000f");
    private static readonly Holder Admin = new(Guid.NewGuid(), "ada", Role.Admin, null, null, null);
    private static readonly Holder SuiteMaintainer = Admin with { Name = "sue", Role = Role.Maintainer };
    private static readonly Holder FashionMaintainer = new(Guid.NewGuid(), "mia", Role.Maintainer, "fashion", Fashion, null);

    [Fact]
    public static void suite_wide_or_for_a_project_is_up_to_an_admin()
    {
        Issue(Admin, new("ci", "contributor")).Then(new TokenIssued("ci", Role.Contributor, null, null, "hash", null, Now, "ada"));
        Issue(Admin, new("ci", "maintainer", "fashion", Now.AddDays(1)))
            .Then(new TokenIssued("ci", Role.Maintainer, "fashion", Fashion, "hash", Now.AddDays(1), Now, "ada"));
        Issue(Admin, new("bob", "admin")).Then(new TokenIssued("bob", Role.Admin, null, null, "hash", null, Now, "ada"));
    }

    [Fact]
    public static void of_one_project_is_up_to_its_maintainer_and_ends_there()
    {
        Issue(FashionMaintainer, new("ci", "maintainer", "fashion")).Then(new TokenIssued("ci", Role.Maintainer, "fashion", Fashion, "hash", null, Now, "mia"));
        Issue(FashionMaintainer, new("ci", "viewer", "cars")).ThenRefused(403, "beyond-own-project");
        Issue(FashionMaintainer, new("ci", "viewer")).ThenRefused(403, "beyond-own-project");
        Issue(FashionMaintainer, new("ci", "admin", "fashion")).ThenRefused(400, "invalid-input", "role");
    }

    [Fact]
    public static void above_ones_own_role_is_refused()
    {
        Issue(SuiteMaintainer, new("bob", "admin")).ThenRefused(403, "above-own-role");
        Issue(SuiteMaintainer, new("bob", "maintainer")).ThenEvents();
        Issue(SuiteMaintainer with { Role = Role.Contributor }, new("bob", "viewer")).ThenRefused(403, "forbidden");
        Issue(FashionMaintainer with { Role = Role.Viewer }, new("bob", "viewer", "fashion")).ThenRefused(403, "forbidden");
    }

    [Fact]
    public static void that_would_outlive_ones_own_is_refused()
    {
        var passing = Admin with { Expires = Now.AddHours(1) };
        Issue(passing, new("ci", "viewer")).Then(new TokenIssued("ci", Role.Viewer, null, null, "hash", Now.AddHours(1), Now, "ada"));
        Issue(passing, new("ci", "viewer", Expires: Now.AddHours(2))).ThenRefused(400, "invalid-input", "expires");
    }

    [Fact]
    public static void needs_a_name_that_nobody_else_acts_under()
    {
        Issue(Admin, new("", "viewer")).ThenRefused(400, "invalid-input", "name");
        Issue(Admin, new(" ci", "viewer")).ThenRefused(400, "invalid-input", "name");
        Issue(Admin, new("ci\n", "viewer")).ThenRefused(400, "invalid-input", "name");
        Issue(Admin, new(new string('x', 101), "viewer")).ThenRefused(400, "invalid-input", "name");
        Issue(Admin, new("Lifecycle", "viewer")).ThenRefused(400, "invalid-input", "name");
        Issue(Admin, new("Zoë K. <z@x>", "viewer")).ThenRefused(400, "invalid-input", "name");
        Issue(Admin, new("Zoë K. z@x", "viewer")).ThenEvents();
        Issue(Admin, new("ci", "viewer"), nameTaken: true).ThenRefused(409, "token-name-taken");
    }

    [Fact]
    public static void needs_a_role_a_project_and_an_end_that_make_sense()
    {
        Issue(Admin, new("ci", "owner")).ThenRefused(400, "invalid-input", "role");
        Issue(Admin, new("ci", "Viewer")).ThenRefused(400, "invalid-input", "role");
        Issue(Admin, new("ci", "viewer", Expires: Now)).ThenRefused(400, "invalid-input", "expires");
        Issue(Admin, new("ci", "viewer", "nope"), projectId: null).ThenRefused(404, "project-unknown");
    }

    [Fact]
    public static void with_the_key_of_another_one_is_refused() => Spec
        .Given<ApiToken>(new TokenIssued("ci", Role.Viewer, null, null, "hash", null, Now, "ada"))
        .When(token => IssueTokenSlice.Decide(token, new("ci2", "viewer"), Admin, "other", null, false, Now))
        .ThenRefused(409, "key-reused");

    private static When<ApiToken> Issue(Holder issuer, IssueToken issue, bool nameTaken = false, Guid? projectId = default) => Spec.Given<ApiToken>().When(
        token => IssueTokenSlice.Decide(token, issue, issuer, "hash", issue.Project == "nope" ? projectId : issue.Project is null ? null : Fashion, nameTaken, Now));
}
