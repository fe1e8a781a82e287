// The Experiments service measured from outside, beside what the database and the disk do with the same work: bench/experiments.sh [--million] [--only PART].
using System.Diagnostics;
using System.Globalization;
using MlLifecycle.Bench;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string[] parts = args switch
{
    ["--only", "writes" or "searches" or "artifacts" or "million"] => [args[1]],
    ["--million"] => ["writes", "searches", "artifacts", "million"],
    [] => ["writes", "searches", "artifacts"],
    _ => throw new ArgumentException("Usage: bench/experiments.sh [--million] [--only writes|searches|artifacts|million]"),
};
await using var server = new Server();
await server.StartAsync();
Console.WriteLine($"{"work",-52} {"measured",26}   {"aim",-34} {"limit",-26}");

void Row(string work, string measured, string aim, string limit = "") => Console.WriteLine($"{work,-52} {measured,26}   {aim,-34} {limit,-26}");

async Task<Measured> Requests(int connections, int requests, Func<HttpClient, int, Task> send) =>
    await Load.Run(connections, requests, _ => Task.FromResult(server.Client()), send);

using var one = server.Client();

var clock = new Stopwatch();
foreach (var part in parts)
{
    await (part switch
    {
        "writes" => Writes(),
        "searches" => Finds(),
        "artifacts" => Artifacts(),
        _ => Million(),
    });
}

Row("memory of the service, most seen", $"{server.PeakMemory} MiB", "400 MiB");

async Task Writes()
{
    var experiment = await Work.CreateExperiment(one, "writes");
    var created = await Requests(16, 20_000, (client, n) => Work.CreateRun(client, experiment, n));
    Row("create run, 16 connections", $"{created.PerSecond:N0}/s  p99 {created.P99:N1} ms", "2 080/s");

    var inserts = await Limits.Inserts(server.Database, 16, 20_000);
    var runs = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => Work.CreateRun(one, experiment, n)));
    var single = await Requests(16, 20_000, (client, n) => Work.LogMetric(client, runs[n % runs.Length], "loss", n));
    Row("log-metric, 16 connections", $"{single.PerSecond:N0}/s  p99 {single.P99:N1} ms", "3 240/s, p99 29 ms", $"inserts {inserts.PerSecond:N0}/s");

    var copy = await Limits.Copy(server.Database, 4, 400);
    var bodies = Enumerable.Range(0, 440).Select(n => Work.Points(runs[n % 4], n * 1000, 1000, keys: 10)).ToArray();
    var batches = await Requests(4, 400, (client, n) => Work.LogPoints(client, bodies[n]));
    Row("log-batch of 1 000 metrics, 4 connections", $"{batches.PerSecond * 1000:N0} points/s", "260 000/s and 40% of COPY", $"COPY {copy:N0}/s ({batches.PerSecond * 1000 / copy:P0})");

    var curve = await Work.CreateRun(one, experiment, 0);
    bodies = [.. Enumerable.Range(0, 100).Select(n => Work.Points(curve, n * 1000, 1000, keys: 1))];
    clock.Restart();
    foreach (var body in bodies)
        await Work.LogPoints(one, body);
    Row("one metric, 100 000 points, one connection", $"{100_000 / clock.Elapsed.TotalSeconds:N0} points/s", "95 600/s");

    await Work.History(one, curve, "metric0");
    clock.Restart();
    var points = await Work.History(one, curve, "metric0");
    Row($"get-history, {points:N0} points in 4 pages", $"{clock.Elapsed.TotalMilliseconds:N0} ms", "345 ms");
    var sampled = await Requests(1, 50, (client, _) => Work.Sampled(client, curve, "metric0", 320));
    Row("get-history-bulk-interval, 320 of 100 000", $"p50 {sampled.P50:N1} ms", "30 ms");

    // As a training loop does that logs each step: every point is a request and a commit of its own.
    var stepwise = await Work.CreateRun(one, experiment, 0);
    var steps = await Requests(1, 18_182, (client, n) => Work.LogMetric(client, stepwise, "loss", n)); // and a tenth as warm-up
    Row("one metric, 20 000 points one by one", $"{steps.PerSecond:N0}/s  p99 {steps.P99:N1} ms", "");
    await Work.History(one, stepwise, "loss");
    clock.Restart();
    points = await Work.History(one, stepwise, "loss");
    Row($"get-history, {points:N0} points in one page", $"{clock.Elapsed.TotalMilliseconds:N0} ms", "");
    sampled = await Requests(1, 50, (client, _) => Work.Sampled(client, stepwise, "loss", 320));
    Row("get-history-bulk-interval, 320 of 20 000", $"p50 {sampled.P50:N1} ms", "30 ms");
}

