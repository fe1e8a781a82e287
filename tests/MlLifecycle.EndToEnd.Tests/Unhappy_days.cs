using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle;

/// <summary>What must hold when parts of the suite die in the middle of work.</summary>
public sealed class Unhappy_days(Suite suite)
{
    private const int Writes = 150;

    [Theory]
    [InlineData("beam.smp")] // the broker
    [InlineData("MlLifecycle.Scoping")] // the service that commits and relays
    [InlineData("MlLifecycle.Lifecycle")] // the service that takes the facts in
    public async Task killing_a_process_in_a_stream_of_commits_loses_nothing_and_nothing_happens_twice(string victim)
    {
        await suite.Started();
        using var client = suite.Client();
        var slug = "unhappy-" + Guid.NewGuid().ToString("N")[..8];
        await Insist(client, "/api/projects", new { slug, name = victim });
        for (var i = 0; i < Writes; i++)
        {
            if (i == Writes / 3)
                suite.Kill(victim);
            await Insist(client, $"/api/projects/{slug}/metrics", new { name = $"metric-{i:000}", kind = "business", unit = "EUR", direction = "higher", target = i });
        }

        await suite.Healthy(TimeSpan.FromMinutes(2));
        var expected = Enumerable.Range(0, Writes).Select(i => $"metric-{i:000}").ToList();
        var facts = await Poll.Until(() => Facts(client, slug), found => found.Count >= Writes, TimeSpan.FromMinutes(2));
        facts.ShouldBe(expected);
    }

    // The names of the metrics in the project's timeline, oldest first.
    private static async Task<List<string>> Facts(HttpClient client, string slug)
    {
        var names = new List<string>();
        string? after = null;
        do
        {
            using var answer = await client.GetAsync($"/api/projects/{slug}/timeline?type=ScopeChanged&limit=500&after={after}");
            if (answer.StatusCode != HttpStatusCode.OK)
                return []; // not back yet: the caller asks again
            var page = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            names.AddRange(page["items"]!.AsArray().Select(item => item!["data"]!["name"]!.GetValue<string>()));
            after = page["next"]?.GetValue<string>();
        }
        while (after is not null);
        names.Reverse();
        return names;
    }

    // What a careful client does: the same request again until it is answered with success. Refusals of the request itself are not retried.
    private static async Task Insist(HttpClient client, string path, object body)
    {
        await Poll.Until(
            async () =>
            {
                try
                {
                    using var answer = await client.PostAsJsonAsync(path, body);
                    var status = (int)answer.StatusCode;
                    if (status is >= 400 and < 500)
                        throw new InvalidOperationException($"{path}: {status} {await answer.Content.ReadAsStringAsync()}");
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            success => success,
            TimeSpan.FromMinutes(2));
    }
}
