using System.Security.Cryptography;
using System.Text;
using Marten;
using MlLifecycle.Experiments.Artifacts;
using Npgsql;

namespace MlLifecycle.Experiments.Webhooks;

internal sealed record Webhook(Guid Id, string Name, string Description, string Url, string[] Events, bool Active, long Created, long Updated)
{
    public object Message => new
    {
        webhook_id = Id.ToString("N"),
        Name,
        Description,
        Url,
        Events = Events.Select(e => new { Entity = e.Split('.')[0], Action = e.Split('.')[1] }),
        Status = Active ? "ACTIVE" : "DISABLED",
        creation_timestamp = Created,
        last_updated_timestamp = Updated,
    };
}

/// <summary>
/// Webhooks and what is to be delivered to them: a delivery is noted in the commit of its fact, so that none is lost or invented. Secrets lie encrypted
/// with a key that is in this service's directory, not in the database.
/// </summary>
internal sealed class WebhookStore(NpgsqlDataSource source, IConfiguration configuration)
{
    private const string Columns = "id, name, description, url, events, active, created_ms, updated_ms";

    private readonly Lazy<byte[]> _key = new(() => KeyFile.Read(Path.Combine(ArtifactStore.RootOf(configuration), "webhooks.key")));

    /// <summary>Notes deliveries to the webhooks of a project that listen to an event, in the commit of the fact behind it.</summary>
    public static void Enqueue(IDocumentSession session, Guid project, string name, object data, long now)
    {
        var payload = WebhookSender.Payload(name, data, DateTimeOffset.FromUnixTimeMilliseconds(now));
        session.QueueSqlCommand(
            """
            INSERT INTO tracking.deliveries (webhook, payload, due)
            SELECT id, ?, now() FROM tracking.webhooks WHERE project = ? AND active AND ? = ANY(events)
            """,
            payload, project, name);
    }

    public async Task<Webhook?> Find(Guid project, Guid id, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand($"SELECT {Columns} FROM tracking.webhooks WHERE project = $1 AND id = $2");
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = id });
        return await All(command, cancellation) is [var webhook] ? webhook : null;
    }

    /// <summary>A project's webhooks, the newest first.</summary>
    public async Task<IReadOnlyList<Webhook>> List(Guid project, (long Created, Guid Id)? before, long limit, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            $"SELECT {Columns} FROM tracking.webhooks WHERE project = $1 AND (created_ms, id) < ($2, $3) ORDER BY created_ms DESC, id DESC LIMIT $4");
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = before?.Created ?? long.MaxValue });
        command.Parameters.Add(new() { Value = before?.Id ?? Guid.Empty });
        command.Parameters.Add(new() { Value = limit });
        return await All(command, cancellation);
    }

    /// <summary>Stores a webhook; a secret that is null stays as it is.</summary>
    public async Task Save(Guid project, Webhook webhook, string? secret, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            $"""
             INSERT INTO tracking.webhooks ({Columns}, project, secret) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, url = excluded.url, events = excluded.events,
                 active = excluded.active, updated_ms = excluded.updated_ms, secret = coalesce(excluded.secret, webhooks.secret)
             """);
        foreach (var value in (object[])[webhook.Id, webhook.Name, webhook.Description, webhook.Url, webhook.Events, webhook.Active, webhook.Created, webhook.Updated, project, secret is null ? DBNull.Value : Seal(secret, webhook.Id)])
            command.Parameters.Add(value is DBNull ? new() { Value = value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea } : new() { Value = value });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public async Task<bool> Delete(Guid project, Guid id, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand("DELETE FROM tracking.webhooks WHERE project = $1 AND id = $2");
        command.Parameters.Add(new() { Value = project });
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteNonQueryAsync(cancellation) > 0;
    }

    public async Task<string?> Secret(Guid id, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand("SELECT secret FROM tracking.webhooks WHERE id = $1");
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteScalarAsync(cancellation) is byte[] sealedSecret ? Open(sealedSecret, id) : null;
    }

    private static async Task<List<Webhook>> All(NpgsqlCommand command, CancellationToken cancellation)
    {
        var webhooks = new List<Webhook>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            webhooks.Add(new(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<string[]>(4), reader.GetBoolean(5), reader.GetInt64(6), reader.GetInt64(7)));
        return webhooks;
    }

    private byte[] Seal(string secret, Guid id)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var whole = new byte[12 + 16 + plain.Length];
        RandomNumberGenerator.Fill(whole.AsSpan(0, 12));
        using var aes = new AesGcm(_key.Value, 16);
        aes.Encrypt(whole.AsSpan(0, 12), plain, whole.AsSpan(28), whole.AsSpan(12, 16), id.ToByteArray());
        return whole;
    }

    private string Open(byte[] whole, Guid id)
    {
        var plain = new byte[whole.Length - 28];
        using var aes = new AesGcm(_key.Value, 16);
        aes.Decrypt(whole.AsSpan(0, 12), whole.AsSpan(28), whole.AsSpan(12, 16), plain, id.ToByteArray());
        return Encoding.UTF8.GetString(plain);
    }
}
