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
        (await Upsert("""[{"inputs": {"n": 1, "q": "why"}, "expectations": {"b": 2}}, {"inputs": {"q": "how"}}]""")).ShouldBe((0, 1), "the second says nothing new");
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
            ])
            await client.Post($"{Datasets}/{id}/records", new { records });
        var said = (await Records(client, id)).ToJsonString();
        JsonNode.Parse(said)!.AsArray().Select(record => record!["outputs"]?.ToJsonString()).ShouldBe(["\"text\"", """{"r":[1,null]}""", null]);
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
        JsonNode.Parse((await client.Get($"{Datasets}/{any}"))["dataset"]!["tags"]!.GetValue<string>())!.ToJsonString().ShouldBe("""{"a/b":"1.5","d":"null"}""");
        await client.Send(HttpMethod.Delete, $"{Datasets}/{any}/tags/a/b");
        (await client.Get($"{Datasets}/{any}"))["dataset"]!["tags"]!.GetValue<string>().ShouldBe("""{"d":"null"}""");
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
        await client.Refused(HttpMethod.Delete, $"{Scorers}/delete", new { experiment_id = "0", name = "polite", version = 2 }, 404, "RESOURCE_DOES_NOT_EXIST");
        await client.Send(HttpMethod.Delete, $"{Scorers}/delete", new { experiment_id = "0", name = "polite" });
        await client.RefusedGet($"{Scorers}/get?experiment_id=0&name=polite", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedPost($"{Scorers}/register", new { experiment_id = "0", name = "x" });
        await client.RefusedPost($"{Scorers}/register", new { experiment_id = "99", name = "x", serialized_scorer = "x" }, "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet($"{Scorers}/list");
    }
}
