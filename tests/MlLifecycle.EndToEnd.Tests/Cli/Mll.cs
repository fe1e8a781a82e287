using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace MlLifecycle.Cli;

/// <summary>The built program, run as a script runs it.</summary>
internal static class Mll
{
    private static string Program => typeof(Suite).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Cli").Value!;

    public sealed record Ended(int Exit, string Output, string Errors)
    {
        public JsonNode Json => JsonNode.Parse(Output)!;

        /// <summary>The lines after the one of names, in cells.</summary>
        public List<string[]> Rows => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split('\t'))];
    }

    public static async Task<Ended> Run(Suite suite, string? project, params string[] arguments) => await Wait(Start(suite, project, arguments));

    /// <summary>Starts it with the suite's address and token in its environment.</summary>
    public static Process Start(Suite suite, string? project, params string[] arguments) =>
        Start(new() { ["MLL_URL"] = suite.Address.ToString(), ["MLL_TOKEN"] = suite.Token, ["MLL_SOURCE_TOKEN"] = suite.Token, ["MLL_PROJECT"] = project }, arguments);

    /// <summary>Runs it on a terminal (script, of util-linux, makes one) and answers with what was seen there.</summary>
    public static async Task<string> OnTerminal(Suite suite, string project, params string[] arguments)
    {
        var start = new ProcessStartInfo("script", ["-qec", $"stty cols 160; dotnet {Program} {string.Join(' ', arguments)}", "/dev/null"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["MLL_URL"], start.Environment["MLL_TOKEN"], start.Environment["MLL_SOURCE_TOKEN"]) = (suite.Address.ToString(), suite.Token, suite.Token);
        (start.Environment["MLL_PROJECT"], start.Environment["TERM"]) = (project, "xterm-256color");
        var ended = await Wait(Process.Start(start)!);
        return Regex.Replace(ended.Output, @"\x1b\[[0-9;?]*[a-zA-Z]", "");
    }

    public static Process Start(Dictionary<string, string?> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var variable in (string[])["MLL_URL", "MLL_TOKEN", "MLL_PROJECT", "MLL_SOURCE_TOKEN"])
            start.Environment.Remove(variable);
        foreach (var (name, value) in environment)
        {
            if (value is not null)
                start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    public static async Task<Ended> Wait(Process process)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                throw new TimeoutException($"mll did not end:\n{await output}\n{await errors}");
            }

            return new(process.ExitCode, await output, await errors);
        }
    }
}
