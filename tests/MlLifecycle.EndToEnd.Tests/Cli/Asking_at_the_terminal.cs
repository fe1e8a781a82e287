using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Cli;

/// <summary>What people and scripts ask of runs, models and projects.</summary>
public sealed class Asking_at_the_terminal(Suite suite)
{
    [Fact]
    public async Task lists_shows_and_compares_runs()
    {
        await suite.Started();
        using var client = suite.Client();
        var project = await Tracking.New(client, "ask-runs");
        var experiment = await project.Experiment("deep");
        var runs = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var run = await project.Run(experiment, $"run {i}", Source.Start + i);
            await project.Post("runs/log-batch", new
            {
                run_id = run,
                @params = new[] { new { key = "depth", value = $"{i}" }, new { key = "kind", value = "tree\tand\nleaf" } },
                metrics = new[] { new { key = "accuracy", value = 0.5 + (0.1 * i), timestamp = 1, step = 0 }, new { key = "val_loss", value = i == 1 ? 0.1 : 0.7, timestamp = 1, step = 0 } },
            });
            await project.End(run, "FINISHED", Source.Start + 65_000);
            runs.Add(run);
        }

        await project.Run("0", "elsewhere", Source.Start + 10);

        var all = await Mll.Run(suite, "ask-runs", "runs", "ls");
        all.Exit.ShouldBe(0, all.Errors);
        all.Output.Split('\n')[0].ShouldBe("id\tname\texperiment\tstatus\tstarted\ttook\taccuracy\tval_loss");
        all.Rows.Select(row => row[1]).ShouldBe(["elsewhere", "run 2", "run 1", "run 0"]);

        var some = await Mll.Run(suite, "ask-runs", "runs", "ls", "-e", "deep", "--filter", "metrics.accuracy > 0.55", "--order-by", "metrics.accuracy ASC", "--limit", "1");
        some.Rows.ShouldHaveSingleItem().ShouldBe([runs[1], "run 1", "deep", "finished", "2023-11-14 22:13:20Z", "1 min 4 s", "0.6", "0.1"]);
        some.Errors.ShouldContain("more than these 1");
        (await Mll.Run(suite, "ask-runs", "runs", "ls", "--json")).Json["items"]!.AsArray().Count.ShouldBe(4);

        var shown = await Mll.Run(suite, "ask-runs", "runs", "show", runs[2]);
        shown.Output.ShouldContain("parameter\tkind\ttree\\tand\\nleaf\n");
        shown.Output.ShouldContain("metric\taccuracy\t0.7\n");
        (await Mll.Run(suite, "ask-runs", "runs", "show", runs[2], "--json")).Json["params"]!["depth"]!.GetValue<string>().ShouldBe("2");

