using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace MlLifecycle;

/// <summary>The sample, as a team would run it: a real project from scoping to a drift alert and back, through the front door only.</summary>
public sealed class One_project_all_the_way_round(Suite suite)
{
    [Fact]
    public async Task the_sample_ends_with_an_alert_whose_causes_lead_back_to_the_scope_and_can_be_run_again()
    {
        await suite.Started();
        const string Project = "round-trip";
        await Sample(Project);

        using var client = suite.Client();
        var facts = (await Json(client, $"/api/projects/{Project}/timeline?limit=1000"))["items"]!.AsArray().Select(item => item!).ToList();
        var alert = facts.First(fact => Type(fact) == "AlertRaised");
        var causes = (await Json(client, $"/api/projects/{Project}/timeline/{Text(alert, "id")}/causes"))["items"]!.AsArray().Select(item => item!).ToList();
        causes.Select(Type).ShouldBeSubsetOf(facts.Select(Type));
        foreach (var step in new[] { "AlertRaised", "DriftDetected", "DeploymentStarted", "ModelVersionRegistered", "RunFinished", "DatasetVersionCommitted", "DatasetRegistered", "ScopeChanged" })
            causes.Select(Type).ShouldContain(step);
        causes.ShouldAllBe(cause => cause["id"]!.GetValue<string>() == Text(alert, "id") || !string.IsNullOrEmpty(Text(cause, "because")));

        var now = await Json(client, $"/api/projects/{Project}/lifecycle");
        (Text(now, "stage"), now["iteration"]!.GetValue<int>()).ShouldBe(("data", 2));
        var before = DateTimeOffset.Parse(Text(alert, "at"), CultureInfo.InvariantCulture).AddMilliseconds(-1);
        var past = await Json(client, $"/api/projects/{Project}/lifecycle?at={Uri.EscapeDataString(before.ToString("O"))}");
        (Text(past, "stage"), past["iteration"]!.GetValue<int>()).ShouldBe(("monitoring", 1));

        await Sample(Project);
    }

    private static string Type(JsonNode fact) => Text(fact, "type");

    private static string Text(JsonNode node, string name) => node[name]?.GetValue<string>() ?? "";

    private static async Task<JsonNode> Json(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        var body = await answer.Content.ReadAsStringAsync();
        answer.IsSuccessStatusCode.ShouldBeTrue($"{path}: {(int)answer.StatusCode} {body}");
        return JsonNode.Parse(body)!;
    }

    private async Task Sample(string project)
    {
        var program = typeof(Suite).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Sample").Value!;
        var start = new ProcessStartInfo("dotnet", [program, "--url", suite.Address.ToString(), "--project", project, "--train-size", "6000"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["MLL_TOKEN"] = suite.Token },
        };
        using var sample = Process.Start(start)!;
        var output = sample.StandardOutput.ReadToEndAsync();
        var errors = sample.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(6));
        try
        {
            await sample.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            sample.Kill(entireProcessTree: true);
            throw new TimeoutException($"The sample did not end in time:\n{await output}\n{await errors}");
        }

        sample.ExitCode.ShouldBe(0, $"{await output}\n{await errors}");
    }
}
