using System.Text.Json;
using System.Text.Json.Nodes;
using Marten;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.Experiments.Search;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;
using static MlLifecycle.ServiceDefaults.Decisions.Decision;

namespace MlLifecycle.Experiments.Traces;

internal sealed class LinkPromptsMessage
{
    public string? TraceId { get; init; }

    public IReadOnlyList<PromptVersionMessage>? PromptVersions { get; init; }
}

internal sealed class PromptVersionMessage
{
    public string? Name { get; init; }

    public string? Version { get; init; }
}

/// <summary>
/// Says which versions of prompts a trace used. They stand in a tag, as JSON: clients of 3.5 write that tag themselves, those of later releases ask
/// the server to.
/// </summary>
internal static class PromptLinks
{
    public const string Tag = "mlflow.linkedPrompts";

    public static Decision Link(Trace trace, IReadOnlyList<(string Name, string Version)> prompts)
    {
        var links = Read(trace.Tags.GetValueOrDefault(Tag));
        var news = prompts.Except(links).ToList();
        if (news.Count == 0)
            return Nothing;
        var text = Text(links.Concat(news));
        return Names.TooLong($"tags.{Tag}", text, Names.TagValue) is { } tooMany ? tooMany : Accept(new TraceTagSet(Tag, text));
    }

    public static async Task<IResult> Handle(Sent<LinkPromptsMessage> sent, Caller caller, IDocumentSession session, CancellationToken cancellation)
    {
        var message = sent.Message;
        if (string.IsNullOrEmpty(message.TraceId))
            return new Refused(Mlflow.Missing("trace_id"));
        if (message.PromptVersions is not { Count: > 0 } versions)
            return new Refused(Mlflow.Missing("prompt_versions"));
        for (var i = 0; i < versions.Count; i++)
        {
            if (string.IsNullOrEmpty(versions[i].Name))
                return new Refused(Mlflow.Missing($"prompt_versions[{i}].name"));
            if (string.IsNullOrEmpty(versions[i].Version))
                return new Refused(Mlflow.Missing($"prompt_versions[{i}].version"));
        }

        return await ChangeTraceSlice.Change(session, caller, message.TraceId, trace => Link(trace, [.. versions.Select(v => (v.Name!, v.Version!))]), cancellation);
    }

    /// <summary>The condition for the traces that used a version of a prompt, which is named as in <c>summary/3</c>.</summary>
    public static string Has(string prompt, Sql sql)
    {
        var at = prompt.IndexOf('/', StringComparison.Ordinal);
        return $"strpos(t.tags ->> '{Tag}', {sql.Add(Text([(prompt[..at], prompt[(at + 1)..])])[1..^1])}) > 0";
    }

    private static List<(string Name, string Version)> Read(string? tag)
    {
        try
        {
            return JsonNode.Parse(tag ?? "[]") is JsonArray links
                ? [.. links.OfType<JsonObject>().Select(link => (link["name"]?.ToString() ?? "", link["version"]?.ToString() ?? ""))]
                : [];
        }
        catch (JsonException)
        {
            return []; // somebody's own text: it gives way
        }
    }

    private static string Text(IEnumerable<(string Name, string Version)> links) =>
        SpacedJson.Of(JsonSerializer.SerializeToElement(links.Select(link => new { name = link.Name, version = link.Version })));
}
