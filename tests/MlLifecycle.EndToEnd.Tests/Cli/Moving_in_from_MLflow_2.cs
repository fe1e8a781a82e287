using System.Globalization;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle.Cli;

/// <summary>A server of MLflow 2 has traces in a form of its own, and nothing of what MLflow 3 added.</summary>
public sealed class Moving_in_from_MLflow_2(Suite suite) : IAsyncLifetime
{
    private const int Many = 130;
    private readonly string _directory = Directory.CreateTempSubdirectory("mll-elder-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task brings_its_traces_under_their_ids_and_later_what_changed_of_them()
    {
        await suite.Started();
        using var client = suite.Client();
        var from = await Tracking.New(client, "elder-from");
        var to = await Tracking.New(client, "elder-to");
        var experiment = await from.Experiment("chat");
        var run = await from.Run(experiment, "evaluated", Source.Start);
        await from.End(run, "FINISHED", Source.Start + 1);
        var traces = Filled(experiment, run);
        await using var line = new TroubledLine(suite.Address) { Trouble = traces.Answer };

        var first = await Import(line, "elder-from", "elder-to");
        first.Exit.ShouldBe(0, first.Output + first.Errors);
        Copied(first, "traces").ShouldBe(Many);
        Copied(first, "traces with spans").ShouldBe(traces.All.Count(t => t.Data is not null));
        traces.Pages.ShouldBe(2);
        await Same(traces, to, run);

        var again = await Import(line, "elder-from", "elder-to");
        again.Exit.ShouldBe(0, again.Output + again.Errors);
        Copied(again, "traces").ShouldBe(0);
        Copied(again, "traces with spans").ShouldBe(0);

        // One ends and leaves its data, and one is tagged anew.
        var ended = traces.All.Last(t => t.Status == "IN_PROGRESS");
        (ended.Status, ended.ExecutionTime, ended.Data) = ("ERROR", 59_999, Data(ended.Id));
        traces.All[17].Tags["reviewed"] = "ja, größtenteils";
        var later = await Import(line, "elder-from", "elder-to");
        later.Exit.ShouldBe(0, later.Output + later.Errors);
        Copied(later, "traces").ShouldBe(2);
        Copied(later, "traces with spans").ShouldBe(1);
        await Same(traces, to, run);
    }

    [Fact]
    public async Task says_of_which_trace_the_run_is_gone()
    {
        await suite.Started();
        using var client = suite.Client();
        var from = await Tracking.New(client, "elder-gone-from");
        var to = await Tracking.New(client, "elder-gone-to");
        var lost = new ElderTraces.Elder(Id(1), Source.Start) { ExecutionTime = 7, Data = Data(Id(1)) };
        lost.Metadata["mlflow.sourceRun"] = Id(2);
        var traces = new ElderTraces("0") { All = { lost } };
        await using var line = new TroubledLine(suite.Address) { Trouble = traces.Answer };
        var import = await Import(line, "elder-gone-from", "elder-gone-to");
        import.Exit.ShouldBe(6, import.Errors);
        var missing = import.Json["notCopied"]!.AsArray().ShouldHaveSingleItem()!;
        (Tracking.Text(missing, "kind"), Tracking.Text(missing, "what")).ShouldBe(("run of a trace", lost.Id));
        (await to.Spans(lost.Id)).ShouldBe(lost.Data);
    }

    private static ElderTraces Filled(string experiment, string run)
    {
        var traces = new ElderTraces(experiment);
        for (var i = 0; i < Many; i++)
        {
            // Not in the order of their times, several at one, and some that took no time or hours.
            var trace = new ElderTraces.Elder(Id(i), Source.Start + (i * 7919 % Many / 2)) { ExecutionTime = i % 5 == 0 ? 0 : i * 100_003L };
            trace.Status = (i % 10) switch { 5 => "IN_PROGRESS", 6 => "ERROR", 7 => "TRACE_STATUS_UNSPECIFIED", _ => "OK" };
            if (i % 11 != 0)
            {
                trace.Metadata["mlflow.trace_schema.version"] = "2";
                trace.Metadata["mlflow.traceInputs"] = $$"""{"frage": "Wie groß ist {{i}}?"}""";
                trace.Metadata["mlflow.sourceRun"] = run;
                trace.Tags["mlflow.traceName"] = "predict";
                trace.Tags["mlflow.artifactLocation"] = $"s3://bucket/{experiment}/traces/{trace.Id}/artifacts";
                trace.Tags["empty"] = "";
            }

            if (trace.Status != "IN_PROGRESS" && i % 9 != 0)
                trace.Data = Data(trace.Id);
            traces.All.Add(trace);
        }

        return traces;
    }

    private static async Task Same(ElderTraces traces, Tracking to, string run)
    {
        var experiment = Tracking.Text((await to.Experiments()).Single(e => Tracking.Text(e, "name") == "chat"), "experiment_id");
        var copyOfRun = Tracking.Text((await to.Runs(experiment)).Single()["info"]!, "run_id");
        copyOfRun.ShouldNotBe(run);
        var found = (await to.Post("../../3.0/mlflow/traces/search", new { experiment_ids = new[] { experiment }, max_results = 500 }))["traces"]!.AsArray().ToDictionary(t => Tracking.Text(t!, "trace_id"));
        found.Keys.Order().ShouldBe(traces.All.Select(t => t.Id).Order());
        foreach (var trace in traces.All)
        {
            var copy = found[trace.Id]!;
            DateTimeOffset.Parse(Tracking.Text(copy, "request_time"), CultureInfo.InvariantCulture).ToUnixTimeMilliseconds().ShouldBe(trace.Timestamp);
            decimal.Parse(Tracking.Text(copy, "execution_duration").TrimEnd('s'), CultureInfo.InvariantCulture).ShouldBe(trace.ExecutionTime / 1000m);
            copy["state"]?.ToString().ShouldBe(trace.Status == "TRACE_STATUS_UNSPECIFIED" ? "STATE_UNSPECIFIED" : trace.Status);
            Entries(copy["trace_metadata"]).ShouldBe(Entries(trace.Metadata).Select(entry => entry.Replace(run, copyOfRun, StringComparison.Ordinal)));
            Entries(copy["tags"]).Where(NotItsPlace).ShouldBe(Entries(trace.Tags).Where(NotItsPlace));
            Tracking.Text(copy["tags"]!, "mlflow.artifactLocation").ShouldStartWith("mlflow-artifacts:/");
            (await to.Spans(trace.Id)).ShouldBe(trace.Data ?? "");
        }
    }

    private static IEnumerable<string> Entries(IEnumerable<KeyValuePair<string, string>> entries) => entries.Select(e => $"{e.Key}={e.Value}").Order(StringComparer.Ordinal);

    private static IEnumerable<string> Entries(JsonNode? entries) => Entries((entries as JsonObject ?? []).ToDictionary(e => e.Key, e => e.Value!.ToString()));

    private static bool NotItsPlace(string entry) => !entry.StartsWith("mlflow.artifactLocation=", StringComparison.Ordinal);

    private static string Id(int number) => $"{0xfeedUL:x16}{number:x16}";

    // As MLflow 2's client writes it: ids in hexadecimal, in a context, and beside the spans what was asked and answered.
    private static string Data(string id) => $$"""
        {"spans": [{"name": "predict", "context": {"span_id": "0x00000000000000a1", "trace_id": "0x{{id}}"}, "parent_id": null, "start_time": 1700000000250000000, "end_time": 1700000001750000000,
        "status_code": "OK", "status_message": "", "attributes": {"mlflow.traceRequestId": "\"{{id}}\"", "mlflow.spanInputs": "{\"frage\": \"Wie groß?\"}"}, "events": []}], "request": "{\"frage\": \"Wie groß?\"}", "response": "\"So.\""}
        """;

    private async Task<Mll.Ended> Import(TroubledLine line, string from, string to) => await Mll.Run(
        suite, to, "import", "mlflow", $"{line.Address}mlflow/{from}", "--journal", Path.Combine(_directory, $"{to}.journal"), "--json");

    private static long Copied(Mll.Ended import, string what) => import.Json["copied"]![what]?.GetValue<long>() ?? 0;
}
