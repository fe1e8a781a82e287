using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace MlLifecycle.Samples.FashionMnist;

/// <summary>
/// Deployment and monitoring: the model as a canary with a way back and eyes on it; then what the shop would see, first as it should be, then
/// with the lamps of the photo booth failing.
/// </summary>
internal sealed class Serving(Suite suite, Trained trained, int version, Images images, int[] production)
{
    private const int WindowRows = 500;
    private const int UsualWindows = 4;
    private static readonly double[] Lamps = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly string _name = $"shop-v{version}";
    private readonly Func<ReadOnlySpan<byte>, Judged> _serve = trained.Model.Server();

    public async Task Deploy(DataVersion data, CancellationToken stop)
    {
        Say.Step("Deployment", $"{_name}: {Training.Model} version {version} as a canary");
        await suite.Post(suite.Path("deployments"), new
        {
            name = _name,
            model = Training.Model,
            modelVersion = version,
            runId = trained.Run.Id,
            rollout = "canary",
            automation = "ai-assistance",
            trafficShare = 0.1,
            rollbackTarget = "people sort by hand, as before",
            window = new { rows = WindowRows },
        }, stop);
        await suite.Put(Path("reference"), new { dataset = data.Dataset, version = data.Number, path = ImageFolder.TrainImages }, stop);
        // Drift needs no threshold: the method that compares a column has its own.
        await Watch("darker or brighter photographs", "drift:brightness", null, "critical");
        await Watch("no answer given", "nullShare", 0.01, "warning");
        await Watch("unsure answers", "mean:score", 0.7, "warning", "below");
        await Watch("slow answers", "latencyMs:p95", 20, "warning");
        Say.Line($"Compared with {data.Dataset}@{data.Number}; input, output and software metrics are watched in windows of {WindowRows} predictions.");
        Say.See(suite.Page($"deployments/{_name}"));

        Task Watch(string what, string metric, double? threshold, string severity, string direction = "above") =>
            suite.Post(suite.Path("alert-rules"), new { name = what, deployment = _name, metric, threshold, severity, direction }, stop);
    }

    /// <summary>Streams predictions until an alert on the photographs is raised, and answers with it.</summary>
    public async Task<JsonNode> UntilAlert(CancellationToken stop)
    {
        Say.Step("Monitoring", $"{UsualWindows * WindowRows} photographs as they should be, then darker ones");
        await Say.Progress("Predictions", UsualWindows, async done =>
        {
            for (var window = 0; window < UsualWindows; window++)
            {
                await Stream(1, window, stop);
                done();
            }
        });
        if (await Alert(stop) is { } early)
            return early;
        await suite.Put(Path("rollout"), new { trafficShare = 0.5, reason = $"{UsualWindows} windows without an alert." }, stop);
        Say.Line($"{UsualWindows} windows without an alert: the canary takes half of the traffic.");
        foreach (var (step, lamp) in Lamps.Index())
        {
            var drift = await Stream(lamp, UsualWindows + step, stop);
            Say.Line(string.Create(CultureInfo.InvariantCulture, $"Lamps at {lamp:0%}: {drift}"));
            if (await Alert(stop) is { } alert)
            {
                Say.Line(alert.The("summary"));
                Say.See(suite.Page("alerts"));
                return alert;
            }
        }

        throw new SampleException("The photographs are nearly black and no alert was raised: look at the alert rules and the windows of the deployment.");
    }

    // One window of predictions, each made and timed as a service would; answers with what the suite found in it.
    private async Task<string> Stream(double lamp, int window, CancellationToken stop)
    {
        var rows = new StringBuilder();
        var photograph = new byte[Images.Pixels];
        foreach (var image in production.Skip(window * WindowRows % (production.Length - WindowRows)).Take(WindowRows))
        {
            for (var p = 0; p < photograph.Length; p++)
                photograph[p] = (byte)(images[image][p] * lamp);
            var start = Stopwatch.GetTimestamp();
            var answer = _serve(photograph);
            var prediction = new JsonObject
            {
                ["id"] = string.Create(CultureInfo.InvariantCulture, $"{window}-{image}"),
                ["prediction"] = Images.Classes[answer.Class],
                ["score"] = Math.Round(answer.Score[answer.Class], 4),
                ["latencyMs"] = Math.Round(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 3),
                ["brightness"] = Math.Round(Images.BrightnessOf(photograph), 5),
            };
            rows.Append(prediction.ToJsonString()).Append('\n');
        }

        var before = (await suite.Get(Path(""), stop)).Number("windows");
        var received = await suite.Upload(HttpMethod.Post, Path("predictions"), new MemoryStream(Encoding.UTF8.GetBytes(rows.ToString())), "application/x-ndjson", stop);
        var closed = received.Number("windowsClosed");
        if (closed > 0)
        {
            for (var end = DateTimeOffset.UtcNow + Patience; (await suite.Get(Path(""), stop)).Number("windows") < before + closed;)
            {
                if (DateTimeOffset.UtcNow > end)
                    throw new SampleException($"The suite has not looked at a window of {_name} for a minute: see GET /health of the suite.");
                await Task.Delay(TimeSpan.FromMilliseconds(200), stop);
            }
        }

        return "";
    }

    private async Task<JsonNode?> Alert(CancellationToken stop) =>
        (await suite.Get(suite.Path("alerts"), stop)).Items().FirstOrDefault(alert => alert.Text("deployment") == _name && alert.Text("metric")?.StartsWith("drift:", StringComparison.Ordinal) == true);

    private string Path(string rest) => suite.Path($"deployments/{_name}{(rest.Length > 0 ? "/" : "")}{rest}");
}
