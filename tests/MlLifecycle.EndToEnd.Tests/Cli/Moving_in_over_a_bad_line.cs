using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Cli;

/// <summary>What stands in the way of a move: a busy source, one that breaks off, one that is none, a token that may not.</summary>
public sealed class Moving_in_over_a_bad_line(Suite suite) : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("mll-line-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task asks_a_busy_source_again_and_begins_a_file_anew_that_broke_off()
    {
        await suite.Started();
        using var client = suite.Client();
        var from = await Tracking.New(client, "line-from");
        var to = await Tracking.New(client, "line-to");
        var run = await from.Run("0", "heavy", Source.Start);
        var content = System.Security.Cryptography.RandomNumberGenerator.GetBytes(3_000_000);
        await from.Upload(run, "weights.bin", content);
        await from.Upload(run, "lost.bin", content);
        await from.Points(run, "curve", 1500, step => step);
        await from.End(run, "FINISHED", Source.Start + 1);

        await using var line = new TroubledLine(suite.Address);
        var (busy, cut) = (new ConcurrentDictionary<string, int>(), 0);
        // Each path is first too much asked of, then out of order, then fails.
        line.Trouble = context => context.Request.RawUrl!.Contains("lost.bin", StringComparison.Ordinal)
            ? TroubledLine.Answer(context, 403, body: """{"error_code": "BAD_REQUEST", "message": "no"}""", type: "application/json")
            : busy.AddOrUpdate(context.Request.Url!.AbsolutePath, 1, (_, times) => times + 1) switch
            {
                1 => TroubledLine.Answer(context, 429, "1"),
                2 => TroubledLine.Answer(context, 503),
                3 => TroubledLine.Answer(context, 500),
                _ => false,
            };
        line.Cut = asked => asked.Url!.AbsolutePath.EndsWith("weights.bin", StringComparison.Ordinal) && Interlocked.Increment(ref cut) <= 2 ? 1_234_567 : null;

        // A file that may not be read ends the import; nothing of it is kept from the next one.
        var refused = await Import(line, "line-from", "line-to");
        refused.Exit.ShouldBe(4, refused.Errors);
        refused.Errors.ShouldContain("does not let this token do it: no. What is copied stays; run the same command again and it goes on.");
        line.Trouble = context => context.Request.RawUrl!.Contains("lost.bin", StringComparison.Ordinal)
            && TroubledLine.Answer(context, 404, body: """{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "gone"}""", type: "application/json");
        var partly = await Import(line, "line-from", "line-to");
        partly.Exit.ShouldBe(6, partly.Errors);
        var missing = partly.Json["notCopied"]!.AsArray().ShouldHaveSingleItem()!;
        missing["what"]!.GetValue<string>().ShouldBe($"{run} (heavy): lost.bin");
        line.Trouble = _ => false;
        var whole = await Import(line, "line-from", "line-to");
        whole.Exit.ShouldBe(0, whole.Errors);

        cut.ShouldBeGreaterThanOrEqualTo(3);
        busy.Values.ShouldContain(times => times > 3);
        var copy = (await to.Runs("0")).ShouldHaveSingleItem();
        var id = Tracking.Text(copy["info"]!, "run_id");
        (await to.Files(id)).ShouldBe(await from.Files(run));
        (await to.History(id, "curve")).ShouldBe(await from.History(run, "curve"));
    }

    [Fact]
    public async Task says_what_the_address_is_not()
    {
        await suite.Started();
        using var client = suite.Client();
        await Tracking.New(client, "line-none");
        var nobody = await Mll.Run(suite, "line-none", "import", "mlflow", $"http://127.0.0.1:{Suite.FreePort()}", "--journal", Journal);
        (nobody.Exit, nobody.Output).ShouldBe((3, ""));
        nobody.Errors.ShouldContain("The MLflow server does not answer at http://127.0.0.1:");

        await using var line = new TroubledLine(suite.Address);
        foreach (var (status, body, sentence) in ((int, string, string)[])
        [
            (404, "<html>Not here</html>", "answers, but not as an MLflow server does"),
            (405, "", "answers, but not as an MLflow server does"),
            (200, "<html>Welcome</html>", "with something other than what was asked for: is the address right?"),
            (200, """{"hello": "world"}""", "answers, and has no experiments at all: is it an MLflow server?"),
        ])
        {
            line.Trouble = context => TroubledLine.Answer(context, status, body: body);
            var other = await Import(line, "line-none", "line-none");
            (other.Exit, other.Output).ShouldBe((1, ""), other.Errors);
            other.Errors.ShouldContain(sentence);
        }

        line.Trouble = context => TroubledLine.Answer(context, 401);
        var unknown = await Import(line, "line-none", "line-none");
        unknown.Exit.ShouldBe(4);
        unknown.Errors.ShouldContain("--source-token or MLL_SOURCE_TOKEN");
        File.Exists(Journal).ShouldBeFalse();
    }

    [Fact]
    public async Task says_that_a_reader_may_not_copy()
    {
        await suite.Started();
        using var client = suite.Client();
        var from = await Tracking.New(client, "line-read-from");
        await Tracking.New(client, "line-read-to");
        using var issued = await client.PostAsJsonAsync("/api/tokens", new { name = "line-reader", role = "viewer", project = "line-read-to" });
        var token = JsonNode.Parse(await issued.Content.ReadAsStringAsync())!["token"]!.GetValue<string>();
        var refused = await Mll.Run(suite, "line-read-to", "import", "mlflow", from.Address, "--token", token, "--journal", Journal);
        (refused.Exit, refused.Output).ShouldBe((4, ""));
        refused.Errors.ShouldContain("needs the role contributor");
    }

    private string Journal => Path.Combine(_directory, "line.journal");

    private async Task<Mll.Ended> Import(TroubledLine line, string from, string to) =>
        await Mll.Run(suite, to, "import", "mlflow", $"{line.Address}mlflow/{from}", "--journal", Journal, "--json");
}
