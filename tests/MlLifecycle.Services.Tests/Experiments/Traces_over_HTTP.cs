using System.Net;
using System.Net.Sockets;
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
        foreach (var key in (string[])["", "who?", "../x", new('k', 251)])
            await client.Refused(HttpMethod.Patch, $"{V3}/tr-1/tags", new { key, value = "x" }, 400, "INVALID_PARAMETER_VALUE");
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
        await client.RefusedPost("traces/link-to-run", new { run_id = run, trace_ids = new[] { new string('t', 51) } });
        await client.RefusedPost("traces/link-to-run", new { run_id = new string('0', 32), trace_ids = new[] { "tr-1" } }, "RESOURCE_DOES_NOT_EXIST", 404);
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
        (spans[1]!["trace_id"]!.GetValue<string>(), spans[1]!["attributes"]!["k"]!.GetValue<string>(), spans[0]!["parent_span_id"]).ShouldBe((Convert.ToBase64String(trace), "\"v\"", null));
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
    public async Task come_with_their_spans_as_OTLP_has_them()
    {
        var client = service.Empty();
        byte[] trace = [.. Enumerable.Range(33, 16).Select(i => (byte)i)];
        var id = "tr-" + Convert.ToHexStringLower(trace);
        byte[] list = OtlpBytes.List(OtlpBytes.Text("a"), OtlpBytes.Whole(1), OtlpBytes.Real(2.5), OtlpBytes.True, []);
        var span = OtlpBytes.Span(
            trace, 1, null, "ask", 1_760_000_000_123_456_789, 1_760_000_001_123_456_789,
            [("t", OtlpBytes.Text("x")), ("i", OtlpBytes.Whole(9_007_199_254_740_993)), ("f", OtlpBytes.Real(3)), ("l", list), ("m", OtlpBytes.Map(("k", list))), ("t", OtlpBytes.Text("twice"))],
            [.. OtlpBytes.Event("seen", 1_760_000_000_500_000_000, ("n", OtlpBytes.Whole(-1)))]);
        (await Spans(client, OtlpBytes.Request(span))).StatusCode.ShouldBe(HttpStatusCode.OK);
        const string Listed = """{"array_value":{"values":[{"string_value":"a"},{"int_value":1},{"double_value":2.5},{"bool_value":true},{}]}}""";
        var read = (await client.Get($"{V3}/batchGet?trace_ids={id}"))["traces"]![0]!["spans"]!.AsArray().ShouldHaveSingleItem()!;
        read["attributes"]!.AsArray().Select(a => (a!["key"]!.GetValue<string>(), a["value"]!.ToJsonString())).ShouldBe(
        [
            ("t", """{"string_value":"x"}"""), ("i", """{"int_value":9007199254740993}"""), ("f", """{"double_value":3.0}"""), ("l", Listed),
            ("m", """{"kvlist_value":{"values":[{"key":"k","value":""" + Listed + "}]}}"), ("t", """{"string_value":"twice"}"""),
        ]);
        read["events"]!.ToJsonString().ShouldBe("""[{"time_unix_nano":1760000000500000000,"name":"seen","attributes":[{"key":"n","value":{"int_value":-1}}]}]""");
        (read["trace_id"]!.GetValue<string>(), read["start_time_unix_nano"]!.GetValue<long>(), read["status"]!["code"]!.GetValue<string>()).ShouldBe((Convert.ToBase64String(trace), 1_760_000_000_123_456_789, "STATUS_CODE_OK"));
        (await client.Get($"{V3}/get?trace_id={id}&allow_partial=True"))["trace"]!["spans"]!.ToJsonString().ShouldBe(new JsonArray(read.DeepClone()).ToJsonString());
        await client.RefusedGet($"{V3}/get?trace_id=tr-none", "RESOURCE_DOES_NOT_EXIST", 404);
        await client.RefusedGet($"{V3}/get");
        (await client.Http.GetStringAsync(client.At($"get-trace-artifact?request_id={id}"))).ShouldContain("\"f\":\"3.0\"");
    }

    [Fact]
    public async Task that_cannot_be_read_leave_the_connection_whole()
    {
        var client = service.Empty();
        await using var instance = await service.OnAPort();
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, new Uri(instance.Urls.First()).Port);
        var head = $"HTTP/1.1\r\nHost: x\r\nAuthorization: {client.Http.DefaultRequestHeaders.Authorization}\r\n";
        await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST {client.At("/v1/traces")} {head}Content-Type: application/x-protobuf\r\nx-mlflow-experiment-id: 0\r\nContent-Length: 4\r\n\r\njunk"));
        await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {client.At("/version")} {head}Connection: close\r\n\r\n"));
        var answers = await new StreamReader(tcp.GetStream()).ReadToEndAsync();
        answers.ShouldStartWith("HTTP/1.1 400");
        answers.ShouldContain("HTTP/1.1 200");
        await Tracking.Refused(Spans(client, [1, 2, 3], "gzip"), 400, "INVALID_PARAMETER_VALUE");
    }

    private static Task<HttpResponseMessage> Spans(Tracking client, byte[] body, string? encoding = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, client.At("/v1/traces")) { Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/x-protobuf") } } };
        if (encoding is not null)
            request.Content.Headers.ContentEncoding.Add(encoding);
        request.Headers.Add("x-mlflow-experiment-id", "0");
        return client.Http.SendAsync(request);
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
