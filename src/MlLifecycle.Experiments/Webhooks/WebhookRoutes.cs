using System.Text.Json;
using MlLifecycle.Experiments.Protocol;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;
using MlLifecycle.ServiceDefaults.Trust;

namespace MlLifecycle.Experiments.Webhooks;

internal sealed class WebhookMessage
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public string? Url { get; init; }

    public string? Secret { get; init; }

    public string? Status { get; init; }

    public IReadOnlyList<WebhookEventMessage>? Events { get; init; }

    public WebhookEventMessage? Event { get; init; }

    public long? MaxResults { get; init; }

    public string? PageToken { get; init; }
}

/// <summary>MLflow's webhooks over HTTP. They send facts out of the suite: maintainers decide on them.</summary>
internal static class WebhookRoutes
{
    private const int Most = 1000;

    public static void MapWebhooks(this RouteGroupBuilder api)
    {
        api.MapPost("/webhooks", Create).Requires(Role.Maintainer);
        api.MapGet("/webhooks", List).Requires(Role.Viewer);
        api.MapGet("/webhooks/{id}", Get).Requires(Role.Viewer);
        api.MapPatch("/webhooks/{id}", Change).Requires(Role.Maintainer);
        api.MapDelete("/webhooks/{id}", Delete).Requires(Role.Maintainer);
        api.MapPost("/webhooks/{id}/test", Test).Requires(Role.Maintainer);
    }

    private static async Task<IResult> Create(Sent<WebhookMessage> sent, Caller caller, WebhookStore store, TimeProvider clock, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        var message = sent.Message;
        if ((string.IsNullOrEmpty(message.Name) ? Mlflow.Missing("name")
            : string.IsNullOrEmpty(message.Url) ? Mlflow.Missing("url")
            : message.Events is not { Count: > 0 } ? Mlflow.Missing("events") : null) is { } missing)
            return new Refused(missing);
        return await Save(new(caller.NewId("webhook"), "", "", "", [], true, now, now), message, caller, store, now, cancellation);
    }

    private static async Task<IResult> Change(string id, Sent<WebhookMessage> sent, Caller caller, WebhookStore store, TimeProvider clock, CancellationToken cancellation) =>
        await Find(id, caller, store, cancellation) is { } webhook
            ? await Save(webhook, sent.Message, caller, store, clock.GetUtcNow().ToUnixTimeMilliseconds(), cancellation)
            : new Refused(Unknown(id));

    private static async Task<IResult> Get(string id, Caller caller, WebhookStore store, CancellationToken cancellation) =>
        await Find(id, caller, store, cancellation) is { } webhook ? Answer.Of(new { Webhook = webhook.Message }) : new Refused(Unknown(id));

    private static async Task<IResult> List(Sent<WebhookMessage> sent, Caller caller, WebhookStore store, CancellationToken cancellation)
    {
        var limit = sent.Message.MaxResults is null or 0 ? 100 : sent.Message.MaxResults.Value;
        if (limit is < 1 or > Most)
            return new Refused(Mlflow.Invalid($"max_results must be between 1 and {Most}."));
        var search = PageToken.Fingerprint("webhooks");
        if (PageToken.Decode(sent.Message.PageToken, search, _ => 2, out var token) is { } bad)
            return new Refused(bad);
        (long, Guid)? before = null;
        if (token is not null)
        {
            if (token.After[0].ValueKind != JsonValueKind.Number || !token.After[0].TryGetInt64(out var created) || token.After[1].ValueKind != JsonValueKind.String || !token.After[1].TryGetGuid(out var last))
                return new Refused(Mlflow.Invalid("Invalid page token."));
            before = (created, last);
        }

        var found = await store.List(caller.ProjectId, before, limit + 1, cancellation);
        return Answer.Of(new
        {
            Webhooks = Answer.OrNone([.. found.Take((int)limit).Select(w => w.Message)]),
            next_page_token = found.Count > limit && found[(int)limit - 1] is var end
                ? new PageToken(search, 0, [JsonSerializer.SerializeToElement(end.Created), JsonSerializer.SerializeToElement(end.Id)]).Encode()
                : null,
        });
    }

