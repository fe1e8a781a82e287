using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Shouldly;
using Xunit;

namespace MlLifecycle;

/// <summary>What a person at the terminal sees of the host: one sentence when it cannot run, and nothing left behind when it stops.</summary>
public sealed class The_app_host(Suite shared)
{
    [Fact]
    public async Task says_in_one_sentence_that_the_port_is_in_use()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var (exit, output) = await Run("--port", $"{port}", "--data", Path.Combine(Path.GetTempPath(), "never-made"));
        exit.ShouldBe(1);
        output.ShouldBe([$"Port {port} is in use: stop what listens there, or choose another with --port."]);
        Directory.Exists(Path.Combine(Path.GetTempPath(), "never-made")).ShouldBeFalse();
    }

    [Fact]
    public async Task refuses_a_data_directory_in_which_another_suite_runs()
    {
        await shared.Started();
        var (exit, output) = await Run("--port", $"{Suite.FreePort()}", "--data", Path.Combine(shared.Data, "data"));
        exit.ShouldBe(1);
        output.ShouldHaveSingleItem().ShouldStartWith("Another suite runs on ");
    }

    [Fact]
    public async Task says_why_the_database_does_not_start()
    {
        var data = Directory.CreateTempSubdirectory("mllifecycle-broken-").FullName;
        try
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(data, (UnixFileMode)0b111_101_101); // the database's account must reach its part
            var lost = Directory.CreateDirectory(Path.Combine(data, "postgres", "data")).FullName;
            var version = Path.GetFileName(Directory.GetDirectories("/usr/lib/postgresql").Max())!;
            await File.WriteAllTextAsync(Path.Combine(lost, "PG_VERSION"), version, TestContext.Current.CancellationToken);
            var (exit, output) = await Run("--port", $"{Suite.FreePort()}", "--data", data);
            exit.ShouldBe(1);
            output.ShouldContain(line => line.StartsWith("PostgreSQL does not start", StringComparison.Ordinal) && line.Contains("could not access", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Theory]
    [InlineData("--port", "eighty")]
    [InlineData("--port", "70000")]
    [InlineData("--colour", "blue")]
    public async Task names_an_option_that_it_does_not_understand(string option, string value)
    {
        var (exit, output) = await Run(option, value);
        exit.ShouldBe(1);
        output.ShouldHaveSingleItem().ShouldContain(option);
    }

    [Fact]
    public async Task leaves_nothing_behind_when_interrupted_and_finds_its_data_again()
    {
        await using var suite = new Suite();
        await suite.Started();
        using (var client = suite.Client())
        {
            using var made = await client.PostAsJsonAsync("/api/projects", new { slug = "kept", name = "Kept" });
            made.StatusCode.ShouldBe(HttpStatusCode.Created);
        }

        var logs = Directory.GetFiles(Path.Combine(suite.Data, "data", "logs")).Select(File.ReadAllText);
        logs.ShouldAllBe(log => !log.Contains(suite.Token));
        var everything = suite.Processes();
        everything.Count.ShouldBeGreaterThan(9); // the services, the database, the broker and its name server
        (await suite.Stop()).ShouldBe(0);
        // The last small programs of the broker end a moment after it.
        await Poll.Until(() => Task.FromResult(everything.Where(pid => Directory.Exists($"/proc/{pid}")).ToList()), left => left.Count == 0, TimeSpan.FromSeconds(10));

        await suite.Started();
        using var again = suite.Client();
        using var found = await again.GetAsync("/api/projects/kept");
        found.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<(int Exit, List<string> Output)> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Suite.AppHost(), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var host = Process.Start(start)!;
        var output = host.StandardOutput.ReadToEndAsync();
        var errors = host.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await host.WaitForExitAsync(patience.Token);
        return (host.ExitCode, [.. $"{await output}\n{await errors}".Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)]);
    }
}
