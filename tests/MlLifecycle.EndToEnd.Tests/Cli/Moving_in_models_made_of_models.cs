using System.Globalization;
using System.Text;
using Shouldly;
using Xunit;

namespace MlLifecycle.Cli;

/// <summary>Where the files of a version are may be said in many ways; its copy has the files that it had, whatever moved on since.</summary>
public sealed class Moving_in_models_made_of_models(Suite suite) : IAsyncLifetime
{
    private const long Began = 1_700_000_000_000;
    private readonly string _directory = Directory.CreateTempSubdirectory("mll-models-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task each_has_the_files_that_it_had()
    {
        await suite.Started();
        using var client = suite.Client();
        var (from, to) = (await Tracking.New(client, "derived-from"), await Tracking.New(client, "derived-to"));
        var runs = await Base(from);
        string[] sources =
        [
            "models:/base@champion", "models:/base/Production", "models:/base/staging", "models:/base/latest", "models:/base/2", "models:/base/3",
            $"runs:/{runs[3]}/model", await Root(from, runs[3]) + "/model",
        ];
        string[] files = ["1", "2", "1", "3", "2", "3", "4", "4"];
        // Read before the base and after it.
        foreach (var name in (string[])["a derived one", "derived"])
        {
            await from.Post("registered-models/create", new { name });
            foreach (var source in sources)
                await from.Post("model-versions/create", new { name, source, run_id = source.Contains(runs[3], StringComparison.Ordinal) ? runs[3] : null });
        }

        await from.Post("registered-models/alias", new { name = "base", alias = "champion", version = "2" });
        await from.Post("model-versions/transition-stage", new { name = "base", version = "2", stage = "Archived" });
        await from.Post("model-versions/transition-stage", new { name = "base", version = "1", stage = "Production" });
        await from.Delete("model-versions/delete", new { name = "base", version = "3" });

        var import = await Import(from.Address, "derived-to");
        import.Exit.ShouldBe(0, import.Output + import.Errors);
        foreach (var name in (string[])["a derived one", "derived"])
        {
            for (var version = 1; version <= sources.Length; version++)
                (await MadeBy(to, name, version)).ShouldBe(files[version - 1], $"{name}/{version}, {sources[version - 1]}");
            (await Source(to, name, 5)).ShouldBe("models:/base/2");
        }

        var again = await Import(from.Address, "derived-to");
        again.Exit.ShouldBe(0, again.Output + again.Errors);
        (again.Json["copied"]!["model versions"]?.GetValue<long>() ?? 0).ShouldBe(0);
    }

    [Fact]
    public async Task none_is_made_of_a_version_that_was_there_before_the_move()
    {
        await suite.Started();
        using var client = suite.Client();
        var (from, to) = (await Tracking.New(client, "beside-from"), await Tracking.New(client, "beside-to"));
        await Base(from);
        await from.Post("registered-models/create", new { name = "derived" });
        await from.Post("model-versions/create", new { name = "derived", source = "models:/base/1" });
        var own = await to.Run("0", "own", 1);
        await to.Upload(own, "model/MLmodel", Encoding.UTF8.GetBytes("made by own"));
        await to.Post("registered-models/create", new { name = "base" });
        await to.Post("model-versions/create", new { name = "base", source = $"runs:/{own}/model", run_id = own });

        var import = await Import(from.Address, "beside-to");
        import.Exit.ShouldBe(6, import.Errors);
        var missing = import.Json["notCopied"]!.AsArray().ShouldHaveSingleItem()!;
        (Tracking.Text(missing, "kind"), Tracking.Text(missing, "what")).ShouldBe(("model version", "base/1"));
        (await MadeBy(to, "base", 1)).ShouldBe("own");
        (await MadeBy(to, "base", 2)).ShouldBe("2");
        (await MadeBy(to, "derived", 1)).ShouldBe("1");
    }

    [Fact]
    public async Task what_a_server_leaves_to_each_reader_to_follow_is_followed_once()
    {
        await suite.Started();
        using var client = suite.Client();
        var (from, to) = (await Tracking.New(client, "followed-from"), await Tracking.New(client, "followed-to"));
        await Base(from);
        await from.Post("registered-models/alias", new { name = "base", alias = "brief", version = "1" });
        await from.Post("registered-models/create", new { name = "derived" });
        string[] sources = ["models:/base@champion", "models:/base/Production", "models:/base/latest", "models:/base@brief"];
        foreach (var source in sources)
            await from.Post("model-versions/create", new { name = "derived", source });
        await from.Delete("registered-models/alias", new { name = "base", alias = "brief" });
        // Servers of before MLflow 2.8 keep such a source as it is, and answer with it when asked for the files.
        await using var line = new TroubledLine(suite.Address);
        line.Trouble = context => context.Request.Url!.AbsolutePath.EndsWith("model-versions/get-download-uri", StringComparison.Ordinal) && context.Request.QueryString["name"] == "derived"
            && TroubledLine.Answer(context, 200, body: $$"""{"artifact_uri": "{{sources[int.Parse(context.Request.QueryString["version"]!, CultureInfo.InvariantCulture) - 1]}}"}""", type: "application/json");

        var import = await Import($"{line.Address}mlflow/followed-from", "followed-to");
        import.Exit.ShouldBe(6, import.Output + import.Errors);
        for (var version = 1; version <= 3; version++)
        {
            (await Source(to, "derived", version)).ShouldBe($"models:/base/{version}");
            (await MadeBy(to, "derived", version)).ShouldBe($"{version}");
        }

        // Nobody can say any more where an alias led that is gone.
        var missing = import.Json["notCopied"]!.AsArray().ShouldHaveSingleItem()!;
        (Tracking.Text(missing, "kind"), Tracking.Text(missing, "what")).ShouldBe(("files of a model version", "derived/4"));
        import.Json["notes"]!.ToJsonString().ShouldContain("derived/1 was made of models:/base@champion");
    }

    [Fact]
    public async Task a_copy_of_a_version_that_is_gone_has_the_files_of_the_run_that_made_it()
    {
        await suite.Started();
        using var client = suite.Client();
        var (from, to) = (await Tracking.New(client, "copied-from"), await Tracking.New(client, "copied-to"));
        var runs = await Base(from);
        await from.Post("registered-models/create", new { name = "derived" });
        await from.Post("model-versions/create", new { name = "derived", source = "models:/base/1" });
        await from.Delete("registered-models/delete", new { name = "base" });
        // MLflow's own server answers with the source of the version that was copied.
        await using var line = new TroubledLine(suite.Address);
        line.Trouble = context => context.Request.Url!.AbsolutePath.EndsWith("model-versions/get-download-uri", StringComparison.Ordinal)
            && TroubledLine.Answer(context, 200, body: $$"""{"artifact_uri": "runs:/{{runs[0]}}/model"}""", type: "application/json");

        var import = await Import($"{line.Address}mlflow/copied-from", "copied-to");
        import.Exit.ShouldBe(0, import.Output + import.Errors);
        (await MadeBy(to, "derived", 1)).ShouldBe("1");
        (await Source(to, "derived", 1)).ShouldStartWith("runs:/");
    }

    // Three versions of three runs, and a fourth run; the first has an alias and a stage, the second another stage.
    private static async Task<List<string>> Base(Tracking from)
    {
        var runs = new List<string>();
        await from.Post("registered-models/create", new { name = "base" });
        for (var number = 1; number <= 4; number++)
        {
            var run = await from.Run("0", $"run {number}", Began);
            runs.Add(run);
            await from.Upload(run, "model/MLmodel", Encoding.UTF8.GetBytes($"made by {number}"));
            await from.End(run, "FINISHED", Began + 1);
            if (number < 4)
                await from.Post("model-versions/create", new { name = "base", source = $"runs:/{run}/model", run_id = run });
        }

        await from.Post("registered-models/alias", new { name = "base", alias = "champion", version = "1" });
        await from.Post("model-versions/transition-stage", new { name = "base", version = "1", stage = "Staging" });
        await from.Post("model-versions/transition-stage", new { name = "base", version = "2", stage = "Production" });
        return runs;
    }

    private static async Task<string> Root(Tracking side, string run) => Tracking.Text((await side.Get($"runs/get?run_id={run}"))["run"]!["info"]!, "artifact_uri");

    private static async Task<string> Source(Tracking side, string name, int version) =>
        Tracking.Text((await side.Get($"model-versions/get?name={Uri.EscapeDataString(name)}&version={version}"))["model_version"]!, "source");

    // Which run made the files, as they say themselves.
    private static async Task<string> MadeBy(Tracking side, string name, int version)
    {
        var place = Tracking.Text(await side.Get($"model-versions/get-download-uri?name={Uri.EscapeDataString(name)}&version={version}"), "artifact_uri");
        place.ShouldStartWith("mlflow-artifacts:/");
        return Encoding.UTF8.GetString(await side.Read(place["mlflow-artifacts:/".Length..].TrimStart('/') + "/MLmodel"))["made by ".Length..];
    }

    private async Task<Mll.Ended> Import(string address, string project) =>
        await Mll.Run(suite, project, "import", "mlflow", address, "--journal", Path.Combine(_directory, $"{project}.journal"), "--json");
}
