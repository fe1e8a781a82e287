using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace MlLifecycle.Cli;

/// <summary>
/// The traces of a server of MLflow 2.14 to 2.22, as its handlers answer: outlines in the form that MLflow now calls TraceInfoV2, each trace's data as
/// one file, and of MLflow 3's paths none, which is a page of HTML.
/// </summary>
internal sealed class ElderTraces(string experiment)
{
    private static readonly string[] Orders = ["timestamp_ms", "timestamp", "execution_time_ms", "status", "request_id", "experiment_id"];
    private int _pages;

    public List<Elder> All { get; } = [];

    /// <summary>How many pages of them were asked for.</summary>
    public int Pages => _pages;

    /// <summary>A trace.</summary>
    /// <param name="Id">Such a server gives 32 hexadecimal digits, without anything before them.</param>
    public sealed record Elder(string Id, long Timestamp)
    {
        /// <summary>A trace that goes on has 0: protobuf's setters take no null.</summary>
        public long ExecutionTime { get; set; }

        public string Status { get; set; } = "OK";

        public Dictionary<string, string> Metadata { get; } = [];

        public Dictionary<string, string> Tags { get; } = [];

        /// <summary>Null while there is none.</summary>
        public string? Data { get; set; }
    }

    /// <summary>Answers what is asked about traces, and what only MLflow 3 has.</summary>
    public bool Answer(HttpListenerContext context)
    {
        var (path, query) = (context.Request.Url!.AbsolutePath, context.Request.QueryString);
        if (path.Contains("api/3.0/", StringComparison.Ordinal) || path.Contains("/logged-models", StringComparison.Ordinal) || path.Contains("/webhooks", StringComparison.Ordinal))
            return TroubledLine.Answer(context, 404, body: "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>", type: "text/html; charset=utf-8");
        if (path.EndsWith("/ajax-api/2.0/mlflow/get-trace-artifact", StringComparison.Ordinal))
        {
            var id = query["request_id"];
            return All.Find(t => t.Id == id) is not { } trace ? Refuse(context, 404, "RESOURCE_DOES_NOT_EXIST", $"Trace with request_id '{id}' not found.")
                : trace.Data is null ? Refuse(context, 404, "NOT_FOUND", $"Trace data not found for request_id={id}")
                : TroubledLine.Answer(context, 200, body: trace.Data, type: "application/octet-stream");
        }

        if (!path.EndsWith("/api/2.0/mlflow/traces", StringComparison.Ordinal) || context.Request.HttpMethod != "GET")
            return false;
        var order = (query.GetValues("order_by") ?? []).Select(o => o.Split(' ')).ToList();
        var most = int.Parse(query["max_results"] ?? "100", CultureInfo.InvariantCulture);
        if (most > 500 || order.Exists(o => !Orders.Contains(o[0])))
            return Refuse(context, 400, "INVALID_PARAMETER_VALUE", "Invalid value for parameter 'max_results' or 'order_by' supplied.");
        var asked = query.GetValues("experiment_ids") ?? [];
        if (asked.Contains(experiment))
            Interlocked.Increment(ref _pages);
        // Newest first unless it is asked otherwise.
        var ascending = order is [[_, "ASC"]];
        var all = (asked.Contains(experiment) ? All : []).OrderBy(t => ascending ? t.Timestamp : -t.Timestamp).ToList();
        var from = query["page_token"] is { } token ? int.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(token)), CultureInfo.InvariantCulture) : 0;
        // Protobuf's JSON leaves out lists that are empty.
        var answer = new JsonObject();
        if (all.Count > from)
            answer["traces"] = new JsonArray([.. all.Skip(from).Take(most).Select(Outline)]);
        if (all.Count > from + most)
            answer["next_page_token"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{from + most}"));
        return TroubledLine.Answer(context, 200, body: answer.ToJsonString(), type: "application/json");
    }

    private JsonNode Outline(Elder trace)
    {
        var outline = new JsonObject
        {
            ["request_id"] = trace.Id,
            ["experiment_id"] = experiment,
            ["timestamp_ms"] = trace.Timestamp,
            ["execution_time_ms"] = trace.ExecutionTime,
            ["status"] = trace.Status,
        };
        foreach (var (name, entries) in (IEnumerable<(string, Dictionary<string, string>)>)[("request_metadata", trace.Metadata), ("tags", trace.Tags)])
        {
            if (entries.Count > 0)
                outline[name] = new JsonArray([.. entries.Select(entry => new JsonObject { ["key"] = entry.Key, ["value"] = entry.Value })]);
        }

        return outline;
    }

    private static bool Refuse(HttpListenerContext context, int status, string code, string message) =>
        TroubledLine.Answer(context, status, body: new JsonObject { ["error_code"] = code, ["message"] = message }.ToJsonString(), type: "application/json");
}
