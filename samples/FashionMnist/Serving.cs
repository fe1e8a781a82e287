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
    // Large enough that chance alone does not look like drift.
    private const int WindowRows = 1000;
    private const int UsualWindows = 3;
    private static readonly double[] Lamps = [0.98, 0.96, 0.94, 0.9, 0.8, 0.6, 0.4];
    private const string Watched = "drift:brightness";
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
        await Watch("darker or brighter photographs", Watched, null, "critical");
        await Watch("no answer given", "nullShare", 0.01, "warning");
        await Watch("unsure answers", "mean:score", 0.7, "warning", "below");
        await Watch("slow answers", "latencyMs:p95", 20, "warning");
        Say.Line($"Compared with {data.Dataset}@{data.Number}; input, output and software metrics are watched in windows of {WindowRows} predictions.");
        Say.See(suite.Page($"monitoring/{_name}"));

        Task Watch(string what, string metric, double? threshold, string severity, string direction = "above") =>
            suite.Post(suite.Path("alert-rules"), new { name = what, deployment = _name, metric, threshold, severity, direction }, stop);
    }

    /// <summary>Streams predictions until an alert on the photographs is raised.</summary>
    public async Task UntilAlert(CancellationToken stop)
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
        if (await Alert(stop) is null)
        {
            await suite.Put(Path("rollout"), new { trafficShare = 0.5, reason = $"{UsualWindows} windows without an alert." }, stop);
            Say.Line($"{UsualWindows} windows without an alert: the canary takes half of the traffic.");
        }

        for (var step = 0; step < Lamps.Length && await Alert(stop) is null; step++)
        {
            await Stream(Lamps[step], UsualWindows + step, stop);
            Say.Line($"Lamps at {Lamps[step].ToString("0%", CultureInfo.InvariantCulture)}: {await Drift(stop)}");
        }

        var alert = await Alert(stop) ?? throw new SampleException("The photographs are nearly black and no alert was raised: look at the deployment's windows and alert rules.");
        Say.Line($"Alert: {alert.The("summary")}");
        Say.See(suite.Page($"alerts/{alert.The("id")}"));
    }

    // One window of predictions, each made and timed as a service would; done when the suite has looked at it.
    private async Task Stream(double lamp, int window, CancellationToken stop)
    {
        var rows = new StringBuilder();
        var photograph = new byte[Images.Pixels];
        foreach (var image in production.Skip(window * WindowRows % production.Length).Take(WindowRows))
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

        var before = await Windows(stop);
        var received = await suite.Upload(HttpMethod.Post, Path("predictions"), new MemoryStream(Encoding.UTF8.GetBytes(rows.ToString())), "application/x-ndjson", stop);
        var complete = before + received.Number("windowsClosed");
        for (var end = DateTimeOffset.UtcNow + Patience; await Windows(stop) < complete;)
        {
            if (DateTimeOffset.UtcNow > end)
                throw new SampleException($"The suite has not looked at a window of {_name} for a minute: see GET /health of the suite, then run again.");
            await Task.Delay(TimeSpan.FromMilliseconds(200), stop);
        }
    }

    private async Task<double> Windows(CancellationToken stop) => (await suite.Get(Path(""), stop)).Number("windows");

    private async Task<string> Drift(CancellationToken stop)
    {
        var window = (await suite.Get(Path("drift?newest=true&limit=1"), stop)).Items().First();
        var brightness = window.Items("columns").First(column => column.Text("column") == "brightness");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"mean brightness {brightness.Number("mean"):0.000} against {brightness.Number("referenceMean"):0.000}, {brightness.Text("method")} {brightness.Number("statistic"):0.000} (drift from {brightness.Number("threshold"):0.0})");
    }

    private async Task<JsonNode?> Alert(CancellationToken stop) =>
        (await suite.Get(suite.Path($"alerts?deployment={_name}"), stop)).Items().FirstOrDefault(alert => alert.Text("metric") == Watched);

    private string Path(string rest) => suite.Path($"deployments/{_name}{(rest.Length > 0 ? "/" : "")}{rest}");
}
