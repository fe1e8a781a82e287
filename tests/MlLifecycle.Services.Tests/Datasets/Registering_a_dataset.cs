using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MlLifecycle.ServiceDefaults.Trust;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

[Collection(nameof(Datasets))]
public sealed class Registering_a_dataset(DatasetsFixture service)
{
    private static readonly object Garments = new
    {
        name = Workbench.Name,
        modality = "image",
        description = "Photographs of returned garments",
        label = new { column = "class", definition = "What a shop assistant would call it" },
        feedback = new { plan = "Returns are labelled at the counter", delay = "2 days" },
        cases = new[] { new { name = "dark photographs", column = "light", value = "dark", minimum = 50 } },
    };

    private readonly Workbench _bench = new(service);

    [Fact]
    public void guards_every_route() => service.ShouldGuardEveryRoute();

    [Fact]
    public async Task twice_is_once_and_with_other_content_a_conflict()
    {
        using var answer = await _bench.Team.Post(_bench.Datasets, Garments);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        var location = answer.Headers.Location!.OriginalString;
        location.ShouldBe(_bench.Dataset);
        var first = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        var again = await _bench.Team.Post(_bench.Datasets, Garments).Json(HttpStatusCode.Created);
        again.ToJsonString().ShouldBe(first.ToJsonString());
        (await _bench.As(Role.Viewer).GetAsync(location).Json()).ToJsonString().ShouldBe(first.ToJsonString());
        (first["feedback"]!["plan"]!.ToString(), first["cases"]![0]!["minimum"]!.GetValue<int>(), first["createdBy"]!.ToString()).ShouldBe(("Returns are labelled at the counter", 50, "ada"));

        await _bench.Team.Post(_bench.Datasets, new { name = Workbench.Name, modality = "text" }).Problem(409, "dataset-exists");
        (await _bench.Team.GetAsync(location).Json())["modality"]!.ToString().ShouldBe("image");
    }

