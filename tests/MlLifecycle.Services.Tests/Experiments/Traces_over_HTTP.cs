using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

public sealed class Traces_over_HTTP(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    private const string V3 = "/api/3.0/mlflow/traces";

    [Fact]
    public async Task are_recorded_read_tagged_and_deleted()
    {
        var client = service.Empty();
        var created = (await client.Post(V3, Trace("tr-1", state: "OK")))["trace"]!["trace_info"]!;
        (created["trace_id"]!.GetValue<string>(), created["state"]!.GetValue<string>(), created["request_time"]!.GetValue<string>(), created["execution_duration"]!.GetValue<string>())
            .ShouldBe(("tr-1", "OK", "2026-03-03T12:00:00.250Z", "1.500s"));
        created["tags"]!["mlflow.artifactLocation"]!.GetValue<string>().ShouldBe("mlflow-artifacts:/0/traces/tr-1/artifacts");
        await client.Post(V3, Trace("tr-1", state: "OK"));
        await client.Upload("0/traces/tr-1/artifacts/traces.json", """{"spans": []}"""u8.ToArray());
        (await client.Get("get-trace-artifact?request_id=tr-1"))["spans"]!.AsArray().ShouldBeEmpty();
        await client.Send(HttpMethod.Patch, $"{V3}/tr-1/tags", new { key = "team", value = "red" });
        (await client.Get($"{V3}/tr-1"))["trace"]!["trace_info"]!["tags"]!["team"]!.GetValue<string>().ShouldBe("red");
        await client.Send(HttpMethod.Delete, $"{V3}/tr-1/tags", new { key = "team" });
        await client.Refused(HttpMethod.Delete, $"{V3}/tr-1/tags?key=team", null, 404, "RESOURCE_DOES_NOT_EXIST");
        await client.RefusedGet($"{V3}/tr-9", "RESOURCE_DOES_NOT_EXIST", 404);
        await service.Empty().RefusedGet($"{V3}/tr-1", "RESOURCE_DOES_NOT_EXIST", 404);

        await client.RefusedPost($"{V3}/delete-traces", new { experiment_id = "0" });
        await client.RefusedPost($"{V3}/delete-traces", new { experiment_id = "0", request_ids = new[] { "tr-1" }, max_traces = 1 });
        (await client.Post($"{V3}/delete-traces", new { experiment_id = "0", request_ids = new[] { "tr-1", "tr-9" } }))["traces_deleted"]!.GetValue<int>().ShouldBe(1);
        await client.RefusedGet($"{V3}/tr-1", "RESOURCE_DOES_NOT_EXIST", 404);
        (await client.Download("0/traces/tr-1/artifacts/traces.json")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task begin_and_end_as_in_MLflow_2()
    {
        var client = service.Empty();
        var begun = (await client.Post("traces", new { experiment_id = "0", timestamp_ms = 1000, request_metadata = new[] { new { key = "a", value = "1" } }, tags = new[] { new { key = "mlflow.traceName", value = "ask" } } }))["trace_info"]!;
        var id = begun["request_id"]!.GetValue<string>();
        begun["status"]!.GetValue<string>().ShouldBe("IN_PROGRESS");
        await client.Send(HttpMethod.Patch, $"traces/{id}", new { request_id = id, timestamp_ms = 1750, status = "ERROR" });
        var read = (await client.Get($"traces/{id}/info"))["trace_info"]!;
        (read["status"]!.GetValue<string>(), read["execution_time_ms"]!.GetValue<long>()).ShouldBe(("ERROR", 750));
        var found = (await client.Get($"traces?experiment_ids=0&filter={Uri.EscapeDataString("status = 'ERROR' AND name = 'ask'")}"))["traces"]!.AsArray().ShouldHaveSingleItem()!;
        found["request_metadata"]![0]!["value"]!.GetValue<string>().ShouldBe("1");
        await client.Refused(HttpMethod.Patch, "traces/tr-none", new { status = "OK" }, 404, "RESOURCE_DOES_NOT_EXIST");
        (await client.Post("traces/delete-traces", new { experiment_id = "0", max_timestamp_millis = 5000 }))["traces_deleted"]!.GetValue<int>().ShouldBe(1);
    }

    [Fact]
    public async Task are_searched_in_pages()
    {
        var client = service.Empty();
        var run = await client.NewRun();
        for (var i = 0; i < 5; i++)
            await client.Post(V3, Trace($"tr-{i}", state: i == 3 ? "ERROR" : "OK", time: $"2026-03-03T12:00:0{i}Z", kind: i % 2 == 0 ? "even" : "odd"));
        await client.Post("traces/link-to-run", new { run_id = run, trace_ids = new[] { "tr-1", "tr-2" } });
        await client.Post("traces/link-to-run", new { run_id = run, trace_ids = new[] { "tr-1" } });
        await client.RefusedPost("traces/link-to-run", new { run_id = run, trace_ids = new[] { "tr-none" } }, "RESOURCE_DOES_NOT_EXIST", 404);
        (await Ids(null)).ShouldBe("43210");
        (await Ids("state = 'ERROR'")).ShouldBe("3");
        (await Ids("metadata.kind = 'even'", "timestamp_ms ASC")).ShouldBe("024");
        (await Ids("trace.timestamp_ms > 1772539202000")).ShouldBe("43");
        (await Ids($"run_id = '{run}'")).ShouldBe("21");
        (await Ids("execution_time_ms >= 1500 AND tags.`mlflow.traceName` = 'ask'")).ShouldBe("43210");
        (await Ids("tags.x = 'y'' OR 1=1'")).ShouldBe("");
        await client.RefusedPost($"{V3}/search", new { });
        await client.RefusedPost($"{V3}/search", new { experiment_ids = new[] { "0" }, filter = "metrics.a > 1" });
        await client.RefusedPost($"{V3}/search", new { experiment_ids = new[] { "0" }, max_results = 501 });
        var correlation = await client.Post($"{V3}/calculate-filter-correlation", new { experiment_ids = new[] { "0" }, filter_string1 = "metadata.kind = 'odd'", filter_string2 = "state = 'ERROR'" });
        (correlation["joint_count"]!.GetValue<int>(), correlation["total_count"]!.GetValue<int>()).ShouldBe((1, 5));
        correlation["npmi"]!.GetValue<double>().ShouldBe(Math.Log(1 * 5 / (2.0 * 1)) / -Math.Log(1 / 5.0), 1e-12);

        async Task<string> Ids(string? filter, string? order = null)
        {
            var ids = "";
            string? page_token = null;
            do
            {
                var page = await client.Post($"{V3}/search", new
                {
                    locations = new[] { new { type = "MLFLOW_EXPERIMENT", mlflow_experiment = new { experiment_id = "0" } } },
                    filter,
                    order_by = order is null ? [] : new[] { order },
                    max_results = 2,
                    page_token,
                });
                ids += string.Concat(page["traces"]?.AsArray().Select(t => t!["trace_id"]!.GetValue<string>()[3..]) ?? []);
                page_token = page["next_page_token"]?.GetValue<string>();
            }
            while (page_token is not null);
            return ids;
        }
    }

    [Fact]
    public async Task are_assessed()
    {
        var client = service.Empty();
        await client.Post(V3, Trace("tr-1", state: "OK"));
        var given = (await client.Post($"{V3}/tr-1/assessments", new { assessment = new { assessment_name = "correct", source = new { source_type = "HUMAN", source_id = "ada" }, feedback = new { value = true }, rationale = "x" } }))["assessment"]!;
        var id = given["assessment_id"]!.GetValue<string>();
        (given["valid"]!.GetValue<bool>(), given["trace_id"]!.GetValue<string>()).ShouldBe((true, "tr-1"));
        (await client.Send(HttpMethod.Patch, $"{V3}/tr-1/assessments/{id}", new { assessment = new { feedback = new { value = false } }, update_mask = "feedback" }))["assessment"]!["feedback"]!["value"]!.GetValue<bool>().ShouldBe(false);
        (await client.Get($"{V3}/tr-1/assessments/{id}"))["assessment"]!["rationale"]!.GetValue<string>().ShouldBe("x");
        var better = (await client.Post($"{V3}/tr-1/assessments", new { assessment = new { assessment_name = "correct", feedback = new { value = "yes" }, overrides = id } }))["assessment"]!["assessment_id"]!.GetValue<string>();
        (await client.Get($"{V3}/tr-1/assessments/{id}"))["assessment"]!["valid"]!.GetValue<bool>().ShouldBe(false);
        (await client.Post($"{V3}/search", new { experiment_ids = new[] { "0" }, filter = "feedback.correct = 'yes'" }))["traces"]!.AsArray().Count.ShouldBe(1);
        (await client.Post($"{V3}/search", new { experiment_ids = new[] { "0" }, filter = "feedback.correct = 'false'" })).AsObject().ContainsKey("traces").ShouldBeFalse();
        (await client.Get($"{V3}/tr-1"))["trace"]!["trace_info"]!["assessments"]!.AsArray().Count.ShouldBe(2);
        await client.Send(HttpMethod.Delete, $"{V3}/tr-1/assessments/{better}");
        await client.RefusedGet($"{V3}/tr-1/assessments/{better}", "RESOURCE_DOES_NOT_EXIST", 404);
        foreach (var bad in (object[])[new { }, new { assessment_name = "x" }, new { assessment_name = "x", feedback = new { value = 1 }, expectation = new { value = 1 } }, new { assessment_name = "x", feedback = new { value = 1 }, source = new { source_type = "GHOST" } }])
            await client.RefusedPost($"{V3}/tr-1/assessments", new { assessment = bad });
        await client.Refused(HttpMethod.Patch, $"{V3}/tr-1/assessments/{id}", new { assessment = new { }, update_mask = "trace_id" }, 400, "INVALID_PARAMETER_VALUE");
        await client.RefusedPost($"{V3}/tr-9/assessments", new { assessment = new { assessment_name = "x", feedback = new { value = 1 } } }, "RESOURCE_DOES_NOT_EXIST", 404);
    }

    [Fact]
    public async Task are_told_by_their_spans_over_OTLP()
    {
        var client = service.Empty();
        byte[] trace = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
        var id = "tr-" + Convert.ToHexStringLower(trace);
        var child = OtlpBytes.Span(trace, 2, parent: 1, "retrieve", 1_700_000_000_100_000_000, 1_700_000_000_200_000_000, ("k", "v"));
        var root = OtlpBytes.Span(trace, 1, parent: null, "ask", 1_700_000_000_000_000_000, 1_700_000_001_500_000_000, ("mlflow.spanInputs", """{"q": "why"}"""), ("mlflow.spanOutputs", "because"));
        await Send(OtlpBytes.Request(child));
        (await client.Get($"{V3}/{id}"))["trace"]!["trace_info"]!["state"]!.GetValue<string>().ShouldBe("IN_PROGRESS");
        await Send(OtlpBytes.Request(root));
        await Send(OtlpBytes.Request(root, child));
        var info = (await client.Get($"{V3}/{id}"))["trace"]!["trace_info"]!;
        (info["state"]!.GetValue<string>(), info["execution_duration"]!.GetValue<string>(), info["request_preview"]!.GetValue<string>(), info["response_preview"]!.GetValue<string>(), info["tags"]!["mlflow.traceName"]!.GetValue<string>())
            .ShouldBe(("OK", "1.500s", """{"q": "why"}""", "because", "ask"));
        var spans = (await client.Get($"get-trace-artifact?request_id={id}"))["spans"]!.AsArray();
        spans.Select(s => s!["name"]!.GetValue<string>()).ShouldBe(["ask", "retrieve"]);
        (spans[1]!["trace_id"]!.GetValue<string>(), spans[1]!["attributes"]!["k"]!.GetValue<string>(), spans[0]!["parent_span_id"]).ShouldBe((Convert.ToBase64String(trace), "v", null));
        spans[1]!["start_time_unix_nano"]!.GetValue<long>().ShouldBe(1_700_000_000_100_000_000);
        (await client.Get($"{V3}/batchGet?trace_ids={id}&trace_ids=tr-none"))["traces"]!.AsArray().ShouldHaveSingleItem()!["spans"]!.AsArray().Count.ShouldBe(2);
        (await client.Post($"{V3}/search", new { experiment_ids = new[] { "0" }, filter = "span.name = 'retrieve'" }))["traces"]!.AsArray().Count.ShouldBe(1);
        foreach (var (filter, found) in (List<(string, int)>)
            [
                ("span.attributes.k = 'v'", 1), ("span.attributes.k LIKE 'w%'", 0), ("span.attributes.mlflow.spanOutputs ILIKE '%CAUSE'", 1), ("span.content LIKE '%because%'", 1), ("span.status = 'OK'", 1),
                ("span.status = 'ERROR'", 0), ("span.type = 'LLM'", 0),
            ])
        {
            var answer = await client.Post($"{V3}/search", new { experiment_ids = new[] { "0" }, filter });
            (answer["traces"]?.AsArray().Count ?? 0).ShouldBe(found, filter);
        }

        await client.RefusedPost($"{V3}/search", new { experiment_ids = new[] { "0" }, filter = "span.attributes. = 'x'" });
        await client.RefusedPost($"{V3}/search", new { experiment_ids = new[] { "0" }, filter = "span.colour = 'x'" });

        await Tracking.Refused(Post([0xFF, 0x01]), 400, "INVALID_PARAMETER_VALUE");
        await Tracking.Refused(Post([]), 400, "INVALID_PARAMETER_VALUE");
        await Tracking.Refused(Post(OtlpBytes.Request(root)[..^5]), 400, "INVALID_PARAMETER_VALUE");
        await Tracking.Refused(Post(OtlpBytes.Request(root), "application/json"), 400, "INVALID_PARAMETER_VALUE");
        await Tracking.Refused(Post(OtlpBytes.Request(root), experiment: null), 400, "INVALID_PARAMETER_VALUE");
        await Tracking.Refused(Post(OtlpBytes.Request(root), experiment: "99"), 404, "RESOURCE_DOES_NOT_EXIST");

        async Task Send(byte[] body) => (await Post(body)).StatusCode.ShouldBe(HttpStatusCode.OK);

        Task<HttpResponseMessage> Post(byte[] body, string type = "application/x-protobuf", string? experiment = "0")
        {
            var request = new HttpRequestMessage(HttpMethod.Post, client.At("/v1/traces")) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new(type);
            if (experiment is not null)
                request.Headers.Add("X-Mlflow-Experiment-Id", experiment);
            return client.Http.SendAsync(request);
        }
    }

    [Fact]
    public async Task that_begin_on_many_connections_at_once_are_one()
    {
        var client = service.Empty();
        byte[] trace = [.. Enumerable.Range(17, 16).Select(i => (byte)i)];
        await Task.WhenAll(Enumerable.Range(1, 8).Select(async i =>
        {
            var request = new HttpRequestMessage(HttpMethod.Post, client.At("/v1/traces")) { Content = new ByteArrayContent(OtlpBytes.Request(OtlpBytes.Span(trace, (byte)i, i == 1 ? null : (byte)1, "s" + i, 1000, 2000))) };
            request.Content.Headers.ContentType = new("application/x-protobuf");
            request.Headers.Add("X-Mlflow-Experiment-Id", "0");
            (await client.Http.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.OK);
        }));
        (await client.Get($"get-trace-artifact?request_id=tr-{Convert.ToHexStringLower(trace)}"))["spans"]!.AsArray().Count.ShouldBe(8);
        (await client.Get($"{V3}/tr-{Convert.ToHexStringLower(trace)}"))["trace"]!["trace_info"]!["state"]!.GetValue<string>().ShouldBe("OK");
    }

    [Theory]
    [InlineData("""{"trace": {}}""")]
    [InlineData("""{"trace": {"trace_info": {}}}""")]
    [InlineData("""{"trace": {"trace_info": {"trace_id": "tr-1", "request_time": "yesterday"}}}""")]
    [InlineData("""{"trace": {"trace_info": {"trace_id": "tr-1", "execution_duration": "long"}}}""")]
    [InlineData("""{"trace": {"trace_info": {"trace_id": "tr-1", "state": "HAPPY"}}}""")]
    [InlineData("""{"trace": {"trace_info": {"trace_id": "tr-1", "tags": {"a": 1}}}}""")]
    [InlineData("""{"trace": {"trace_info": {"trace_id": "tr-1", "assessments": [{}]}}}""")]
    public async Task that_are_wrongly_told_are_refused(string json) => await Tracking.Refused(service.Empty().Raw(V3, json), 400, "INVALID_PARAMETER_VALUE");

    private static JsonObject Trace(string id, string state, string time = "2026-03-03T12:00:00.25Z", string kind = "x") => new()
    {
        ["trace"] = new JsonObject
        {
            ["trace_info"] = new JsonObject
            {
                ["trace_id"] = id,
                ["trace_location"] = new JsonObject { ["type"] = "MLFLOW_EXPERIMENT", ["mlflow_experiment"] = new JsonObject { ["experiment_id"] = "0" } },
                ["request_time"] = time,
                ["execution_duration"] = "1.5s",
                ["state"] = state,
                ["trace_metadata"] = new JsonObject { ["kind"] = kind },
                ["tags"] = new JsonObject { ["mlflow.traceName"] = "ask" },
            },
        },
    };
}

/// <summary>Writes OTLP's wire format.</summary>
internal static class OtlpBytes
{
    public static byte[] Request(params byte[][] spans) => Field(1, Field(2, [.. spans.SelectMany(span => Field(2, span))]));

    public static byte[] Span(byte[] trace, byte span, byte? parent, string name, long start, long end, params (string Key, string Value)[] attributes) =>
    [
        .. Field(1, trace),
        .. Field(2, [0, 0, 0, 0, 0, 0, 0, span]),
        .. parent is { } p ? Field(4, [0, 0, 0, 0, 0, 0, 0, p]) : [],
        .. Field(5, Encoding.UTF8.GetBytes(name)),
        (7 << 3) | 1, .. BitConverter.GetBytes(start),
        (8 << 3) | 1, .. BitConverter.GetBytes(end),
        .. attributes.SelectMany(a => Field(9, [.. Field(1, Encoding.UTF8.GetBytes(a.Key)), .. Field(2, Field(1, Encoding.UTF8.GetBytes(a.Value)))])),
        .. Field(15, [(3 << 3) | 0, 1]),
    ];

    private static byte[] Field(int number, byte[] bytes) => [.. Varint((number << 3) | 2), .. Varint(bytes.Length), .. bytes];

    private static IEnumerable<byte> Varint(int value)
    {
        for (; value > 0x7F; value >>= 7)
            yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
