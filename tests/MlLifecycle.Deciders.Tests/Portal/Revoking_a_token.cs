using MlLifecycle.Portal.Access;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Portal.Tokens;

public static class Revoking_a_token
{
    private static readonly DateTimeOffset Now = new(2026, 3, 3, 12, 0, 0, TimeSpan.Zero);
    private static readonly Holder Admin = new(Guid.NewGuid(), "ada", Role.Admin, null, null, null);
    private static readonly Holder FashionMaintainer = new(Guid.NewGuid(), "mia", Role.Maintainer, "fashion", Guid.NewGuid(), null);

    [Fact]
    public static void is_up_to_whoever_could_have_issued_it()
    {
        Revoke(Admin, Role.Admin).Then(new TokenRevoked(Now, "ada"));
        Revoke(FashionMaintainer, Role.Contributor, "fashion").Then(new TokenRevoked(Now, "mia"));
        Revoke(FashionMaintainer, Role.Contributor, "cars").ThenRefused(404, "token-unknown");
        Revoke(FashionMaintainer, Role.Viewer).ThenRefused(404, "token-unknown");
        Revoke(Admin with { Role = Role.Maintainer }, Role.Admin).ThenRefused(403, "above-own-role");
        Revoke(Admin with { Role = Role.Contributor }, Role.Viewer).ThenRefused(404, "token-unknown");
    }

    [Fact]
    public static void with_itself_always_works()
    {
        var self = Spec.Given<ApiToken>(Issued(Role.Viewer, "fashion"));
        self.When(token => RevokeTokenSlice.Decide(token, token.Holder, Now)).Then(new TokenRevoked(Now, "ci"));
    }

    [Fact]
    public static void that_does_not_exist_is_refused() =>
        Spec.Given<ApiToken>().When(token => RevokeTokenSlice.Decide(token, Admin, Now)).ThenRefused(404, "token-unknown");

    [Fact]
    public static void ends_it_and_frees_its_name()
    {
        var token = Spec.Given<ApiToken>(Issued(Role.Viewer)).State;
        (token.IsGood(Now), token.HeldName).ShouldBe((true, "ci"));
        var revoked = token.Evolve(new TokenRevoked(Now, "ada"));
        (revoked.IsGood(Now), revoked.HeldName).ShouldBe((false, null));
    }

    [Fact]
    public static void is_not_needed_once_it_expires()
    {
        var token = Spec.Given<ApiToken>(Issued(Role.Viewer) with { Expires = Now }).State;
        token.IsGood(Now.AddTicks(-1)).ShouldBeTrue();
        token.IsGood(Now).ShouldBeFalse();
    }

    private static TokenIssued Issued(Role role, string? project = null) => new("ci", role, project, null, "hash", null, Now.AddDays(-1), "ada");

    private static When<ApiToken> Revoke(Holder by, Role role, string? project = null) =>
        Spec.Given<ApiToken>(Issued(role, project)).When(token => RevokeTokenSlice.Decide(token, by, Now));
}
