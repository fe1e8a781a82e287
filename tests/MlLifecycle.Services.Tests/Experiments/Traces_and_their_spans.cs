using System.Net;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments;

/// <summary>A client sends the outline of a trace and its spans side by side, and either may be here first.</summary>
public sealed class Traces_and_their_spans(ExperimentsFixture service) : IClassFixture<ExperimentsFixture>
{
    private const string V3 = "/api/3.0/mlflow/traces";
    private const long Second = 1_000_000_000;
    private const long Start = 1_772_539_200 * Second; // 2026-03-03T12:00:00Z

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task say_the_same_whichever_came_first(bool spansFirst)
    {
        var client = service.Empty();
        var trace = Id(1);
        var root = OtlpBytes.Span(trace, 1, null, "ask", Start, Start + (2 * Second), [("mlflow.spanInputs", OtlpBytes.Map(("q", OtlpBytes.Text("why"))))], []);
        if (spansFirst)
            await Spans(client, root);
        var told = (await client.Post(V3, new
        {
            trace = new
            {
                trace_info = new
                {
                    trace_id = Name(trace),
                    trace_location = new { mlflow_experiment = new { experiment_id = "0" } },
                    request_time = "2026-03-03T12:00:00Z",
                    execution_duration = "2s",
                    state = "ERROR",
                    request_preview = "of my own",
                    tags = new Dictionary<string, string> { ["mlflow.traceName"] = "mine" },
                },
            },
        }))["trace"]!["trace_info"]!;
        told["tags"]!.AsObject().ContainsKey("mlflow.trace.spansLocation").ShouldBe(spansFirst, "otherwise the client leaves the spans in a file");
        if (!spansFirst)
            await Spans(client, root);
        var info = (await client.Get($"{V3}/{Name(trace)}"))["trace"]!["trace_info"]!;
        (info["request_preview"]!.GetValue<string>(), info["state"]!.GetValue<string>(), info["execution_duration"]!.GetValue<string>(), info["tags"]!["mlflow.traceName"]!.GetValue<string>())
            .ShouldBe(("of my own", "ERROR", "2.000s", "mine"));
        info["tags"]!["mlflow.trace.spansLocation"]!.GetValue<string>().ShouldBe("TRACKING_STORE");
    }

    [Fact]
    public async Task belong_to_the_trace_that_they_name()
    {
        var client = service.Empty();
        await Spans(client, OtlpBytes.Span(Id(90), 1, null, "asked", Start, Start + Second, ("mlflow.traceRequestId", "\"tr-of-my-own\"")), OtlpBytes.Span(Id(91), 1, null, "bare", Start, Start + Second, ("mlflow.traceRequestId", "")));
        (await client.Get($"{V3}/tr-of-my-own"))["trace"]!["trace_info"]!["tags"]!["mlflow.traceName"]!.GetValue<string>().ShouldBe("asked");
        (await client.Get($"{V3}/{Name(Id(91))}"))["trace"]!["trace_info"]!["tags"]!["mlflow.traceName"]!.GetValue<string>().ShouldBe("bare");
        await client.RefusedGet($"{V3}/{Name(Id(90))}", "RESOURCE_DOES_NOT_EXIST", 404);
    }

    [Fact]
    public async Task last_as_long_as_all_of_them()
    {
        var client = service.Empty();
        var trace = Id(2);
        await Spans(client, OtlpBytes.Span(trace, 2, 1, "before", Start - Second, Start + Second));
        (await Info(client, trace))["state"]!.GetValue<string>().ShouldBe("IN_PROGRESS");
        await Spans(client, OtlpBytes.Span(trace, 1, null, "root", Start, Start + (3 * Second), [("mlflow.spanOutputs", OtlpBytes.List(OtlpBytes.Text("ä"), OtlpBytes.Real(2)))], []));
        await Spans(client, OtlpBytes.Span(trace, 3, 1, "after", Start, Start + (5 * Second)));
        var info = await Info(client, trace);
        (info["request_time"]!.GetValue<string>(), info["execution_duration"]!.GetValue<string>(), info["state"]!.GetValue<string>(), info["response_preview"]!.GetValue<string>())
            .ShouldBe(("2026-03-03T11:59:59.000Z", "6.000s", "OK", """["ä", 2.0]"""));
        var read = await client.Get($"{V3}/batchGet?trace_ids={Name(trace)}");
        read["traces"]![0]!["spans"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()).ShouldBe(["root", "before", "after"], "the root first");
    }

    [Fact]
    public async Task are_read_in_the_order_asked_for()
    {
        var client = service.Empty();
        foreach (var number in (byte[])[5, 6, 7])
            await Spans(client, OtlpBytes.Span(Id(number), 1, null, "s", Start, Start + Second));
        var asked = ((byte[])[6, 7, 5]).Select(number => Name(Id(number))).ToList();
        var read = await client.Get($"{V3}/batchGet?{string.Join('&', asked.Select(id => $"trace_ids={id}"))}");
        read["traces"]!.AsArray().Select(t => t!["trace_info"]!["trace_id"]!.GetValue<string>()).ShouldBe(asked);
    }

