using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class A_registry_that_changes(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    [Fact]
    public async Task renames_describes_tags_and_deletes_models()
    {
        var client = await Sorter(versions: 2);
        await client.Post("registered-models/create", new { name = "other" });
        await client.RefusedPost("registered-models/rename", new { name = "sorter", new_name = "other" }, "RESOURCE_ALREADY_EXISTS");
        await client.RefusedPost("registered-models/rename", new { name = "sorter" });
        (await client.Post("registered-models/rename", new { name = "sorter", new_name = "picker" }))["registered_model"]!["name"]!.GetValue<string>().ShouldBe("picker");
        await client.RefusedGet("registered-models/get?name=sorter", "RESOURCE_DOES_NOT_EXIST", 404);
        (await client.Get("model-versions/get?name=picker&version=2"))["model_version"]!["name"]!.GetValue<string>().ShouldBe("picker");
        (await client.Send(HttpMethod.Patch, "registered-models/update", new { name = "picker", description = "picks" }))["registered_model"]!["description"]!.GetValue<string>().ShouldBe("picks");
        await client.Post("registered-models/set-tag", new { name = "picker", key = "team", value = "red" });
        await client.Post("registered-models/set-tag", new { name = "picker", key = "team", value = "blue" });
        (await client.Get("registered-models/get?name=picker"))["registered_model"]!["tags"]![0]!["value"]!.GetValue<string>().ShouldBe("blue");
        await client.Send(HttpMethod.Delete, "registered-models/delete-tag", new { name = "picker", key = "team" });
        await client.Send(HttpMethod.Delete, "registered-models/delete-tag", new { name = "picker", key = "team" });
        (await client.Get("registered-models/get?name=picker"))["registered_model"]!["tags"].ShouldBeNull();
        await client.RefusedPost("registered-models/set-tag", new { name = "picker", key = "../x", value = "y" });
        await client.RefusedPost("registered-models/set-tag", new { name = "nobody", key = "x", value = "y" }, "RESOURCE_DOES_NOT_EXIST", 404);

        await client.Send(HttpMethod.Delete, "registered-models/delete", new { name = "picker" });
        await client.Refused(HttpMethod.Delete, "registered-models/delete", new { name = "picker" }, 404, "RESOURCE_DOES_NOT_EXIST");
        (await client.Get("model-versions/search")).AsObject().ContainsKey("model_versions").ShouldBeFalse();
        await client.Post("registered-models/create", new { name = "picker" });
        (await Version(client, "picker"))["version"]!.GetValue<string>().ShouldBe("1", "a new model of an old name begins anew");
    }

    [Fact]
    public async Task describes_tags_and_deletes_versions()
    {
        var client = await Sorter(versions: 2);
        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "2" });
        (await client.Send(HttpMethod.Patch, "model-versions/update", new { name = "sorter", version = "2", description = "better" }))["model_version"]!["description"]!.GetValue<string>().ShouldBe("better");
        await client.Post("model-versions/set-tag", new { name = "sorter", version = "2", key = "passed", value = "yes" });
        (await client.Get("model-versions/search?filter=" + Uri.EscapeDataString("tags.passed = 'yes'")))["model_versions"]!.AsArray().Count.ShouldBe(1);
        await client.Send(HttpMethod.Delete, "model-versions/delete-tag", new { name = "sorter", version = "2", key = "passed" });
        await client.Send(HttpMethod.Delete, "model-versions/delete", new { name = "sorter", version = "2" });
        await client.Refused(HttpMethod.Delete, "model-versions/delete", new { name = "sorter", version = "2" }, 404, "RESOURCE_DOES_NOT_EXIST");
        await client.RefusedGet("registered-models/alias?name=sorter&alias=champion");
        (await Version(client))["version"]!.GetValue<string>().ShouldBe("3");
    }

    [Fact]
    public async Task follows_sources_to_their_files()
    {
        var client = await Sorter(versions: 0);
        var run = await client.NewRun();
        (await Version(client, "sorter", $"runs:/{run}/model"))["run_id"]!.GetValue<string>().ShouldBe("");
        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "1" });
        await client.Post("model-versions/transition-stage", new { name = "sorter", version = "1", stage = "Production" });
        foreach (var source in (string[])["models:/sorter/1", "models:/sorter@champion", "models:/sorter/Production", "models:/sorter/latest", "models:/sorter@latest"])
        {
            var number = (await Version(client, "sorter", source))["version"]!.GetValue<string>();
            (await client.Get($"model-versions/get-download-uri?name=sorter&version={number}"))["artifact_uri"]!.GetValue<string>().ShouldBe($"mlflow-artifacts:/0/{run}/artifacts/model");
        }

        foreach (var source in (string[])["models:/sorter/99", "models:/nobody/1", "models:/sorter@nobody"])
            await client.RefusedPost("model-versions/create", new { name = "sorter", source });
    }

    [Theory]
    [InlineData("mlflow-artifacts:/models/", null)]
    [InlineData("mlflow-artifacts:/models/foo///bar", null)]
    [InlineData("mlflow-artifacts://host:9000/models/artifact/..../", null)]
    [InlineData("mlflow-artifacts://host:9000/models/../../../", "If supplying a source as an http, https,")]
    [InlineData("s3a://my_bucket/api/2.0/mlflow-artifacts/artifacts/../../../", "If supplying a source as an http, https,")]
    [InlineData("mlflow-artifacts://host:9000/models/..%2f..%2fartifacts", "If supplying a source as an http, https,")]
    [InlineData("mlflow-artifacts://host:9000/models/%25252e%25252e/artifacts", "If supplying a source as an http, https,")]
    [InlineData("mlflow-artifacts://host:9000/models/artifact%00", "If supplying a source as an http, https,")]
    [InlineData("dbfs:/x/artifacts/a%3f/../../../../", "Invalid model version source")]
    [InlineData("/tmp", "To use a local path as a model version")]
    [InlineData("file:///tmp", "To use a local path as a model version")]
    [InlineData("path/to/model", "To use a local path as a model version")]
    public async Task takes_versions_from_places_that_can_be_named(string source, string? why)
    {
        var client = await Sorter(versions: 0);
        if (why is null)
            (await Version(client, "sorter", source))["source"]!.GetValue<string>().ShouldBe(source);
        else
            (await client.RefusedPost("model-versions/create", new { name = "sorter", source })).ShouldContain(why);
    }

    [Fact]
    public async Task carries_prompts_as_clients_keep_them()
    {
        var client = service.Empty();
        object[] prompt = [new { key = "mlflow.prompt.is_prompt", value = "true" }];
        await client.Post("registered-models/create", new { name = "greeting", tags = prompt.Append(new { key = "_mlflow_experiment_ids", value = ",0,7," }) });
        await client.Post("registered-models/create", new { name = "farewell", tags = prompt });
        foreach (var text in (string[])["Hello {{name}}!", "Hi {{name}}!"])
        {
            object[] tags = [.. prompt, new { key = "mlflow.prompt.text", value = text }, new { key = "_mlflow_prompt_type", value = "text" }];
            await client.Post("model-versions/create", new { name = "greeting", source = "prompt-template", tags, description = "says " + text });
        }

        Text(await client.Get("registered-models/alias?name=greeting&alias=latest")).ShouldBe("Hi {{name}}!", "a prompt without a version is its newest");
        await client.Post("registered-models/alias", new { name = "greeting", alias = "production", version = "1" });
        Text(await client.Get("registered-models/alias?name=greeting&alias=production")).ShouldBe("Hello {{name}}!");
        (await Names("tags.`mlflow.prompt.is_prompt` = 'true'")).ShouldBe(["farewell", "greeting"]);
        (await Names("tags.`mlflow.prompt.is_prompt` = 'true' AND tags._mlflow_experiment_ids LIKE '%,7,%'")).ShouldBe(["greeting"]);
        (await Names("tags.`mlflow.prompt.is_prompt` = 'true' AND name ILIKE 'FARE%'")).ShouldBe(["farewell"]);
        (await client.RefusedPost("model-versions/create", new { name = "greeting", source = "prompt-template" })).ShouldContain("To use a local path");

        async Task<IEnumerable<string>> Names(string filter) =>
            (await client.Get("registered-models/search?filter=" + Uri.EscapeDataString(filter)))["registered_models"]!.AsArray().Select(m => m!["name"]!.GetValue<string>());

        static string Text(JsonNode answer) => answer["model_version"]!["tags"]!.AsArray().Single(t => t!["key"]!.GetValue<string>() == "mlflow.prompt.text")!["value"]!.GetValue<string>();
    }

    [Fact]
    public async Task is_searched_by_each_order_once()
    {
        var client = await Sorter(versions: 1);
        foreach (var twice in (string[])["order_by=timestamp&order_by=last_updated_timestamp%20DESC", "order_by=name&order_by=name%20DESC"])
            (await client.RefusedGet("registered-models/search?" + twice)).ShouldStartWith("`order_by` contains duplicate fields: ");
        (await client.RefusedGet("model-versions/search?order_by=name&order_by=name")).ShouldStartWith("`order_by` contains duplicate fields: ");
        (await client.RefusedGet("model-versions/search?page_token=evilhax")).ShouldStartWith("Invalid page token, could not base64-decode");
        (await client.Get("registered-models/search?order_by=timestamp&order_by=name%20%20%20DESC"))["registered_models"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task keeps_prompts_apart_from_models()
    {
        var client = await Sorter(versions: 1);
        object[] prompt = [new { key = "mlflow.prompt.is_prompt", value = "true" }];
        await client.Post("registered-models/create", new { name = "greeting", tags = prompt });
        await client.Post("model-versions/create", new { name = "greeting", source = "prompt-template", tags = prompt.Append(new { key = "mlflow.prompt.text", value = new string('x', 90_000) }) });
        (await Names(null)).ShouldBe(["sorter"]);
        (await Names("tags.`mlflow.prompt.is_prompt` = 'true'")).ShouldBe(["greeting"]);
        (await Names("tags.`mlflow.prompt.is_prompt` != 'true'")).ShouldBe(["sorter"]);
        (await client.Get("model-versions/search?filter=" + Uri.EscapeDataString("name = 'greeting' AND tags.`mlflow.prompt.is_prompt` = 'true'")))["model_versions"]!.AsArray().Count.ShouldBe(1);
        (await client.Get("model-versions/get?name=greeting&version=1"))["model_version"]!["tags"]!.AsArray().Count.ShouldBe(2);

        async Task<IEnumerable<string>> Names(string? filter) =>
            (await client.Get("registered-models/search?filter=" + Uri.EscapeDataString(filter ?? "")))["registered_models"]!.AsArray().Select(m => m!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task loads_the_newest_version_when_none_is_asked_for()
    {
        var client = await Sorter(versions: 0);
        (await client.RefusedGet("registered-models/alias?name=sorter&alias=latest", "RESOURCE_DOES_NOT_EXIST", 404)).ShouldBe("Latest version not found for model sorter.");
        for (var i = 0; i < 3; i++)
            await Version(client);
        await client.Post("model-versions/transition-stage", new { name = "sorter", version = "1", stage = "Production" });
        foreach (var alias in (string[])["latest", "LATEST"])
            (await client.Get($"registered-models/alias?name=sorter&alias={alias}"))["model_version"]!["version"]!.GetValue<string>().ShouldBe("3");
        (await client.RefusedGet("registered-models/alias?name=sorter&alias=v1")).ShouldBe("Registered model alias v1 not found.");
        await client.Send(HttpMethod.Delete, "registered-models/alias", new { name = "sorter", alias = "latest" });
        (await client.RefusedGet("registered-models/alias?name=nobody&alias=champion")).ShouldBe("Registered model alias champion not found.");
        await client.RefusedGet("registered-models/alias?name=nobody&alias=latest", "RESOURCE_DOES_NOT_EXIST", 404);
        (await client.RefusedPost("registered-models/alias", new { name = "sorter", alias = "a b", version = "1" })).ShouldBe("Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-).");
    }

    [Fact]
    public async Task takes_tags_and_aliases_for_no_change_of_what_they_are_on()
    {
        var client = await Sorter(versions: 2);
        var (model, versions) = (await Updated("registered-models/get?name=sorter", "registered_model"), await Found());
        await Task.Delay(5);
        await client.Post("model-versions/set-tag", new { name = "sorter", version = "1", key = "passed", value = "yes" });
        await client.Send(HttpMethod.Delete, "model-versions/delete-tag", new { name = "sorter", version = "1", key = "passed" });
        await client.Post("registered-models/set-tag", new { name = "sorter", key = "team", value = "red" });
        await client.Send(HttpMethod.Delete, "registered-models/delete-tag", new { name = "sorter", key = "team" });
        await client.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "1" });
        await client.Send(HttpMethod.Delete, "registered-models/alias", new { name = "sorter", alias = "champion" });
        (await Found()).ShouldBe(versions);
        versions[0].Version.ShouldBe("2", "scripts take the first for the newest");
        (await Updated("registered-models/get?name=sorter", "registered_model")).ShouldBe(model);
        await client.Post("registered-models/rename", new { name = "sorter", new_name = "picker" });
        (await Found()).ShouldAllBe(v => v.Updated > versions[0].Updated);

        async Task<long> Updated(string path, string of) => (await client.Get(path))[of]!["last_updated_timestamp"]!.GetValue<long>();

        async Task<(string Version, long Updated)[]> Found() =>
            [.. (await client.Get("model-versions/search"))["model_versions"]!.AsArray().Select(v => (v!["version"]!.GetValue<string>(), v["last_updated_timestamp"]!.GetValue<long>()))];
    }

    [Fact]
    public async Task knows_the_run_that_made_a_logged_model()
    {
        var client = await Sorter(versions: 0);
        var run = await client.NewRun();
        var logged = (await client.Post("logged-models", new { experiment_id = "0", name = "net", source_run_id = run }))["model"]!["info"]!["model_id"]!.GetValue<string>();
        (await Version(client, "sorter", $"models:/{logged}"))["run_id"]!.GetValue<string>().ShouldBe(run);
        (await client.Post("model-versions/create", new { name = "sorter", source = "mlflow-artifacts:/0/x", model_id = logged }))["model_version"]!["run_id"]!.GetValue<string>().ShouldBe(run);
        (await client.Post("model-versions/create", new { name = "sorter", source = $"models:/{logged}", run_id = "other" }))["model_version"]!["run_id"]!.GetValue<string>().ShouldBe("other");
    }

    [Fact]
    public async Task refuses_a_change_of_what_is_not_there_and_one_that_cannot_be_read()
    {
        var client = await Sorter(versions: 1);
        const string Unknown = "Model Version (name=nobody, version=1) not found";
        (await client.RefusedPost("model-versions/transition-stage", new { name = "nobody", version = "1", stage = "Staging" }, "RESOURCE_DOES_NOT_EXIST", 404)).ShouldBe(Unknown);
        (await client.RefusedPost("registered-models/alias", new { name = "nobody", version = "1", alias = "a" }, "RESOURCE_DOES_NOT_EXIST", 404)).ShouldBe(Unknown);
        (await client.RefusedPost("model-versions/set-tag", new { name = "nobody", version = "1", key = "a", value = "b" }, "RESOURCE_DOES_NOT_EXIST", 404)).ShouldBe(Unknown);
        (await client.RefusedPost("registered-models/set-tag", new { name = "sorter", key = "a", value = 5 })).ShouldContain("value");
        (await client.RefusedPost("model-versions/transition-stage", new { name = "sorter", version = "1", stage = new[] { "Staging" } })).ShouldContain("stage");
        (await client.Refused(HttpMethod.Patch, "model-versions/update", new { name = 7, version = "1" }, 400, "INVALID_PARAMETER_VALUE")).ShouldContain("name");
    }

    [Fact]
    public async Task says_what_a_name_is_taken_by()
    {
        var client = await Sorter(versions: 0);
        object[] prompt = [new { key = "mlflow.prompt.is_prompt", value = "true" }];
        await client.Post("registered-models/create", new { name = "greeting", tags = prompt });
        (await client.RefusedPost("registered-models/create", new { name = "sorter" }, "RESOURCE_ALREADY_EXISTS")).ShouldBe("Registered Model (name=sorter) already exists.");
        (await client.RefusedPost("registered-models/create", new { name = "greeting", tags = prompt }, "RESOURCE_ALREADY_EXISTS")).ShouldBe("Prompt (name=greeting) already exists.");
        (await client.RefusedPost("registered-models/create", new { name = "sorter", tags = prompt }, "RESOURCE_ALREADY_EXISTS"))
            .ShouldStartWith("Tried to create a prompt with name 'sorter', but the name is already taken by a registered model.");
        (await client.RefusedPost("registered-models/create", new { name = "greeting" }, "RESOURCE_ALREADY_EXISTS"))
            .ShouldStartWith("Tried to create a registered model with name 'greeting', but the name is already taken by a prompt.");
    }

    [Theory]
    [InlineData("", "Missing value for required parameter 'name'.")]
    [InlineData("  ", "Missing value for required parameter 'name'.")]
    [InlineData("a/b", "Invalid model name 'a/b'. Names cannot contain '/' or ':'.")]
    [InlineData("a:b", "Invalid model name 'a:b'. Names cannot contain '/' or ':'.")]
    [InlineData("..", "Invalid value \"..\" for parameter 'name' supplied: Read as a file path, this name would be another one.")]
    public async Task says_why_a_name_cannot_be_one(string name, string why) => (await service.Empty().RefusedPost("registered-models/create", new { name })).ShouldBe(why);

    [Fact]
    public async Task says_which_stages_there_are()
    {
        var client = await Sorter(versions: 1);
        const string Why = "Invalid Model Version stage: attic. Value must be one of None, Staging, Production, Archived.";
        (await client.RefusedPost("model-versions/transition-stage", new { name = "sorter", version = "1", stage = "attic" })).ShouldBe(Why);
        (await client.RefusedGet("registered-models/get-latest-versions?name=sorter&stages=attic")).ShouldBe(Why);
        (await client.RefusedPost("model-versions/transition-stage", new { name = "sorter", version = "1", stage = "None", archive_existing_versions = true }))
            .ShouldBe("Model version transition cannot archive existing model versions because 'None' is not an Active stage. Valid stages are Staging and Production.");
    }

    [Fact]
    public async Task tells_who_put_a_version_into_production_and_when()
    {
        var client = await Sorter(versions: 2);
        var eve = service.Again(client, actor: "eve");
        await client.Post("model-versions/transition-stage", new { name = "sorter", version = "1", stage = "Production" });
        var before = Uri.EscapeDataString(DateTimeOffset.UtcNow.ToString("O"));
        await Task.Delay(5);
        await eve.Post("model-versions/transition-stage", new { name = "sorter", version = "2", stage = "Production", archive_existing_versions = true });
        await eve.Post("registered-models/alias", new { name = "sorter", alias = "champion", version = "2" });
        var now = await client.Http.GetAsync($"/api/projects/{client.Project}/models/sorter").Json();
        now["aliases"]!["champion"]!.GetValue<int>().ShouldBe(2);
        now["versions"]!.AsArray().Select(v => (v!["version"]!.GetValue<int>(), v["stage"]!.GetValue<string>(), v["aliases"]!.AsArray().Count)).ShouldBe([(2, "production", 1), (1, "archived", 0)]);
        var history = now["history"]!.AsArray().Select(h => (h!["what"]!.GetValue<string>(), h["actor"]!.GetValue<string>(), h["version"]?.GetValue<int>(), h["label"]?.GetValue<string>(), h["before"]?.GetValue<string>()));
        history.Take(4).ShouldBe([("alias-set", "eve", 2, "champion", null), ("stage-set", "eve", 1, "archived", "production"), ("stage-set", "eve", 2, "production", "none"), ("stage-set", "ada", 1, "production", "none")]);

        await client.Send(HttpMethod.Delete, "registered-models/delete", new { name = "sorter" });
        await client.Http.GetAsync($"/api/projects/{client.Project}/models/sorter").Problem(404, "model-unknown");
        var then = await client.Http.GetAsync($"/api/projects/{client.Project}/models/sorter?at={before}").Json();
        then["versions"]!.AsArray().Single(v => v!["stage"]!.GetValue<string>() == "production")!["version"]!.GetValue<int>().ShouldBe(1);
        then["history"]![0]!["actor"]!.GetValue<string>().ShouldBe("ada");
    }

    private async Task<Tracking> Sorter(int versions)
    {
        var client = service.Empty();
        await client.Post("registered-models/create", new { name = "sorter" });
        for (var i = 0; i < versions; i++)
            await Version(client);
        return client;
    }

    private static async Task<JsonNode> Version(Tracking client, string name = "sorter", string source = "runs:/x/model") =>
        (await client.Post("model-versions/create", new { name, source }))["model_version"]!;
}
