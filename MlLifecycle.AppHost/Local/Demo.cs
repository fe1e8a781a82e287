namespace MlLifecycle.AppHost.Local;

/// <summary>The sample, run against the suite as a user would run it.</summary>
internal sealed class Demo
{
    private const string Name = "demo";
    private readonly Child _child;

    private Demo(Child child) => _child = child;

    /// <summary>Starts it with the admin token: of this start, of an earlier one in the token file, or from the variable MLL_TOKEN.</summary>
    public static Demo? Start(Options options, Suite suite, Screen screen)
    {
        var token = suite.FrontDoor.AdminToken
            ?? (options.TokenFile is { } file && File.Exists(file) ? File.ReadAllText(file).Trim() : null)
            ?? Environment.GetEnvironmentVariable("MLL_TOKEN");
        if (token is null)
        {
            screen.Line(Name, "The sample needs the token that the first start showed: set it as MLL_TOKEN, or name its file with --token-file, and start again with --demo.");
            return null;
        }

        var demo = new Demo(Child.Start(
            new Launch("dotnet", Programs.Of("FashionMnist", "samples"), "--url", suite.FrontDoor.Address) { Environment = new Dictionary<string, string> { ["MLL_TOKEN"] = token } },
            line => screen.Line(Name, line)));
        _ = demo.ReportAsync(screen);
        return demo;
    }

    public Task StopAsync() => _child.StopAsync(Signal.Term, TimeSpan.FromSeconds(5));

    private async Task ReportAsync(Screen screen) => screen.Line(Name, await _child.Exit is 0 ? "The sample is through." : $"The sample ended with exit code {await _child.Exit}.");
}