    [Fact]
    public async Task are_whole_when_all_spans_are_here()
    {
        var client = service.Empty();
        var (part, whole) = (Id(8), Id(9));
        foreach (var trace in (byte[][])[part, whole])
        {
            await Spans(client, OtlpBytes.Span(trace, 1, null, "s", Start, 0));
            (await Info(client, trace)).AsObject().ContainsKey("execution_duration").ShouldBeFalse("it has not ended");
            await client.Post(V3, new
            {
                trace = new
                {
                    trace_info = new
                    {
                        trace_id = Name(trace),
                        trace_location = new { mlflow_experiment = new { experiment_id = "0" } },
                        state = "OK",
                        trace_metadata = new Dictionary<string, string> { ["mlflow.trace.sizeStats"] = trace == part ? """{"total_size_bytes": 9, "num_spans": 2}""" : """{"num_spans": 1}""" },
                    },
                },
            });
        }

        var read = await client.Get($"{V3}/batchGet?trace_ids={Name(part)}&trace_ids={Name(whole)}");
        read["traces"]!.AsArray().ShouldHaveSingleItem()!["trace_info"]!["trace_id"]!.GetValue<string>().ShouldBe(Name(whole));
        (await client.RefusedGet($"{V3}/get?trace_id={Name(part)}", "RESOURCE_DOES_NOT_EXIST", 404)).ShouldContain("not fully exported yet");
        (await client.Get($"{V3}/get?trace_id={Name(part)}&allow_partial=true"))["trace"]!["spans"]!.AsArray().Count.ShouldBe(1);
        (await client.Get($"{V3}/get?trace_id={Name(whole)}"))["trace"]!["spans"]!.AsArray().Count.ShouldBe(1);
        await Spans(client, OtlpBytes.Span(part, 2, 1, "t", Start, Start + Second));
        (await client.Get($"{V3}/get?trace_id={Name(part)}"))["trace"]!["spans"]!.AsArray().Count.ShouldBe(2);
    }

    /// <summary>As a client wrote them to a file: it reads both in one way.</summary>
    [Fact]
    public async Task come_as_a_file_with_their_attributes_as_JSON_in_texts()
    {
        var client = service.Empty();
        var trace = Id(3);
        await Spans(client, OtlpBytes.Span(
            trace, 1, null, "ask", Start, Start + Second,
            [("mlflow.spanType", OtlpBytes.Text("LLM")), ("i", OtlpBytes.Whole(7)), ("f", OtlpBytes.Real(7)), ("m", OtlpBytes.Map(("q", OtlpBytes.Text("say \"ä\"")), ("l", OtlpBytes.List(OtlpBytes.True, []))))],
            OtlpBytes.Event("seen", Start, ("n", OtlpBytes.Whole(1)))));
        foreach (var path in (string[])[$"/api/2.0/mlflow/get-trace-artifact", "/ajax-api/2.0/mlflow/get-trace-artifact", "/ajax-api/3.0/mlflow/get-trace-artifact"])
        {
            var span = (await client.Get($"{path}?request_id={Name(trace)}"))["spans"]!.AsArray().ShouldHaveSingleItem()!;
            span["attributes"]!.AsObject().Select(a => (a.Key, a.Value!.GetValue<string>())).ShouldBe(
                [("mlflow.traceRequestId", $"\"{Name(trace)}\""), ("mlflow.spanType", "\"LLM\""), ("i", "7"), ("f", "7.0"), ("m", """{"q": "say \"ä\"", "l": [true, null]}""")]);
            span["events"]![0]!["attributes"]!.ToJsonString().ShouldBe("""{"n":1}""");
            span["status"]!["code"]!.GetValue<string>().ShouldBe("STATUS_CODE_OK");
        }

        (await client.Post($"{V3}/search", new { experiment_ids = new[] { "0" }, filter = "span.type = 'LLM' AND trace.text LIKE '%say%' AND span.attributes.i = '7' AND span.attributes.`mlflow.spanType` = 'LLM'" }))["traces"]!.AsArray().Count.ShouldBe(1);
    }

    private static byte[] Id(byte number) => [.. Enumerable.Repeat(number, 16)];

    private static string Name(byte[] trace) => "tr-" + Convert.ToHexStringLower(trace);

    private static async Task<JsonNode> Info(Tracking client, byte[] trace) => (await client.Get($"{V3}/{Name(trace)}"))["trace"]!["trace_info"]!;

    private static async Task Spans(Tracking client, params byte[][] spans)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, client.At("/v1/traces")) { Content = new ByteArrayContent(OtlpBytes.Request(spans)) { Headers = { ContentType = new("application/x-protobuf") } } };
        request.Headers.Add("x-mlflow-experiment-id", "0");
        (await client.Http.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
