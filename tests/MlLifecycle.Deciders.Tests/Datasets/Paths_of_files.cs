using System.Text;
using CsCheck;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

public static class Paths_of_files
{
    [Theory]
    [InlineData("a")]
    [InlineData("raw/train-images-idx3-ubyte.gz")]
    [InlineData("Ärmel/…/très long.csv")]
    [InlineData(".hidden/..a/b..")]
    [InlineData("with blank /x")]
    [InlineData("😀.png")]
    public static void may_be_ordinary_names(string path) => FilePath.Check(path).ShouldBeNull();

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("../x")]
    [InlineData("a/../b")]
    [InlineData("a/..")]
    [InlineData("./a")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("a\\..\\b")]
    [InlineData("a\nb")]
    [InlineData("a\0b")]
    [InlineData("a\u0085b")]
    [InlineData("a\u007fb")]
    public static void may_not_lead_out_or_break_a_line(string path)
    {
        var refusal = FilePath.Check(path).ShouldNotBeNull();
        (refusal.Status, refusal.Field).ShouldBe((400, "path"));
    }

    [Fact]
    public static void may_not_hold_half_a_character()
    {
        FilePath.Check("a\ud83d").ShouldNotBeNull();
        FilePath.Check("\ude00\ud83d").ShouldNotBeNull();
        FilePath.Check("\ud83d\ud83d\ude00").ShouldNotBeNull();
    }

    [Fact]
    public static void may_be_1024_characters_long_and_not_more()
    {
        FilePath.Check(new string('a', 1024)).ShouldBeNull();
        FilePath.Check(new string('a', 1025)).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("b", "/d/staging/a/../b")]
    [InlineData("b", "/d/staging/a/%2e%2e/b")]
    [InlineData("b", "/d/staging/a/.%2E/b")]
    [InlineData("b", "/d/staging/./b")]
    [InlineData("..%2Fb", "/d/staging/..%2Fb")]
    [InlineData("a%2Fb", "/d/staging/a%2fb")]
    public static void are_refused_as_the_caller_wrote_them_before_the_server_resolved_them(string routed, string raw) =>
        FilePath.Check(routed, raw).ShouldNotBeNull().Field.ShouldBe("path");

    [Theory]
    [InlineData("a b/c%.csv", "/d/staging/a%20b/c%25.csv?x=../y")]
    [InlineData("a", null)]
    public static void may_be_percent_encoded(string routed, string? raw) => FilePath.Check(routed, raw).ShouldBeNull();

    [Fact]
    public static void sort_as_their_bytes_do() => Gen.Select(Text, Text).Sample((a, b) =>
        Math.Sign(FilePath.Compare(a, b)) == Math.Sign(Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b))));

    // Few characters, so that strings share beginnings; on either side of the surrogates.
    private static Gen<string> Text => Gen.OneOf("a", "b", "/", "é", "\ud7ff", "\ue000", "\uffff", "😀", "😁").Array[0, 5].Select(string.Concat);
}
