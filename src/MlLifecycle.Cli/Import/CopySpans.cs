using System.Text.Json;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>What became of a trace's spans.</summary>
internal enum SpansCopied
{
    /// <summary>They could not be copied, and the report says why.</summary>
    Not,

    /// <summary>They are where they were: in the store, or in a file that is found as before; or there are none.</summary>
    Whole,

    /// <summary>They are in a file, and were in the store.</summary>
    InFile,
}

/// <summary>Copies a trace's spans: from store to store, else as the file that MLflow's clients make of them.</summary>
internal sealed class CopySpans(MlflowServer source, MlflowServer target, ImportReport report)
{
    /// <summary>A trace with more is copied as a file, as it streams in.</summary>
    private const int InMemory = 8 * 1024 * 1024;

    public async Task<SpansCopied> Of(TraceInfo trace, Place place, string root, CancellationToken stop)
    {
        try
        {
            if (trace.Stored && await ToStore(trace, place, stop))
                return SpansCopied.Whole;
            if (FileTree.Place(target, $"{root}/traces/{trace.Id}/artifacts", "traces.json") is not { } file)
            {
                report.Failed("spans of a trace", trace.Id, $"The project keeps the artifacts of this experiment elsewhere: {root}.");
                return SpansCopied.Not;
            }

            await CopyArtifacts.Stream(() => source.Server.Open(From(trace), stop), null, target.Server, file, stop);
            report.Copied("traces with spans");
            return trace.Stored ? SpansCopied.InFile : SpansCopied.Whole;
        }
        catch (RefusedException none) when (none.Unknown)
        {
            // The outline is all that there is.
            return SpansCopied.Whole;
        }
        catch (CommandException failed) when (failed.ExitCode != ExitCode.NotAllowed)
        {
            report.Failed("spans of a trace", trace.Id, failed.Message);
            return SpansCopied.Not;
        }
    }

    // False when only a file can hold them.
    private async Task<bool> ToStore(TraceInfo trace, Place place, CancellationToken stop)
    {
        byte[] request;
        try
        {
            if (await source.Server.Small(From(trace), InMemory, stop) is not { } json || JsonNode.Parse(json) is not JsonObject { } data || data["spans"] is not JsonArray { Count: > 0 })
                return false;
            request = Otlp.Write([.. data.Items("spans")], trace.Id);
        }
        catch (Exception other) when (other is JsonException or FormatException or OverflowException or InvalidOperationException or ArgumentException)
        {
            // As older clients write them: the file says what OTLP cannot.
            return false;
        }

        try
        {
            await target.Server.PostBytes($"{target.Root}v1/traces", request, "application/x-protobuf", ("x-mlflow-experiment-id", place.Id), stop);
        }
        catch (RefusedException refused) when (refused.ExitCode == ExitCode.Failed)
        {
            return false;
        }

        report.Copied("traces with spans");
        return true;
    }

    private string From(TraceInfo trace) => $"{source.Root}ajax-api/2.0/mlflow/get-trace-artifact?request_id={Uri.EscapeDataString(trace.Id)}";
}