        var compared = await Mll.Run(suite, "ask-runs", "runs", "compare", runs[0], runs[1], runs[2]);
        compared.Output.ShouldContain("parameter\tdepth\t0\t1\t2\n");
        compared.Output.ShouldNotContain("\tkind\t");
        compared.Output.ShouldContain("metric\taccuracy\t0.5\t0.6\t0.7 *\n");
        compared.Output.ShouldContain("metric\tval_loss\t0.7\t0.1 *\t0.7\n");
        var json = (await Mll.Run(suite, "ask-runs", "runs", "compare", "--lower-is-better", "accuracy", "--json", runs[0], runs[1])).Json;
        json["metrics"]!.AsArray().Single(m => m!["key"]!.GetValue<string>() == "accuracy")!["best"]!.AsArray().ShouldHaveSingleItem()!.GetValue<string>().ShouldBe(runs[0]);
    }

    [Fact]
    public async Task shows_the_registry_now_and_as_it_stood()
    {
        await suite.Started();
        using var client = suite.Client();
        var project = await Tracking.New(client, "ask-models");
        var run = await project.Run("0", "made", Source.Start);
        await project.Post("registered-models/create", new { name = "garments" });
        await project.Post("model-versions/create", new { name = "garments", source = $"runs:/{run}/model", run_id = run });
        var before = DateTimeOffset.UtcNow;
        await project.Post("model-versions/create", new { name = "garments", source = $"runs:/{run}/model", run_id = run });
        await project.Post("model-versions/transition-stage", new { name = "garments", version = "2", stage = "Production" });

        var named = await Mll.Run(suite, "ask-models", "models", "alias", "garments", "2", "champion");
        named.Exit.ShouldBe(0, named.Errors);
        named.Output.Trim().ShouldBe("champion is version 2 of garments.");
        (await Mll.Run(suite, "ask-models", "models", "ls")).Rows.ShouldHaveSingleItem()[..5].ShouldBe(["garments", "2", "2", "2", "champion = 2"]);

        var now = await Mll.Run(suite, "ask-models", "models", "show", "garments");
        now.Output.ShouldContain("2\tproduction\tchampion\t");
        var then = await Mll.Run(suite, "ask-models", "models", "show", "garments", "--at", before.ToString("O"), "--json");
        then.Json["versions"]!.AsArray().ShouldHaveSingleItem()!["stage"]!.GetValue<string>().ShouldBe("none");

        var unknown = await Mll.Run(suite, "ask-models", "models", "show", "nothing");
        (unknown.Exit, unknown.Errors.Trim()).ShouldBe((5, "The project has no model nothing."));
        (await Mll.Run(suite, "ask-models", "models", "alias", "garments", "9", "champion")).Exit.ShouldBe(5);
    }

    [Fact]
    public async Task tells_where_projects_stand_and_who_asks()
    {
        await suite.Started();
        using var client = suite.Client();
        await Tracking.New(client, "ask-status");
        var listed = await Poll.Until(
            () => Mll.Run(suite, null, "projects", "ls"), ended => ended.Rows.Exists(row => row[0] == "ask-status" && row[2] == "scoping"), TimeSpan.FromSeconds(30));
        listed.Exit.ShouldBe(0);
        var status = await Mll.Run(suite, null, "status", "ask-status");
        status.Output.ShouldContain("stage\tscoping\n");
        status.Output.ShouldContain("scoping -> ");
        status.Output.ShouldContain("next action\treason\n");
        (await Mll.Run(suite, "ask-status", "status", "--json")).Json["stage"]!.GetValue<string>().ShouldBe("scoping");

        using var issued = await client.PostAsJsonAsync("/api/tokens", new { name = "ask-reader", role = "viewer", project = "ask-status" });
        var token = JsonNode.Parse(await issued.Content.ReadAsStringAsync())!["token"]!.GetValue<string>();
        var me = await Mll.Run(suite, null, "whoami", "--token", token);
        me.Output.ShouldContain("token\task-reader\nrole\tviewer\nreaches\task-status\n");
        var refused = await Mll.Run(suite, "ask-status", "models", "alias", "m", "1", "a", "--token", token);
        (refused.Exit, refused.Output).ShouldBe((4, ""));
        refused.Errors.ShouldContain(" does not let this token do it: ");
    }

    [Fact]
    public async Task draws_tables_and_bars_on_a_terminal()
    {
        await suite.Started();
        using var client = suite.Client();
        var from = await Tracking.New(client, "drawn-from");
        await Tracking.New(client, "drawn-to");
        await from.Run("0", "drawn", Source.Start);
        var directory = Directory.CreateTempSubdirectory("mll-terminal-");
        try
        {
            var journal = Path.Combine(directory.FullName, "t.journal");
            (await Mll.OnTerminal(suite, "drawn-to", "import", "mlflow", from.Address, "--journal", journal)).ShouldContain("1 runs, 0 metric points");
            (await Mll.OnTerminal(suite, "drawn-to", "runs", "ls")).ShouldContain("│ drawn │");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task says_in_one_sentence_what_is_wrong()
    {
        await suite.Started();
        await Wrong(3, "The suite does not answer at http://127.0.0.1:1/ (Connection refused): start it,", "whoami", "--url", "http://127.0.0.1:1");
        await Wrong(4, "does not know you:", "whoami", "--token", "mll_wrong");
        await Wrong(5, "nowhere", "runs", "ls", "--project", "nowhere");
        await Wrong(5, "has no run abc", "runs", "show", "abc", "--project", "scoped");
        await Wrong(2, "--url or MLL_URL must be an address", "whoami", "--url", "here");
        await Wrong(2, "Say which project", "runs", "ls");
        await Wrong(1, "Found the end", "runs", "ls", "--project", "scoped", "--filter", "metrics.accuracy >");
        await Wrong(4, "The token file cannot be read", "whoami", "--token-file", "/nonexistent/token");
        var usage = await Mll.Run(suite, null, "runs", "ls", "--limit", "many");
        usage.Exit.ShouldBe(2);
        usage.Errors.ShouldStartWith("--limit must be a number from 1 to 50000.\n");
        var nobody = await Mll.Wait(Mll.Start(new Dictionary<string, string?>(), "whoami"));
        (nobody.Exit, nobody.Errors.Trim()).ShouldBe((4, "Say who you are: give a token of the suite with --token-file, --token or in MLL_TOKEN."));
    }

    private async Task Wrong(int exit, string said, params string[] arguments)
    {
        if (arguments.Contains("scoped"))
        {
            using var client = suite.Client();
            using var made = await client.PostAsJsonAsync("/api/projects", new { slug = "scoped", name = "Scoped" });
        }

        var ended = await Mll.Run(suite, null, arguments);
        ended.Exit.ShouldBe(exit, ended.Errors);
        ended.Output.ShouldBe("");
        ended.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem().ShouldContain(said);
    }
}
