using System.Text;
using Microsoft.AspNetCore.Http;
using MlLifecycle.Datasets.Objects;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

public sealed class The_object_store : IDisposable
{
    // SHA-256 of "abc", FIPS 180-2, appendix B.1
    private const string Abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    private readonly Files _files = new();

    [Fact]
    public void keeps_a_content_once_under_its_digest()
    {
        Keep("abc").ShouldBe(new StoredObject(Abc, 3, false));
        Keep("abc").ShouldBe(new StoredObject(Abc, 3, true));
        Directory.GetFiles(Path.Combine(_files.Root, "objects"), "*", SearchOption.AllDirectories).ShouldBe([Path.Combine(_files.Root, "objects", "ba", Abc[2..])]);
        using var read = new StreamReader(_files.Store.Open(Abc));
        read.ReadToEnd().ShouldBe("abc");
    }

    [Fact]
    public void leaves_nothing_of_what_is_not_kept()
    {
        using (var writer = _files.Store.Begin())
        {
            writer.Write("half of a fi"u8);
            writer.Seal();
        }

        Directory.GetFiles(_files.Root, "*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public void mends_an_object_that_was_cut_short()
    {
        Keep("abc");
        File.Delete(_files.Store.PathOf(Abc));
        File.WriteAllText(_files.Store.PathOf(Abc), "a");
        Keep("abc").Deduplicated.ShouldBeFalse();
        File.ReadAllText(_files.Store.PathOf(Abc)).ShouldBe("abc");
    }

    [Fact]
    public void sweeps_out_what_writers_left_that_died()
    {
        var left = Path.Combine(_files.Root, "incoming", "dead");
        File.WriteAllText(left, "half");
        File.SetLastWriteTimeUtc(left, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        using var alive = _files.Store.Begin();
        _files.Store.Sweep(new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero)).ShouldBe(1);
        File.Exists(left).ShouldBeFalse();
        alive.Write("abc"u8);
        alive.Keep().Digest.ShouldBe(Abc);
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")]
    [InlineData("ba")]
    public void has_no_place_for_what_is_not_a_digest(string digest) => Should.Throw<ArgumentException>(() => _files.Store.PathOf(digest));

    [Fact]
    public void takes_the_same_content_from_many_writers_at_once()
    {
        var stored = new StoredObject[32];
        Parallel.For(0, stored.Length, i => stored[i] = Keep("abc"));
        stored.Select(s => s.Digest).Distinct().ShouldBe([Abc]);
        Directory.GetFiles(Path.Combine(_files.Root, "incoming")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("X-Content-Sha256", Abc)]
    [InlineData("X-Content-Sha256", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD")]
    [InlineData("Digest", "sha-256=ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")]
    [InlineData("Digest", "md5=xyz, SHA-256=ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")]
    [InlineData("Content-Digest", "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:")]
    public void reads_the_digest_a_caller_sends(string header, string value)
    {
        Digest.Expected(new HeaderDictionary { [header] = value }, out var expected).ShouldBeNull();
        expected.ShouldBe(Abc);
    }

    [Theory]
    [InlineData("X-Content-Sha256", "abc")]
    [InlineData("Digest", "sha-256=ungWv48B")]
    [InlineData("Digest", "sha-256=%%%")]
    [InlineData("Content-Digest", "sha-256=::")]
    public void refuses_a_digest_header_it_cannot_read(string header, string value) =>
        Digest.Expected(new HeaderDictionary { [header] = value }, out _).ShouldNotBeNull().Field.ShouldBe(header);

    [Fact]
    public void checks_nothing_when_no_digest_it_knows_is_sent()
    {
        Digest.Expected(new HeaderDictionary { ["Digest"] = "md5=xyz" }, out var expected).ShouldBeNull();
        expected.ShouldBeNull();
    }

    public void Dispose() => _files.Dispose();

    private StoredObject Keep(string text)
    {
        using var writer = _files.Store.Begin();
        writer.Write(Encoding.UTF8.GetBytes(text));
        return writer.Keep();
    }
}
