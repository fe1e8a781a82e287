using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

[Collection(nameof(Datasets))]
public sealed class Versions_over_HTTP(DatasetsFixture service)
{
    private readonly Workbench _bench = new(service);

    [Fact]
    public async Task one_content_under_two_names_is_on_disk_once()
    {
        await _bench.Register();
        var content = $"unlike any other {Guid.NewGuid()}";
        var before = service.Objects.Length;
        var first = await _bench.Stage("raw/a.txt", content);
        var second = await _bench.Stage("b.txt", content);
        (first["deduplicated"]!.GetValue<bool>(), second["deduplicated"]!.GetValue<bool>()).ShouldBe((false, true));
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)));
        (first["digest"]!.ToString(), second["digest"]!.ToString()).ShouldBe((digest, digest));
        service.Objects.Length.ShouldBe(before + 1);
        service.Incoming.ShouldBeEmpty();
        await _bench.Commit();
        (await _bench.Team.GetStringAsync($"{_bench.Dataset}/versions/1/files/raw/a.txt")).ShouldBe(content);
        (await _bench.Team.GetStringAsync($"{_bench.Dataset}/versions/1/files/b.txt")).ShouldBe(content);
    }

    [Theory]
    [InlineData("X-Content-Sha256", "0000000000000000000000000000000000000000000000000000000000000000", "digest-mismatch", null)]
    [InlineData("Digest", "sha-256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "digest-mismatch", null)]
    [InlineData("Content-Digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:", "digest-mismatch", null)]
    [InlineData("Content-Digest", "sha-256=:AAAA:", "invalid-input", "Content-Digest")]
    [InlineData("X-Content-Sha256", "zz", "invalid-input", "X-Content-Sha256")]
    public async Task a_content_that_is_not_what_its_header_says_is_refused_and_nothing_stays(string header, string value, string code, string? field)
    {
        await _bench.Register();
        var before = service.Objects.Length;
        await _bench.Put("a.txt", $"{Guid.NewGuid()}", (header, value)).Problem(400, code, field);
        (await _bench.Staged()).ShouldBeEmpty();
        service.Incoming.ShouldBeEmpty();
        service.Objects.Length.ShouldBe(before);
    }

    [Fact]
    public async Task a_content_that_is_what_its_header_says_is_taken()
    {
        await _bench.Register();
        var digest = Convert.ToBase64String(SHA256.HashData("abc"u8));
        (await _bench.Put("a.txt", "abc", ("Content-Digest", $"sha-256=:{digest}:")).Json())["bytes"]!.GetValue<int>().ShouldBe(3);
        (await _bench.Put("b.txt", "abc", ("Digest", $"sha-256={digest}")).Json())["path"]!.ToString().ShouldBe("b.txt");
        (await _bench.Staged()).ShouldBe(["added a.txt", "added b.txt"]);
    }

    [Fact]
    public async Task an_empty_upload_is_refused()
    {
        await _bench.Register();
        await _bench.Put("a.txt", "").Problem(400, "empty-upload", "path");
        (await _bench.Staged()).ShouldBeEmpty();
        await _bench.Team.Post($"{_bench.Dataset}/versions", new { message = "m" }).Problem(409, "nothing-staged");
    }

    [Fact]
    public async Task staging_shows_what_the_next_version_changes_and_can_be_taken_back()
    {
        await _bench.With(("a.txt", [1]), ("b.txt", [2]), ("c.txt", [3]));
        await _bench.Stage("a.txt", [9]);
        await _bench.Stage("c.txt", [3]); // as it is already
        await _bench.Stage("d/e.txt", [4]);
        await _bench.Team.DeleteAsync($"{_bench.Dataset}/staging/b.txt");
        (await _bench.Staged()).ShouldBe(["modified a.txt", "deleted b.txt", "added d/e.txt"]);

        (await _bench.Team.DeleteAsync($"{_bench.Dataset}/staging/d/e.txt")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await _bench.Staged()).ShouldBe(["modified a.txt", "deleted b.txt"]);
        await _bench.Team.DeleteAsync($"{_bench.Dataset}/staging/d/e.txt").Problem(404, "file-unknown");
        await _bench.Stage("b.txt", [2]); // back as it was
        (await _bench.Staged()).ShouldBe(["modified a.txt"]);

        var page = await _bench.Team.GetAsync($"{_bench.Dataset}/staging?limit=1").Json();
        page["next"].ShouldBeNull();
    }

    [Fact]
    public async Task committing_twice_is_once()
    {
        await _bench.Register();
        await _bench.Stage("a.txt", [1]);
        var first = await _bench.Commit("raw");
        var again = await _bench.Commit("raw");
        again.ToJsonString().ShouldBe(first.ToJsonString());
        await _bench.Stage("a.txt", [1]); // what it is already: no news either
        (await _bench.Commit("same")).ToJsonString().ShouldBe(first.ToJsonString());
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions").Json())["items"]!.AsArray().Count.ShouldBe(1);
        (await _bench.Staged()).ShouldBeEmpty();
    }

    [Fact]
    public async Task a_commit_retried_with_its_key_answers_as_it_did_whatever_happened_since()
    {
        await _bench.Register();
        await _bench.Stage("a.txt", [1]);
        var first = await _bench.Commit("raw", key: "k-1");
        await _bench.Stage("a.txt", [2]);
        (await _bench.Commit("raw", key: "k-1")).ToJsonString().ShouldBe(first.ToJsonString());
        (await _bench.Staged()).ShouldBe(["modified a.txt"]);
        (await _bench.Commit("next", key: "k-2"))["number"]!.GetValue<int>().ShouldBe(2);
        (await _bench.Commit("raw", key: "k-1")).ToJsonString().ShouldBe(first.ToJsonString());
    }

    [Fact]
    public async Task one_staging_committed_many_times_at_once_is_one_version()
    {
        await _bench.Register();
        for (var i = 0; i < 5; i++)
            await _bench.Stage($"{i}.txt", $"{i}");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _bench.Commit("at once")));
        (await _bench.Team.GetAsync(_bench.Dataset)).Headers.ETag!.Tag.ShouldBe("\"2\""); // registered, committed
        answers.Select(a => a.ToJsonString()).Distinct().ShouldHaveSingleItem();
        answers[0]["files"]!.GetValue<int>().ShouldBe(5);
        (await _bench.Staged()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("{}", "invalid-input", "message")]
    [InlineData("""{"message": "  "}""", "invalid-input", "message")]
    [InlineData("""{"message": null}""", "invalid-input", "message")]
    [InlineData("""{"message": "m", "branch": "main"}""", "invalid-input", "branch")]
    [InlineData("""{"message": """, "malformed-json", null)]
    public async Task a_commit_without_a_reason_is_refused(string body, string code, string? field)
    {
        await _bench.Register();
        await _bench.Stage("a.txt", [1]);
        await _bench.Team.PostAsync($"{_bench.Dataset}/versions", new StringContent(body, Encoding.UTF8, "application/json")).Problem(400, code, field);
        (await _bench.Staged()).ShouldBe(["added a.txt"]);
    }

    [Fact]
    public async Task a_version_is_read_by_number_digest_and_as_latest()
    {
        await _bench.With("a.txt", "one");
        await _bench.Stage("a.txt", "two");
        var second = await _bench.Commit("second");
        var digest = second["digest"]!.ToString();
        second["parent"]!.GetValue<int>().ShouldBe(1);
        foreach (var reference in (string[])["2", digest, digest[..8], "latest"])
        {
            (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/{reference}").Json()).ToJsonString().ShouldBe(second.ToJsonString());
            (await _bench.Team.GetStringAsync($"{_bench.Dataset}/versions/{reference}/files/a.txt")).ShouldBe("two");
        }

        (await _bench.Team.GetStringAsync($"{_bench.Dataset}/versions/1/files/a.txt")).ShouldBe("one");
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions").Json())["items"]!.AsArray().Select(v => v!["number"]!.GetValue<int>()).ShouldBe([2, 1]);
        var page = await _bench.Team.GetAsync($"{_bench.Dataset}/versions?limit=1").Json();
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions?limit=1&after={page["next"]}").Json())["items"]![0]!["number"]!.GetValue<int>().ShouldBe(1);
    }

    [Theory]
    [InlineData("3", 404, "version-unknown")]
    [InlineData("0", 404, "version-unknown")]
    [InlineData("99999999999", 404, "version-unknown")]
    [InlineData("0123456789abcdef", 404, "version-unknown")]
    [InlineData("-1", 400, "invalid-input")]
    [InlineData("main", 400, "invalid-input")]
    [InlineData("abc", 400, "invalid-input")]
    [InlineData("%27%3B--", 400, "invalid-input")]
    public async Task a_version_that_is_none_is_said_so_everywhere(string reference, int status, string code)
    {
        await _bench.With("a.txt", "one");
        foreach (var rest in (string[])["", "/files", "/files/a.txt", "/profile", "/checks", "/splits"])
            await _bench.Team.GetAsync($"{_bench.Dataset}/versions/{reference}{rest}").Problem(status, code);
        await _bench.Team.GetAsync($"{_bench.Dataset}/diff?from={reference}").Problem(status, code);
    }

    [Fact]
    public async Task files_are_listed_in_pages_and_read_whole_in_part_or_not_again()
    {
        await _bench.With(("b.txt", "0123456789"u8.ToArray()), ("a/ü 1.csv", "x\n1\n"u8.ToArray()), ("c", [0, 255]));
        var files = await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/files?limit=2").Json();
        files["items"]!.AsArray().Select(f => $"{f!["path"]} {f["bytes"]}").ShouldBe(["a/ü 1.csv 4", "b.txt 10"]);
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/files?after={files["next"]}").Json())["items"]!.AsArray().Select(f => f!["path"]!.ToString()).ShouldBe(["c"]);
        (await _bench.Team.GetByteArrayAsync($"{_bench.Dataset}/versions/1/files/c")).ShouldBe([0, 255]);
        (await _bench.Team.GetStringAsync($"{_bench.Dataset}/versions/1/files/a/%C3%BC%201.csv")).ShouldBe("x\n1\n");
        await _bench.Team.GetAsync($"{_bench.Dataset}/versions/1/files/d").Problem(404, "file-unknown");

        var file = $"{_bench.Dataset}/versions/1/files/b.txt";
        using var whole = await _bench.Team.GetAsync(file);
        var digest = files["items"]![1]!["digest"]!.ToString();
        (whole.Headers.ETag!.Tag, whole.Content.Headers.ContentType!.ToString()).ShouldBe(($"\"{digest}\"", "text/plain; charset=utf-8"));
        (await Ask("Range", "bytes=3-5")).ShouldBe((206, "345"));
        (await Ask("Range", "bytes=-2")).ShouldBe((206, "89"));
        (await Ask("Range", "bytes=10-")).Status.ShouldBe(416);
        (await Ask("If-None-Match", $"\"{digest}\"")).ShouldBe((304, ""));

        async Task<(int Status, string Body)> Ask(string header, string value)
        {
            var client = _bench.Team;
            client.DefaultRequestHeaders.Add(header, value);
            using var answer = await client.GetAsync(file);
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task two_versions_differ_by_what_was_added_removed_and_changed()
    {
        await _bench.With(("changed", "one"u8.ToArray()), ("kept", "same"u8.ToArray()), ("removed", "gone"u8.ToArray()));
        await _bench.Stage("changed", "three");
        await _bench.Stage("added", "new");
        await _bench.Team.DeleteAsync($"{_bench.Dataset}/staging/removed");
        await _bench.Commit("second");
        var diff = await _bench.Team.GetAsync($"{_bench.Dataset}/diff?from=1&to=2").Json();
        Paths(diff, "added").ShouldBe(["added"]);
        Paths(diff, "removed").ShouldBe(["removed"]);
        Paths(diff, "modified").ShouldBe(["changed"]);
        (diff["modified"]![0]!["from"]!["bytes"]!.GetValue<int>(), diff["modified"]![0]!["to"]!["bytes"]!.GetValue<int>()).ShouldBe((3, 5));
        diff["totals"]!.ToJsonString().ShouldBe("""{"added":1,"removed":1,"modified":1,"unchanged":1,"bytes":1}""");

        var back = await _bench.Team.GetAsync($"{_bench.Dataset}/diff?from=latest&to=1").Json();
        Paths(back, "added").ShouldBe(["removed"]);
        (await _bench.Team.GetAsync($"{_bench.Dataset}/diff?from=2&to=2").Json())["totals"]!["unchanged"]!.GetValue<int>().ShouldBe(3);
        await _bench.Team.GetAsync($"{_bench.Dataset}/diff").Problem(400, "invalid-input", "from");
        await _bench.Team.GetAsync($"{_bench.Dataset}/diff?from=1&to=x").Problem(400, "invalid-input", "to");

        var (seen, after) = (new List<string>(), (string?)null);
        do
        {
            var page = await _bench.Team.GetAsync($"{_bench.Dataset}/diff?from=1&to=2&limit=1&after={after}").Json();
            seen.AddRange([.. Paths(page, "added"), .. Paths(page, "removed"), .. Paths(page, "modified")]);
            page["totals"]!.ToJsonString().ShouldBe(diff["totals"]!.ToJsonString());
            after = page["next"]?.ToString();
        }
        while (after is not null);
        seen.ShouldBe(["added", "changed", "removed"]);
    }

    [Fact]
    public async Task the_past_is_read_as_it_was()
    {
        await _bench.With("a.txt", "one");
        var then = Uri.EscapeDataString(DateTimeOffset.UtcNow.ToString("O"));
        await _bench.Stage("a.txt", "two");
        await _bench.Commit("second");
        (await _bench.Team.GetStringAsync($"{_bench.Dataset}/versions/latest/files/a.txt?at={then}")).ShouldBe("one");
        (await _bench.Team.GetAsync($"{_bench.Dataset}/versions?at={then}").Json())["items"]!.AsArray().Count.ShouldBe(1);
        (await _bench.Team.GetAsync($"{_bench.Dataset}?at={then}").Json())["versions"]!.GetValue<int>().ShouldBe(1);
        (await _bench.Team.GetAsync($"{_bench.Datasets}?at={then}").Json())["items"]![0]!["versions"]!.GetValue<int>().ShouldBe(1);
        await _bench.Team.GetAsync($"{_bench.Dataset}/versions/2?at={then}").Problem(404, "version-unknown");
        await _bench.Team.GetAsync($"{_bench.Dataset}/versions/2?at=2001-01-01T00:00:00Z").Problem(404, "dataset-unknown");
        await _bench.Team.GetAsync($"{_bench.Dataset}?at=yesterday").Problem(400, "invalid-input", "at");
    }

    private static IEnumerable<string> Paths(JsonNode diff, string list) => diff[list]!.AsArray().Select(item => item!["path"]!.ToString());
}
