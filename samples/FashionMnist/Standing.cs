using System.Globalization;
using System.Text.Json.Nodes;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>Where the project stands in its lifecycle, what is missing, what to do next, and what led to what.</summary>
internal static class Standing
{
    private static readonly string[] Stages = ["scoping", "data", "modeling", "deployment", "monitoring"];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static Task<JsonNode> Of(Suite suite, CancellationToken stop) => suite.Get(suite.Path("lifecycle"), stop);

    public static int Iteration(JsonNode lifecycle) => (int)lifecycle.Number("iteration");

    /// <summary>Waits until the project has come to a stage, or says what keeps it.</summary>
    public static async Task Reached(Suite suite, string stage, CancellationToken stop)
    {
        var reached = await Say.Until($"the project has come to {stage}", Patience, async () =>
        {
            var now = await Of(suite, stop);
            return Iteration(now) > 1 || Array.IndexOf(Stages, now.The("stage")) >= Array.IndexOf(Stages, stage) ? now : null;
        }, stop);
        if (reached is not null)
            return;
        var lifecycle = await Of(suite, stop);
        var at = lifecycle.The("stage");
        var missing = lifecycle.Items("gates").First(gate => gate.Text("gate") == at).Items("requirements").Where(r => r.Text("status") == "missing").Select(r => r.The("why"));
        throw new SampleException(
            $"The project stays in {at}, because its gate is not open: {string.Join(" ", missing)} Train on more images (--train-size), or change the scope, and run again.", ExitCode.NotGoodEnough);
    }

    /// <summary>Waits until the open tag holds the gate of modeling: what the team decided is known everywhere.</summary>
    public static Task Held(Suite suite, string tag, CancellationToken stop) => Say.Until($"the gate of modeling waits for {tag}", Patience, async () =>
    {
        var modeling = (await Of(suite, stop)).Items("gates").First(gate => gate.Text("gate") == "modeling");
        return modeling.Items("requirements").FirstOrDefault(r => r.Text("id") == "high-priority-tags" && r.The("why").Contains(tag, StringComparison.Ordinal));
    }, stop);

    /// <summary>Waits until the alert has sent the project round again.</summary>
    public static async Task SentBack(Suite suite, CancellationToken stop) =>
        _ = await Say.Until("the alert has sent the project back", Patience, async () => await Of(suite, stop) is var now && Iteration(now) > 1 ? now : null, stop)
            ?? throw new SampleException("The alert did not reach the lifecycle within a minute: see GET /health of the suite, then run again.");

    /// <summary>Prints the gates, what to do next, and the walk from the last alert back to the scope.</summary>
    public static async Task Print(Suite suite, CancellationToken stop)
    {
        var lifecycle = await Of(suite, stop);
        Say.Step("Lifecycle", $"stage {lifecycle.The("stage")}, iteration {Iteration(lifecycle)}");
        Say.Rows(
            ["Gate", "to", "met", "waived", "missing"],
            lifecycle.Items("gates").Select(gate =>
            {
                var count = gate.Items("requirements").CountBy(r => r.The("status")).ToDictionary();
                return new[] { gate.The("gate"), gate.The("to"), Count("met"), Count("waived"), Count("missing") };

                string Count(string status) => count.GetValueOrDefault(status).ToString(CultureInfo.InvariantCulture);
            }));
        Say.Line("What to do next:");
        foreach (var (place, action) in lifecycle.Items("nextActions").Take(5).Index())
            Say.Line($"{place + 1}. {action.The("action")}. {action.The("reason")}");
        Say.See(suite.Page());
        await PrintCauses(suite, stop);
    }

    private static async Task PrintCauses(Suite suite, CancellationToken stop)
    {
        var alerts = await suite.Get(suite.Path("timeline?type=AlertRaised&limit=1"), stop);
        if (alerts.Items().FirstOrDefault() is not { } alert)
            return;
        Say.Step("Causes", "from the alert back to the scope: each line rests on those below it");
        var causes = await suite.Get(suite.Path($"timeline/{alert.The("id")}/causes"), stop);
        foreach (var cause in causes.Items())
            Say.Line($"{cause.The("type"),-24} {cause.The("summary")}{(cause.Text("because") is { } because ? $"  [{because}]" : "")}");
        Say.See(suite.Page($"timeline/{alert.The("id")}"));
    }
}