async Task Finds()
{
    var searched = await Work.CreateExperiment(one, "search");
    await Requests(8, 9_091, (client, n) => Work.FullRun(client, searched, n)); // and a tenth as warm-up: 10 000
    await Settle();
    await Searches([searched], "10 000 runs", "p50 12.8 ms, p99 34 ms");
    var eight = await Requests(8, 800, (client, _) => Work.Search(client, [searched], 100));
    Row("the same from 8 connections", $"{eight.PerSecond:N0}/s", "255/s");
    var pages = await Requests(1, 30, (client, _) => Work.Search(client, [searched], 1000, filtered: false));
    Row("page of 1 000 runs", $"p50 {pages.P50:N0} ms", "170 ms");
    clock.Restart();
    var count = 0;
    string? token = null;
    do
    {
        token = await Work.Search(one, [searched], 200, token, filtered: false);
        count++;
    }
    while (token is not null);
    Row($"all 10 000 in {count} pages of 200", $"{clock.Elapsed.TotalSeconds:N2} s", "1.05 s");
}

async Task Artifacts()
{
    var content = new byte[16 << 20];
    Random.Shared.NextBytes(content);
    Directory.CreateDirectory(server.Files);
    var (from, to) = (Path.Combine(server.Files, "limit-from"), Path.Combine(server.Files, "limit-to"));
    await File.WriteAllBytesAsync(from, content);
    const int Times = 20;
    await Work.Put(one, "bench/warm.bin", content);
    Limits.DiskCopy(from, to);
    // In turns: the disk is not equally fast at all times.
    var (copied, put) = (TimeSpan.Zero, TimeSpan.Zero);
    for (var n = 0; n < Times; n++)
    {
        clock.Restart();
        Limits.DiskCopy(from, to);
        copied += clock.Elapsed;
        clock.Restart();
        await Work.Put(one, $"bench/{n}.bin", content);
        put += clock.Elapsed;
    }

    File.Delete(from);
    var fetched = await Requests(1, Times, (client, n) => Work.Fetch(client, $"bench/{n % Times}.bin"));
    double Speed(TimeSpan time) => 16 * Times / time.TotalSeconds;
    Row("artifact of 16 MiB, PUT and GET", $"{Speed(put):N0} and {16 * fetched.PerSecond:N0} MiB/s", "disk copy speed", $"copied {Speed(copied):N0} MiB/s ({copied / put:P0})");
}

async Task Million()
{
    var few = await Work.CreateExperiment(one, "beside the million");
    await Requests(8, 9_091, (client, n) => Work.FullRun(client, few, n)); // and a tenth as warm-up: 10 000
    var large = await Work.CreateExperiment(one, "million");
    clock.Restart();
    await MlLifecycle.Bench.Million.Seed(server.Database, server.ProjectId, large);
    await Settle();
    Console.WriteLine($"(1 000 000 runs written in {clock.Elapsed.TotalSeconds:N0} s)");
    await Searches([few], "10 000 beside 1 000 000", "p50 12.8 ms, p99 34 ms");
    await Searches([large], "1 000 000 runs", "at most twice that over 10 000");
    await Searches([few, large], "both together", "");
    using var client = server.Client();
    clock.Restart();
    string? token = null;
    for (var page = 0; page < 50; page++)
        token = await Work.Search(client, [large], 100, token);
    Row("the same, 50 pages deep", $"{clock.Elapsed.TotalMilliseconds / 50:N1} ms a page", "");
}

// What PostgreSQL does by itself within minutes, so that it does not happen while a search is measured.
Task Settle() => Limits.Execute(server.Database, "VACUUM (ANALYZE)");

async Task Searches(IReadOnlyList<string> where, string among, string aim)
{
    var same = await Requests(1, 200, (client, _) => Work.Search(client, where, 100));
    Row($"search {among}, first 100", $"p50 {same.P50:N1}  p99 {same.P99:N1} ms", aim);
    var other = await Requests(1, 270, (client, n) => Work.Search(client, where, 100, number: n));
    Row("the same, ever another search", $"p50 {other.P50:N1}  p99 {other.P99:N1} ms", aim);
}