    private static async Task<IResult> Delete(string id, Caller caller, WebhookStore store, CancellationToken cancellation) =>
        Guid.TryParseExact(id, "N", out var webhook) && await store.Delete(caller.ProjectId, webhook, cancellation) ? Answer.Empty : new Refused(Unknown(id));

    private static async Task<IResult> Test(
        string id, Sent<WebhookMessage> sent, Caller caller, WebhookStore store, WebhookSender sender, TimeProvider clock, CancellationToken cancellation)
    {
        if (await Find(id, caller, store, cancellation) is not { } webhook)
            return new Refused(Unknown(id));
        var name = webhook.Events[0];
        if (sent.Message.Event is not null && WebhookEvents.Name("event", sent.Message.Event, out name) is { } bad)
            return new Refused(bad);
        var result = await sender.Send(webhook.Id, webhook.Url, Guid.CreateVersion7(), WebhookSender.Payload(name, WebhookEvents.Example(name), clock.GetUtcNow()), cancellation);
        // An answer speaks for itself; the message is for when there is none.
        return Answer.Of(new
        {
            Result = new
            {
                result.Success,
                response_status = result.Status,
                response_body = result.Body,
                error_message = result.Status is null ? $"Failed to test webhook: {result.Problem}" : null,
            },
        });
    }

    private static async Task<IResult> Save(Webhook webhook, WebhookMessage message, Caller caller, WebhookStore store, long now, CancellationToken cancellation)
    {
        if ((Names.CheckWebhookName(message.Name) ?? Names.TooLong("description", message.Description, 1000) ?? Names.TooLong("secret", message.Secret, 1000) ?? CheckUrl(message.Url)) is { } bad)
            return new Refused(bad);
        if (message.Status is not (null or "" or "ACTIVE" or "DISABLED"))
            return new Refused(Mlflow.InvalidValue("status", message.Status, "One of ACTIVE, DISABLED is expected."));
        var events = new List<string>();
        for (var i = 0; i < message.Events?.Count; i++)
        {
            if (WebhookEvents.Name($"events[{i}]", message.Events[i], out var name) is { } badEvent)
                return new Refused(badEvent);
            events.Add(name);
        }

        var saved = webhook with
        {
            Name = message.Name is { Length: > 0 } ? message.Name : webhook.Name,
            Description = message.Description ?? webhook.Description,
            Url = message.Url is { Length: > 0 } ? message.Url : webhook.Url,
            Events = events.Count > 0 ? [.. events.Distinct()] : webhook.Events,
            Active = message.Status is { Length: > 0 } ? message.Status == "ACTIVE" : webhook.Active,
            Updated = now,
        };
        await store.Save(caller.ProjectId, saved, message.Secret is { Length: > 0 } secret ? secret : null, cancellation);
        return Answer.Of(new { Webhook = saved.Message });
    }

    private static Refusal? CheckUrl(string? url)
    {
        if (string.IsNullOrEmpty(url))
            return null;
        if (string.IsNullOrWhiteSpace(url))
            return Mlflow.Invalid("Webhook URL cannot be empty or just whitespace.");
        if (url.Length > 500 || !Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0)
            return Mlflow.Invalid($"Invalid webhook URL: {Mlflow.Quoted(url)}. It must be an http or https address of at most 500 characters, without a password in it.");
        return uri.Scheme is "http" or "https" ? null : Mlflow.Invalid($"Invalid webhook URL scheme: '{uri.Scheme}'. It must be http or https.");
    }

    private static async Task<Webhook?> Find(string id, Caller caller, WebhookStore store, CancellationToken cancellation) =>
        Guid.TryParseExact(id, "N", out var webhook) ? await store.Find(caller.ProjectId, webhook, cancellation) : null;

    private static Refusal Unknown(string id) => Mlflow.Unknown($"Webhook with ID {Names.Cut(id, 64)} not found.");
}
