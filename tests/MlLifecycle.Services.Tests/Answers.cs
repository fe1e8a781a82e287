using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shouldly;

namespace MlLifecycle;

/// <summary>Reads answers in tests.</summary>
public static class Answers
{
    /// <summary>The JSON of an answer with this status.</summary>
    public static async Task<JsonNode> Json(this Task<HttpResponseMessage> answering, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var answer = await answering;
        var body = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(status, body);
        return JsonNode.Parse(body).ShouldNotBeNull();
    }

    /// <summary>The problem details of an answer: status, code and, where one is at fault, the field.</summary>
    public static async Task<JsonNode> Problem(this Task<HttpResponseMessage> answering, int status, string code, string? field = null)
    {
        using var answer = await answering;
        var body = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBe(status, body);
        answer.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        var problem = JsonNode.Parse(body)!;
        problem["code"]!.GetValue<string>().ShouldBe(code, body);
        problem["type"]!.GetValue<string>().ShouldEndWith("/" + code);
        if (field is not null)
            problem["errors"]!.AsObject().ShouldContainKey(field, body);
        return problem;
    }

    public static Task<HttpResponseMessage> Post(this HttpClient client, string path, object body) => client.PostAsJsonAsync(path, body, JsonSerializerOptions.Web);

    public static Task<HttpResponseMessage> Put(this HttpClient client, string path, object body) => client.PutAsJsonAsync(path, body, JsonSerializerOptions.Web);

    /// <summary>Asks again until the answer is as hoped for, within a deadline.</summary>
    public static async Task<T> Until<T>(Func<Task<T>> ask, Func<T, bool> hoped, TimeSpan? within = null)
    {
        var deadline = DateTime.UtcNow + (within ?? TimeSpan.FromSeconds(30));
        while (true)
        {
            var answer = await ask();
            if (hoped(answer))
                return answer;
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"Not so within the deadline; the last answer was {(answer is System.Collections.IEnumerable and not JsonNode and not string ? JsonSerializer.Serialize(answer) : answer)}");
            await Task.Delay(50);
        }
    }
}