    [Fact]
    public async Task many_times_at_once_is_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _bench.Team.Post(_bench.Datasets, Garments).Json(HttpStatusCode.Created)));
        answers.Select(a => a["id"]!.ToString()).Distinct().ShouldHaveSingleItem();
        (await _bench.Team.GetAsync(_bench.Datasets).Json())["items"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task makes_it_listed_by_name_in_pages()
    {
        string[] names = ["b", "a", "c.2", "c-1", "d"];
        foreach (var name in names)
            await _bench.Team.Post(_bench.Datasets, new { name, modality = "text" }).Json(HttpStatusCode.Created);
        var seen = new List<string>();
        string? after = null;
        do
        {
            var page = await _bench.As(Role.Viewer).GetAsync($"{_bench.Datasets}?limit=2&after={after}").Json();
            page["items"]!.AsArray().Count.ShouldBeLessThanOrEqualTo(2);
            seen.AddRange(page["items"]!.AsArray().Select(d => d!["name"]!.ToString()));
            after = page["next"]?.ToString();
        }
        while (after is not null);
        seen.ShouldBe(names.Order(StringComparer.Ordinal));
        await _bench.Team.GetAsync($"{_bench.Datasets}?after=zzz").Problem(400, "invalid-input", "after");
    }

    [Theory]
    [InlineData("""{"name": "a", "moda""", "malformed-json", null)]
    [InlineData("", "malformed-json", null)]
    [InlineData("""{"modality": "text"}""", "invalid-input", "name")]
    [InlineData("""{"name": null, "modality": "text"}""", "invalid-input", "name")]
    [InlineData("""{"name": 7, "modality": "text"}""", "invalid-input", "name")]
    [InlineData("""{"name": "..", "modality": "text"}""", "invalid-input", "name")]
    [InlineData("""{"name": "a/b", "modality": "text"}""", "invalid-input", "name")]
    [InlineData("""{"name": "a", "modality": "video"}""", "invalid-input", "modality")]
    [InlineData("""{"name": "a", "modality": "text", "lable": {}}""", "invalid-input", "lable")]
    [InlineData("""{"name": "a", "modality": "text", "label": {"colum": "y"}}""", "invalid-input", "label.colum")]
    [InlineData("""{"name": "a", "modality": "text", "label": "y"}""", "invalid-input", "label")]
    [InlineData("""{"name": "a", "modality": "text", "feedback": {"plan": " "}}""", "invalid-input", "feedback.plan")]
    [InlineData("""{"name": "a", "modality": "text", "cases": [{"name": "x", "column": "y", "value": "z", "minimum": -1}]}""", "invalid-input", "cases[0].minimum")]
    [InlineData("""{"name": "a", "modality": "text", "cases": [{"name": "x", "column": "y", "value": "z", "minimum": 1.5}]}""", "invalid-input", "cases[0].minimum")]
    [InlineData("""{"name": "a", "modality": "text", "cases": [{"name": "x", "column": "y", "value": "z", "minimum": NaN}]}""", "malformed-json", "cases[0].minimum")]
    [InlineData("""{"name": "a", "modality": "text", "cases": [null]}""", "invalid-input", "cases[0]")]
    public async Task badly_names_what_is_wrong_and_leaves_nothing(string body, string code, string? field)
    {
        await _bench.Team.PostAsync(_bench.Datasets, new StringContent(body, Encoding.UTF8, "application/json")).Problem(400, code, field);
        (await _bench.Team.GetAsync(_bench.Datasets).Json())["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task is_followed_by_describing_it_anew_for_who_has_seen_its_last_state()
    {
        await _bench.Register();
        var seen = (await _bench.Team.GetAsync(_bench.Dataset)).Headers.ETag!.Tag;
        var before = DateTimeOffset.UtcNow;
        var team = _bench.Team;
        team.DefaultRequestHeaders.Add("If-Match", seen);
        (await team.PatchAsync(_bench.Dataset, JsonContent("""{"feedback": {"plan": "counter"}}""")).Json())["feedback"]!["plan"]!.ToString().ShouldBe("counter");
        await team.PatchAsync(_bench.Dataset, JsonContent("""{"description": "late"}""")).Problem(412, "stale");
        await _bench.Team.PatchAsync(_bench.Dataset, JsonContent("""{"modality": "image"}""")).Problem(400, "invalid-input", "modality");
        var now = await _bench.Team.GetAsync(_bench.Dataset).Json();
        (now["feedback"]!["plan"]!.ToString(), now["description"]!.ToString()).ShouldBe(("counter", ""));
        (await _bench.Team.GetAsync($"{_bench.Dataset}?at={Uri.EscapeDataString(before.ToString("O"))}").Json())["feedback"].ShouldBeNull();
    }

    [Fact]
    public async Task needs_a_role_that_adds()
    {
        await _bench.With("a.csv", "x,label\n1,a\n2,b\n3,a\n");
        var viewer = _bench.As(Role.Viewer);
        await viewer.Post(_bench.Datasets, Garments).Problem(403, "forbidden");
        await viewer.PatchAsync(_bench.Dataset, JsonContent("{}")).Problem(403, "forbidden");
        await viewer.PutAsync($"{_bench.Dataset}/staging/b.csv", new StringContent("x")).Problem(403, "forbidden");
        await viewer.DeleteAsync($"{_bench.Dataset}/staging/a.csv").Problem(403, "forbidden");
        await viewer.Post($"{_bench.Dataset}/versions", new { message = "m" }).Problem(403, "forbidden");
        await viewer.PostAsync($"{_bench.Dataset}/versions/1/checks", null).Problem(403, "forbidden");
        await viewer.Post($"{_bench.Dataset}/versions/1/splits", new { }).Problem(403, "forbidden");
        foreach (var read in (string[])["", "/staging", "/versions", "/versions/1", "/versions/1/files", "/versions/1/files/a.csv", "/versions/1/profile", "/versions/1/checks", "/versions/1/splits", "/diff?from=1"])
            (await viewer.GetAsync(_bench.Dataset + read)).StatusCode.ShouldBe(HttpStatusCode.OK, read);
    }

    [Fact]
    public async Task keeps_it_to_its_project()
    {
        await _bench.With("a.csv", "x\n1\n");
        var other = new Workbench(service);
        await other.Team.GetAsync(_bench.Dataset).Problem(403, "forbidden");
        await other.Team.GetAsync(other.Dataset).Problem(404, "dataset-unknown");
        await other.Register();
        await other.Team.GetAsync($"{other.Dataset}/versions/1").Problem(404, "version-unknown");
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("PATCH", "")]
    [InlineData("GET", "/staging")]
    [InlineData("PUT", "/staging/a.csv")]
    [InlineData("DELETE", "/staging/a.csv")]
    [InlineData("POST", "/versions")]
    [InlineData("GET", "/versions")]
    [InlineData("GET", "/versions/1")]
    [InlineData("GET", "/versions/1/files/a.csv")]
    [InlineData("GET", "/versions/1/profile")]
    [InlineData("POST", "/versions/1/checks")]
    [InlineData("POST", "/versions/1/splits")]
    [InlineData("GET", "/diff?from=1")]
    public async Task comes_first(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), _bench.Dataset + path);
        if (method != "GET")
            request.Content = path == "/versions" ? JsonContent("""{"message": "m"}""") : JsonContent("{}");
        await _bench.Team.SendAsync(request).Problem(404, "dataset-unknown");
        service.Incoming.ShouldBeEmpty();
    }

    private static StringContent JsonContent(string json) => new(json, Encoding.UTF8, "application/json");
}
