using CsCheck;
using MlLifecycle.Portal.Access;
using Shouldly;
using Xunit;

namespace MlLifecycle.Portal.Tokens;

public static class Token_secrets
{
    [Fact]
    public static void are_mll_and_forty_letters_and_digits()
    {
        var secrets = Enumerable.Range(0, 1000).Select(_ => TokenSecret.New()).ToList();
        secrets.ShouldAllBe(secret => System.Text.RegularExpressions.Regex.IsMatch(secret, "^mll_[0-9A-Za-z]{40}$"));
        secrets.ShouldAllBe(secret => TokenSecret.IsWellFormed(secret));
        secrets.ShouldBeUnique();
    }

    [Fact]
    public static void with_one_character_mistyped_are_turned_away_unasked() =>
        Gen.Select(Gen.Int[4, 43], Gen.Char.AlphaNumeric).Sample((place, typed) =>
        {
            var secret = TokenSecret.New();
            var mistyped = secret[..place] + typed + secret[(place + 1)..];
            return TokenSecret.IsWellFormed(mistyped) == (mistyped == secret);
        });

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("mll_")]
    [InlineData("mll_ÄÖÜ4567890123456789012345678901234567890")]
    [InlineData("ghp_0000000000000000000000000000000000000000")]
    public static void are_not_anything_else(string? text) => TokenSecret.IsWellFormed(text).ShouldBeFalse();

    [Fact]
    public static void match_their_own_hash_and_no_other()
    {
        var (secret, other) = (TokenSecret.New(), TokenSecret.New());
        TokenSecret.Hash(secret).ShouldMatch("^[0-9a-f]{64}$");
        TokenSecret.Matches(secret, TokenSecret.Hash(secret)).ShouldBeTrue();
        TokenSecret.Matches(secret, TokenSecret.Hash(other)).ShouldBeFalse();
        TokenSecret.Matches(secret, "").ShouldBeFalse();
    }

    [Theory]
    [InlineData("Bearer mll_x", "mll_x")]
    [InlineData("bearer  mll_x ", "mll_x")]
    [InlineData("Basic dXNlcjptbGxfeA==", "mll_x")]
    [InlineData("Basic Om1sbF94", "mll_x")]
    [InlineData("Basic bm9jb2xvbg==", null)]
    [InlineData("Basic %%%", null)]
    [InlineData("Digest mll_x", null)]
    [InlineData("mll_x", null)]
    public static void travel_as_bearer_or_as_the_password_of_basic(string header, string? secret) => TokenAuthentication.SecretIn(header).ShouldBe(secret);
}
