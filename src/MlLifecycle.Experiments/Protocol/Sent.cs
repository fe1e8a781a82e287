using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Http;

namespace MlLifecycle.Experiments.Protocol;

/// <summary>
/// A request message of MLflow's protocol, as its clients send it: query parameters on GET, a JSON body on everything else. Fields the message
/// does not have are ignored; values of a wrong type are refused with the field's name.
/// </summary>
/// <typeparam name="T">The message: properties only, all optional.</typeparam>
/// <param name="Message">The message.</param>
/// <param name="Refusal">Why the request is no such message; null when it is.</param>
internal sealed record Sent<T>(T Message, Refusal? Refusal = null) : ISent
    where T : class, new()
{
    /// <summary>Binds the message for a route handler.</summary>
    /// <param name="context">The request.</param>
    public static async ValueTask<Sent<T>?> BindAsync(HttpContext context)
    {
        var request = context.Request;
        if ((HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) && request.Query.Count > 0)
            return Read(() => FromQuery(request.Query), () => InQuery(request.Query));

        if (HttpMethods.IsPost(request.Method) && !IsJson(request.ContentType))
            return new(new T(), Mlflow.Invalid(request.ContentType is { } other
                ? $"Bad Request. Content-Type must be one of ['application/json']. It is {Mlflow.Quoted(other)}."
                : "Bad Request. Content-Type header is missing. It must be application/json."));
        var body = request.BodyReader;
        while (true)
        {
            ReadResult read;
            try
            {
                read = await body.ReadAsync(context.RequestAborted);
            }
            catch (InvalidDataException garbled)
            {
                return new(new T(), Sent.Garbled(garbled));
            }

            if (!read.IsCompleted)
            {
                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var sent = Read(() => FromBody(read.Buffer), () => JsonNode.Parse(Sent.WithoutMark(read.Buffer).ToArray()));
            body.AdvanceTo(read.Buffer.End);
            return sent;
        }
    }

    /// <summary>Reads a message from JSON text.</summary>
    /// <param name="body">UTF-8; nothing at all stands for the empty message.</param>
    public static T FromBody(ReadOnlySequence<byte> body)
    {
        body = Sent.WithoutMark(body);
        if (body.IsEmpty)
            return new T();
        var reader = new Utf8JsonReader(body);
        reader.Read();
        // Old clients encode their JSON twice.
        if (reader.TokenType == JsonTokenType.String)
            return JsonSerializer.Deserialize<T>(reader.GetString()!, ProtoJson.Options) ?? new T();
        if (reader.TokenType == JsonTokenType.Null)
            return new T();
        var message = JsonSerializer.Deserialize<T>(ref reader, ProtoJson.Options);
        return reader.Read() ? throw new JsonException("there is more after the message's end.") : message ?? new T();
    }

    /// <summary>Reads a message from query parameters, of which a repeated one is a list where the message has one; elsewhere its first value counts.</summary>
    /// <param name="query">The parameters.</param>
    public static T FromQuery(IQueryCollection query) => InQuery(query).Deserialize<T>(ProtoJson.Options)!;

    private static JsonObject InQuery(IQueryCollection query)
    {
        var json = new JsonObject();
        foreach (var property in ProtoJson.Options.GetTypeInfo(typeof(T)).Properties)
        {
            if (!query.TryGetValue(property.Name, out var values))
                continue;
            json[property.Name] = typeof(IEnumerable<string>).IsAssignableFrom(property.PropertyType)
                ? new JsonArray([.. values.Select(value => JsonValue.Create(value))])
                : JsonValue.Create(values[0]);
        }

        return json;
    }

    private static bool IsJson(string? contentType) =>
        contentType is not null && contentType.AsSpan(0, contentType.IndexOf(';') is >= 0 and var end ? end : contentType.Length)
            .Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);

    private static Sent<T> Read(Func<T> read, Func<JsonNode?> document)
    {
        try
        {
            return new(read());
        }
        catch (JsonException malformed)
        {
            return new(new T(), Misread.Of(malformed, document));
        }
    }
}

/// <summary>Bodies, whatever the message in them.</summary>
internal static class Sent
{
    /// <summary>The refusal of a body that does not decompress.</summary>
    public static Refusal Garbled(InvalidDataException why) => Mlflow.Invalid($"The body is not compressed as its Content-Encoding says: {why.Message}");

    /// <summary>UTF-8 without the byte order mark that some programs put before it.</summary>
    public static ReadOnlySequence<byte> WithoutMark(ReadOnlySequence<byte> body)
    {
        var reader = new SequenceReader<byte>(body);
        return reader.IsNext("\uFEFF"u8, advancePast: true) ? reader.UnreadSequence : body;
    }
}

/// <summary>A request message that may have turned out unreadable.</summary>
internal interface ISent
{
    /// <summary>Why the request is no such message; null when it is.</summary>
    Refusal? Refusal { get; }
}

/// <summary>Answers an unreadable request before its handler sees it.</summary>
internal sealed class OnlyReadable : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.Arguments.OfType<ISent>().FirstOrDefault()?.Refusal is { } refusal
            ? ValueTask.FromResult<object?>(new Refused(refusal))
            : next(context);
}
