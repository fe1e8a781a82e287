using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Cli;

/// <summary>Another project of the suite is the MLflow server that a team moves from.</summary>
public sealed class Moving_in_from_MLflow(Suite suite) : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("mll-import-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task copies_everything_and_a_second_time_nothing()
    {
        await suite.Started();
        using var client = suite.Client();
        var from = await Tracking.New(client, "move-from");
        var to = await Tracking.New(client, "move-to");
        await Source.Fill(from);

        var dry = await Import(from, "move-to", "a.journal", "--dry-run");
        dry.Exit.ShouldBe(0, dry.Errors);
        Copied(dry.Json, "runs").ShouldBe(Source.Runs);
        (await to.Experiments()).Count.ShouldBe(1);

        var report = Path.Combine(_directory, "report.json");
        var first = await Import(from, "move-to", "a.journal", "--report", report);
        first.Exit.ShouldBe(0, first.Output + first.Errors);
        Copied(first.Json, "runs").ShouldBe(Source.Runs);
        // Those of half the logged models came with the models, before the run that measured them had its turn.
        Copied(first.Json, "metric points").ShouldBe(Source.Points + (2 * Source.Runs) + (ModelsAndTraces.Models / 2));
        Copied(first.Json, "metric points of logged models").ShouldBe(ModelsAndTraces.Models);
        Copied(first.Json, "logged models").ShouldBe(ModelsAndTraces.Models);
        Copied(first.Json, "traces").ShouldBe(ModelsAndTraces.Traces);
        Copied(first.Json, "model versions").ShouldBe(4 + ModelsAndTraces.Versions);
        JsonNode.Parse(await File.ReadAllTextAsync(report))!["copied"]!.ToJsonString().ShouldBe(first.Json["copied"]!.ToJsonString());
        await Sameness.Of(from, to);

        // With the journal, and with nothing but the tags on the copies: only the run that goes on is looked into again.
        foreach (var journal in (string[])["a.journal", "b.journal"])
        {
            var again = await Import(from, "move-to", journal);
            again.Exit.ShouldBe(0, again.Output + again.Errors);
            Copied(again.Json, "runs").ShouldBe(1);
            Copied(again.Json, "metric points").ShouldBe(0);
            Copied(again.Json, "artifacts").ShouldBe(0);
            Copied(again.Json, "logged models").ShouldBe(1);
            Copied(again.Json, "metric points of logged models").ShouldBe(0);
            Copied(again.Json, "traces").ShouldBe(0);
            Copied(again.Json, "model versions").ShouldBe(0);
            await Sameness.Of(from, to);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task killed_in_the_middle_it_goes_on_and_doubles_nothing(bool withJournal)
    {
        await suite.Started();
        using var client = suite.Client();
        var name = withJournal ? "cut" : "cut-off";
        var from = await Tracking.New(client, name + "-from");
        var to = await Tracking.New(client, name + "-to");
        await Source.Fill(from);

        // Killed among the logged models, as soon as some runs are there, when most are, among the traces, and in the registry.
        foreach (var things in (int[])[2, 8, 22, 38, Source.Runs + ModelsAndTraces.Models + ModelsAndTraces.Traces + 2])
        {
            using var import = Start(from, name + "-to", "cut.journal");
            await Poll.Until(async () => await RunsOf(to) + await ModelsAndTraces.Count(to), count => count >= things || import.HasExited, TimeSpan.FromMinutes(2));
            import.HasExited.ShouldBeFalse();
            import.Kill();
            await import.WaitForExitAsync();
            if (!withJournal)
                File.Delete(Path.Combine(_directory, "cut.journal"));
        }

        var rest = await Import(from, name + "-to", "cut.journal");
        rest.Exit.ShouldBe(0, rest.Output + rest.Errors);
        await Sameness.Of(from, to);
    }

    [Fact]
    public async Task outlives_a_service_that_dies_meanwhile()
    {
        await suite.Started();
        using var client = suite.Client();
        var from = await Tracking.New(client, "outage-from");
        var to = await Tracking.New(client, "outage-to");
        await Source.Fill(from);
        var import = Start(from, "outage-to", "outage.journal");
        var ended = Mll.Wait(import);
        await Poll.Until(() => RunsOf(to), count => count >= 4 || ended.IsCompleted, TimeSpan.FromMinutes(2));
        ended.IsCompleted.ShouldBeFalse();
        suite.Kill("MlLifecycle.Experiments");
        var result = await ended;
        result.Exit.ShouldBe(0, result.Output + result.Errors);
        await suite.Healthy(TimeSpan.FromMinutes(1));
        await Sameness.Of(from, to);
    }

    [Fact]
    public async Task interrupted_it_says_how_to_go_on()
    {
        await suite.Started();
        using var client = suite.Client();
        var from = await Tracking.New(client, "interrupted-from");
        var to = await Tracking.New(client, "interrupted-to");
        await Source.Fill(from);
        using var import = Start(from, "interrupted-to", "i.journal");
        await Poll.Until(() => RunsOf(to), count => count >= 3 || import.HasExited, TimeSpan.FromMinutes(2));
        const string SIGTERM = "-TERM";
        using (var kill = System.Diagnostics.Process.Start("/bin/kill", [SIGTERM, $"{import.Id}"]))
            await kill.WaitForExitAsync();
        var output = await import.StandardOutput.ReadToEndAsync();
        var errors = await import.StandardError.ReadToEndAsync();
        await import.WaitForExitAsync();
        import.ExitCode.ShouldBe(130, errors);
        JsonNode.Parse(output)!["finished"]!.GetValue<bool>().ShouldBeFalse();
        errors.ShouldContain("run the same command again and it goes on.");
    }

    [Fact]
    public async Task names_the_side_that_refuses()
    {
        await suite.Started();
        using var client = suite.Client();
        var from = await Tracking.New(client, "refused-from");
        await Tracking.New(client, "refused-to");
        var source = await Import(from, "refused-to", "r.journal", "--source-token", "mll_wrong");
        (source.Exit, source.Output).ShouldBe((4, ""));
        source.Errors.ShouldStartWith("The MLflow server at ");
        var target = await Import(from, "refused-to", "r.journal", "--token", "mll_wrong");
        target.Exit.ShouldBe(4);
        target.Errors.ShouldStartWith("The suite at ");
        var nobody = await Mll.Run(suite, "refused-nowhere", "import", "mlflow", from.Address);
        (nobody.Exit, nobody.Output).ShouldBe((5, ""));
    }

    [Fact]
    public async Task says_what_it_could_not_copy_and_that_there_was_some()
    {
        await suite.Started();
        using var client = suite.Client();
        var from = await Tracking.New(client, "partly-from");
        var to = await Tracking.New(client, "partly-to");
        var run = await from.Run("0", "alone", Source.Start);
        await from.Post("registered-models/create", new { name = "far" });
        await from.Post("model-versions/create", new { name = "far", source = "s3://elsewhere/model", run_id = run });

        await from.Post("webhooks", new { name = "chat", url = "https://chat.example/hook", events = new[] { new { entity = "MODEL_VERSION", action = "CREATED" } } });
        await from.Post("../../3.0/mlflow/scorers/register", new { experiment_id = "0", name = "polite", serialized_scorer = "{}" });
        await from.Post("../../3.0/mlflow/datasets/create", new { name = "questions", experiment_ids = new[] { "0" } });

        var import = await Import(from, "partly-to", "p.journal");
        import.Exit.ShouldBe(6);
        var missing = import.Json["notCopied"]!.AsArray().ToDictionary(n => Tracking.Text(n!, "kind"), n => (What: Tracking.Text(n!, "what"), Why: Tracking.Text(n!, "why")));
        missing.Keys.Order().ShouldBe(["evaluation dataset", "files of a model version", "scorer", "webhook"]);
        missing["files of a model version"].What.ShouldBe("far/1");
        missing["files of a model version"].Why.ShouldContain("s3://elsewhere/model");
        (missing["webhook"].What, missing["scorer"].What, missing["evaluation dataset"].What).ShouldBe(("chat", "Default: polite", "Default: questions"));

        var only = await Import(from, "partly-to", "p.journal", "--experiments", "Default");
        only.Exit.ShouldBe(6, only.Errors);
        only.Json["notCopiedCount"]!.GetValue<int>().ShouldBe(2, "the registry and what is the whole server's are left out");
        (await Import(from, "partly-to", "p.journal", "--experiments", "None")).Exit.ShouldBe(5);
        (await RunsOf(to)).ShouldBe(1);
    }

    [Fact]
    public async Task refuses_the_journal_of_another_import_and_a_project_as_its_own_source()
    {
        await suite.Started();
        using var client = suite.Client();
        var one = await Tracking.New(client, "journal-one");
        var two = await Tracking.New(client, "journal-two");
        (await Import(one, "journal-two", "j.journal")).Exit.ShouldBe(0);
        var other = await Import(two, "journal-one", "j.journal");
        other.Exit.ShouldBe(1);
        other.Errors.ShouldContain("is of another import");
        (await Import(one, "journal-one", "k.journal")).Exit.ShouldBe(2);
    }

    private async Task<Mll.Ended> Import(Tracking from, string project, string journal, params string[] more) => await Mll.Wait(Start(from, project, journal, more));

    private System.Diagnostics.Process Start(Tracking from, string project, string journal, params string[] more) =>
        Mll.Start(suite, project, ["import", "mlflow", from.Address, "--journal", Path.Combine(_directory, journal), "--json", .. more]);

    private static long Copied(JsonNode report, string what) => report["copied"]![what]?.GetValue<long>() ?? 0;

    private static async Task<int> RunsOf(Tracking project)
    {
        var count = 0;
        foreach (var experiment in await project.Experiments())
            count += (await project.Runs(Tracking.Text(experiment, "experiment_id"))).Count;
        return count;
    }
}
