using System.Text.Json.Nodes;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Experiments.Evaluation;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class Evaluation_sets_and_scorers(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    private const string Datasets = "/api/3.0/mlflow/datasets";
    private const string Scorers = "/api/3.0/mlflow/scorers";

    [Fact]
    public async Task a_set_keeps_each_question_once()
    {
        var client = service.Empty();
        var created = (await client.Post($"{Datasets}/create", new { name = "qa", experiment_ids = new[] { "0" }, tags = """{"team": "red"}""", created_by = "ada" }))["dataset"]!;
        var id = created["dataset_id"]!.GetValue<string>();
        id.ShouldStartWith("d-");
        JsonNode.Parse(created["tags"]!.GetValue<string>())!["team"]!.GetValue<string>().ShouldBe("red");
        (await Upsert("""[{"inputs": {"q": "why", "n": 1}, "expectations": {"a": "because"}}, {"inputs": {"q": "how"}, "source": {"source_type": "HUMAN"}}]""")).ShouldBe((2, 0));
        (await Upsert("""[{"inputs": {"n": 1, "q": "why"}, "expectations": {"b": 2}}, {"inputs": {"q": "how"}}]""")).ShouldBe((0, 2), "the second says nothing new, and is an update to clients");
        var first = await client.Get($"{Datasets}/{id}/records?max_results=1");
        var record = JsonNode.Parse(first["records"]!.GetValue<string>())![0]!;
        (record["expectations"]!["a"]!.GetValue<string>(), record["expectations"]!["b"]!.GetValue<int>(), record["dataset_id"]!.GetValue<string>()).ShouldBe(("because", 2, id));
        var second = await client.Get($"{Datasets}/{id}/records?page_token={Uri.EscapeDataString(first["next_page_token"]!.GetValue<string>())}");
        JsonNode.Parse(second["records"]!.GetValue<string>())!.AsArray().ShouldHaveSingleItem()!["inputs"]!["q"]!.GetValue<string>().ShouldBe("how");

        await client.Send(HttpMethod.Patch, $"{Datasets}/{id}/tags", new { tags = """{"phase": "one"}""" });
        await client.Send(HttpMethod.Delete, $"{Datasets}/{id}/tags/team");
        (await client.Get($"{Datasets}/{id}"))["dataset"]!["tags"]!.GetValue<string>().ShouldBe("""{"phase":"one"}""");
        (await client.Get($"{Datasets}/{id}/experiment-ids"))["experiment_ids"]![0]!.GetValue<string>().ShouldBe("0");
        await client.Send(HttpMethod.Delete, $"{Datasets}/{id}");
        await client.RefusedGet($"{Datasets}/{id}", "RESOURCE_DOES_NOT_EXIST", 404);

        async Task<(int, int)> Upsert(string records)
        {
            var counts = await client.Post($"{Datasets}/{id}/records", new { records });
            return (counts["inserted_count"]!.GetValue<int>(), counts["updated_count"]!.GetValue<int>());
        }
    }

    [Fact]
    public async Task many_add_to_one_set_at_once()
    {
        var client = service.Empty();
        var id = (await client.Post($"{Datasets}/create", new { name = "qa" }))["dataset"]!["dataset_id"]!.GetValue<string>();
        // Ten records, each sent eight times with another expectation: whoever is first inserts it, seven add to it.
        var counts = await Task.WhenAll(Enumerable.Range(0, 8).Select(async sender =>
        {
            var records = new JsonArray([.. Enumerable.Range(0, 10).Select(n => new JsonObject { ["inputs"] = new JsonObject { ["n"] = n }, ["expectations"] = new JsonObject { [$"e{sender}"] = n } })]);
            return await client.Post($"{Datasets}/{id}/records", new { records = records.ToJsonString() });
        }));
        (counts.Sum(c => c["inserted_count"]!.GetValue<int>()), counts.Sum(c => c["updated_count"]!.GetValue<int>())).ShouldBe((10, 70));
        foreach (var record in await Records(client, id))
            record!["expectations"]!.AsObject().Count.ShouldBe(8);
    }

    [Fact]
    public async Task the_log_alone_says_what_the_records_are()
    {
        var client = service.Empty();
        var id = (await client.Post($"{Datasets}/create", new { name = "qa" }))["dataset"]!["dataset_id"]!.GetValue<string>();
        foreach (var records in (string[])
            [
                """[{"inputs": {"q": "why"}, "expectations": {"a": null}, "source": {"source_type": "HUMAN"}}, {"inputs": {"q": "how", "x": {"b": 1, "a": [1.5]}}, "tags": {"t": "ä"}, "outputs": {"r": [1, null]}}]""",
                """[{"inputs": {"q": "when"}}, {"inputs": {"q": "why"}, "expectations": {"a": "because", "b": 2}, "source": {"source_type": "code"}, "outputs": "text"}]""",
                """[{"inputs": {"q": "how", "x": {"b": 1, "a": [1.5]}}, "outputs": null}]""",
            ])
            await client.Post($"{Datasets}/{id}/records", new { records });
        var said = (await Records(client, id)).ToJsonString();
        JsonNode.Parse(said)!.AsArray().Select(record => record!["outputs"]?.ToJsonString()).ShouldBe(["\"text\"", null, null]);
        var stream = EvaluationDataset.Parse(id)!.Value;
        await using var session = service.Host.Services.GetRequiredService<IDocumentStore>().LightweightSession();
        session.QueueSqlCommand("DELETE FROM tracking.evaluation_records WHERE dataset = ?", stream);
        foreach (var changed in (await session.Events.FetchStreamAsync(stream)).Select(e => e.Data).OfType<EvaluationRecordsChanged>())
            EvaluationRecords.Write(session, stream, changed);
        await session.SaveChangesAsync();
        (await Records(client, id)).ToJsonString().ShouldBe(said);
    }

    private static async Task<JsonArray> Records(Tracking client, string id) => JsonNode.Parse((await client.Get($"{Datasets}/{id}/records"))["records"]!.GetValue<string>())!.AsArray();

    [Fact]
    public async Task a_record_is_added_to_and_its_outputs_can_be_taken_back()
    {
        var client = service.Empty();
        var id = await Dataset(client);
        await Upsert(client, id, """[{"inputs": {"q": 1}, "outputs": {"a": 1}, "source": {"source_type": "TRACE", "source_data": {"trace_id": "one"}}, "tags": {"mlflow.user": "eve"}}, {"inputs": {"q": 2}, "outputs": "x"}]""");
        await Upsert(client, id, """[{"inputs": {"q": 1}, "expectations": {"b": 2}, "source": {"source_type": "TRACE", "source_data": {"trace_id": "two"}}, "tags": {"mlflow.user": "bob"}}]""");
        var record = (await Records(client, id))[0]!;
        record["source"]!["source_data"]!["trace_id"]!.GetValue<string>().ShouldBe("one", "where it comes from is said once");
        (record["outputs"]!.ToJsonString(), record["created_by"]!.GetValue<string>(), record["last_updated_by"]!.GetValue<string>()).ShouldBe(("""{"a":1}""", "eve", "bob"));
        (await client.Get($"{Datasets}/{id}"))["dataset"]!["last_updated_by"]!.GetValue<string>().ShouldBe("bob");
        await Upsert(client, id, """[{"inputs": {"q": 1}, "outputs": null}]""");
        (await Records(client, id)).Select(r => r!["outputs"]?.ToJsonString()).ShouldBe([null, "\"x\""]);
        // Within one request, too; and what was taken back can be given again.
        await Upsert(client, id, """[{"inputs": {"q": 1}, "outputs": 7}, {"inputs": {"q": 2}, "outputs": "y"}, {"inputs": {"q": 2}, "outputs": null}]""");
        (await Records(client, id)).Select(r => r!["outputs"]?.ToJsonString()).ShouldBe(["7", null]);
    }

    [Fact]
    public async Task a_set_says_what_its_records_are_made_of()
    {
        var client = service.Empty();
        var id = await Dataset(client);
        var empty = (await client.Get($"{Datasets}/{id}"))["dataset"]!;
        (empty["schema"], empty["profile"]).ShouldBe((null, null));
        await Upsert(client, id, """
            [{"inputs": {"question": "What?", "temperature": 0.7, "max_tokens": 100, "use_cache": true, "tags": ["ml"], "none": null}, "expectations": {"accuracy": 0.95}},
             {"inputs": {"question": "Why?", "temperature": 1, "metadata": {"user": "test"}}, "outputs": "plain"}]
            """);
        await Upsert(client, id, """[{"inputs": {"question": 7}, "expectations": {"accuracy": 1, "relevance": 0.85}}]""");
        var dataset = (await client.Get($"{Datasets}/{id}"))["dataset"]!;
        JsonNode.DeepEquals(JsonNode.Parse(dataset["schema"]!.GetValue<string>()), JsonNode.Parse("""
            {"inputs": {"question": "string", "temperature": "float", "max_tokens": "integer", "use_cache": "boolean", "tags": "array", "none": "null", "metadata": "object"},
             "outputs": "string", "expectations": {"accuracy": "float", "relevance": "float"}, "version": "1.0"}
            """)).ShouldBeTrue(dataset["schema"]!.GetValue<string>());
        dataset["profile"]!.GetValue<string>().ShouldBe("""{"num_records": 3}""");
    }

    [Fact]
    public async Task tags_leave_a_set_what_it_is()
    {
        var client = service.Empty();
        var created = (await client.Post($"{Datasets}/create", new { name = "qa", tags = """{"mlflow.user": "eve", "environment": "development", "deprecated": "true"}""" }))["dataset"]!;
        created["created_by"]!.GetValue<string>().ShouldBe("eve");
        var id = created["dataset_id"]!.GetValue<string>();
        await Task.Delay(5);
        await client.Send(HttpMethod.Patch, $"{Datasets}/{id}/tags", new { tags = """{"environment": "production", "deprecated": null, "mlflow.user": "bob"}""" });
        await client.Send(HttpMethod.Delete, $"{Datasets}/{id}/tags/nobody");
        var dataset = (await client.Get($"{Datasets}/{id}"))["dataset"]!;
        dataset["tags"]!.GetValue<string>().ShouldBe("""{"deprecated":"true","environment":"production","mlflow.user":"bob"}""", "null leaves a tag as it is");
        foreach (var same in (string[])["digest", "last_update_time", "last_updated_by"])
            dataset[same]!.ToJsonString().ShouldBe(created[same]!.ToJsonString(), same);
    }

    [Fact]
    public async Task a_set_that_is_not_there_can_be_deleted_again()
    {
        var client = service.Empty();
        const string Ghost = $"{Datasets}/d-nonexistent";
        (await client.Send(HttpMethod.Delete, Ghost)).ToJsonString().ShouldBe("{}");
        (await client.Send(HttpMethod.Delete, $"{Ghost}/tags/a")).ToJsonString().ShouldBe("{}");
        (await client.Get($"{Ghost}/experiment-ids"))["experiment_ids"]!.AsArray().ShouldBeEmpty();
        (await client.RefusedGet(Ghost, "RESOURCE_DOES_NOT_EXIST", 404)).ShouldBe("Evaluation dataset with id 'd-nonexistent' not found");
        (await client.Refused(HttpMethod.Patch, $"{Ghost}/tags", new { tags = "{}" }, 404, "RESOURCE_DOES_NOT_EXIST")).ShouldBe("Could not find evaluation dataset with ID d-nonexistent");
        // Another project's is not there for this one.
        var id = await Dataset(client);
        await service.Empty().Send(HttpMethod.Delete, $"{Datasets}/{id}");
        (await client.Get($"{Datasets}/{id}"))["dataset"]!["name"]!.GetValue<string>().ShouldBe("qa");
    }

    private static async Task<string> Dataset(Tracking client) => (await client.Post($"{Datasets}/create", new { name = "qa" }))["dataset"]!["dataset_id"]!.GetValue<string>();

    private static Task<JsonNode> Upsert(Tracking client, string id, string records) => client.Post($"{Datasets}/{id}/records", new { records });

    [Fact]
    public async Task sets_are_found_in_pages_and_bad_ones_refused()
    {
        var client = service.Empty();
        var experiment = await client.NewExperiment();
        var ids = new List<string>();
        foreach (var of in (string[])["0", experiment, "0"])
            ids.Add((await client.Post($"{Datasets}/create", new { name = "qa", experiment_ids = new[] { of } }))["dataset"]!["dataset_id"]!.GetValue<string>());
        var first = await client.Post($"{Datasets}/search", new { max_results = 2 });
        first["datasets"]!.AsArray().Select(d => d!["dataset_id"]!.GetValue<string>()).ShouldBe([ids[2], ids[1]]);
        (await client.Post($"{Datasets}/search", new { max_results = 2, page_token = first["next_page_token"]!.GetValue<string>() }))["datasets"]!.AsArray().Count.ShouldBe(1);
        (await client.Get($"{Datasets}/search?experiment_ids={experiment}"))["datasets"]!.AsArray().ShouldHaveSingleItem()!["dataset_id"]!.GetValue<string>().ShouldBe(ids[1]);
        await service.Empty().RefusedGet($"{Datasets}/{ids[0]}", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedPost($"{Datasets}/create", new { });
        await client.RefusedPost($"{Datasets}/create", new { name = "x", tags = "[1]" });
        await client.RefusedPost($"{Datasets}/create", new { name = "x", experiment_ids = new[] { "99" } }, "RESOURCE_DOES_NOT_EXIST", 404);
        foreach (var tags in (string[])["""{"a": "\u0000"}""", """{"\u0000": "a"}""", """{"a": "\ud800"}""", "{"])
            await client.RefusedPost($"{Datasets}/create", new { name = "x", tags });
        await client.RefusedPost($"{Datasets}/create", new { name = "a\0b" });
        await client.RefusedPost($"{Datasets}/create", new { name = "x", created_by = "a\0b" });
        await client.RefusedPost($"{Datasets}/{ids[0]}/records", new { records = """[{"inputs": {"q": 1}}]""", updated_by = "a\0b" });
        await client.Refused(HttpMethod.Patch, $"{Datasets}/{ids[0]}/tags", new { tags = """{"a": "\u0000"}""" }, 400, "INVALID_PARAMETER_VALUE");
        // What is no text is kept as JSON says it, under a key of any kind.
        var any = (await client.Post($"{Datasets}/create", new { name = "x", tags = """{"a/b": 1.5, "c": true, "d": null}""" }))["dataset"]!["dataset_id"]!.GetValue<string>();
        await client.Send(HttpMethod.Delete, $"{Datasets}/{any}/tags/c");
        JsonNode.Parse((await client.Get($"{Datasets}/{any}"))["dataset"]!["tags"]!.GetValue<string>())!.ToJsonString().ShouldBe("""{"a/b":"1.5"}""");
        await client.Send(HttpMethod.Delete, $"{Datasets}/{any}/tags/a/b");
        (await client.Get($"{Datasets}/{any}"))["dataset"]!["tags"]!.GetValue<string>().ShouldBe("{}");
        foreach (var records in (string[])["", "{", "{}", "[1]", "[{}]", """[{"inputs": {"q": 1}}, {"inputs": 7}]""", """[{"inputs": {}, "tags": 1}]""", """[{"inputs": {"a": "\u0000"}}]""", """[{"inputs": {"\ud800": 1}}]""",
            """[{"inputs": {"a": 1}, "source": {"source_type": "RUMOUR"}}]""", """[{"inputs": {"a": 1}, "source": {"source_type": "HUMAN", "source_data": 1}}]""", """[{"inputs": {"a": 1}, "source": {}}]""",
            """[{"inputs": {"a": 1}, "source": {"source_type": "HUMAN", "note": "x"}}]"""])
            await client.RefusedPost($"{Datasets}/{ids[0]}/records", new { records });
        JsonNode.Parse((await client.Get($"{Datasets}/{ids[0]}/records"))["records"]!.GetValue<string>())!.AsArray().ShouldBeEmpty("nothing of a bad list is stored");
    }

    [Fact]
    public async Task scorers_have_versions()
    {
        var client = service.Empty();
        foreach (var (content, version) in ((string, int)[])[("one", 1), ("two", 2), ("two", 2)])
            (await client.Post($"{Scorers}/register", new { experiment_id = "0", name = "polite", serialized_scorer = content }))["version"]!.GetValue<int>().ShouldBe(version);
        await client.Post($"{Scorers}/register", new { experiment_id = "0", name = "correct", serialized_scorer = "x" });
        (await client.Get($"{Scorers}/list?experiment_id=0"))["scorers"]!.AsArray().Select(s => (s!["scorer_name"]!.GetValue<string>(), s["scorer_version"]!.GetValue<int>())).ShouldBe([("correct", 1), ("polite", 2)]);
        (await client.Get($"{Scorers}/versions?experiment_id=0&name=polite"))["scorers"]!.AsArray().Count.ShouldBe(2);
        (await client.Get($"{Scorers}/get?experiment_id=0&name=polite"))["scorer"]!["serialized_scorer"]!.GetValue<string>().ShouldBe("two");
        (await client.Get($"{Scorers}/get?experiment_id=0&name=polite&version=1"))["scorer"]!["serialized_scorer"]!.GetValue<string>().ShouldBe("one");
        await client.Send(HttpMethod.Delete, $"{Scorers}/delete", new { experiment_id = "0", name = "polite", version = 2 });
        (await client.Refused(HttpMethod.Delete, $"{Scorers}/delete", new { experiment_id = "0", name = "polite", version = 2 }, 404, "RESOURCE_DOES_NOT_EXIST"))
            .ShouldBe("Scorer with name 'polite' and version 2 not found for experiment 0.");
        await client.Send(HttpMethod.Delete, $"{Scorers}/delete", new { experiment_id = "0", name = "polite" });
        foreach (var read in (string[])["get", "versions"])
            (await client.RefusedGet($"{Scorers}/{read}?experiment_id=0&name=polite", "RESOURCE_DOES_NOT_EXIST", 404)).ShouldBe("Scorer with name 'polite' not found for experiment 0.");
        foreach (var name in (string[])["polite", "nobody"])
            (await client.Refused(HttpMethod.Delete, $"{Scorers}/delete", new { experiment_id = "0", name, version = 1 }, 404, "RESOURCE_DOES_NOT_EXIST")).ShouldBe($"Scorer with name '{name}' not found for experiment 0.");
        await client.RefusedPost($"{Scorers}/register", new { experiment_id = "0", name = "x" });
        await client.RefusedPost($"{Scorers}/register", new { experiment_id = "99", name = "x", serialized_scorer = "x" }, "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet($"{Scorers}/list");
    }
}
