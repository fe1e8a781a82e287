using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MlLifecycle.ServiceDefaults.Bus;
using Shouldly;
using Xunit;

namespace MlLifecycle;

public static class The_house
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    public static TheoryData<string> Services => [.. Directory.GetDirectories(Path.Combine(Root, "src")).Select(Path.GetFileName).OfType<string>().Where(name => name is not ("MlLifecycle.Contracts" or "MlLifecycle.Cli"))];

    [Theory]
    [MemberData(nameof(Services))]
    public static void No_service_references_another_service(string service)
    {
        References(Path.Combine(Root, "src", service, service + ".csproj"))
            .ShouldBeSubsetOf(["MlLifecycle.Contracts", "MlLifecycle.ServiceDefaults", "Patched.DistributedLock.Postgres"]);
    }

    [Fact]
    public static void Contracts_stand_on_nothing()
    {
        var project = Path.Combine(Root, "src", "MlLifecycle.Contracts", "MlLifecycle.Contracts.csproj");
        References(project).ShouldBeEmpty();
        XDocument.Load(project).Descendants("PackageReference").ShouldBeEmpty();
    }

    [Fact]
    public static void The_sample_uses_only_the_public_API() =>
        References(Path.Combine(Root, "samples", "FashionMnist", "FashionMnist.csproj")).ShouldBeEmpty();

    [Fact]
    public static void The_command_line_uses_only_the_public_API() =>
        References(Path.Combine(Root, "src", "MlLifecycle.Cli", "MlLifecycle.Cli.csproj")).ShouldBeEmpty();

    [Fact]
    public static void Nobody_asks_the_ambient_clock()
    {
        var offenders = Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .Where(file => Regex.IsMatch(File.ReadAllText(file), @"\bDateTime(Offset)?\.(Utc)?Now\b"))
            .Select(file => Path.GetRelativePath(Root, file));
        offenders.ShouldBeEmpty();
    }

    [Fact]
    public static void The_bus_reports_to_nobody_outside()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["ConnectionStrings:bus"] = "amqp://user:password@localhost:5672";
        builder.AddBus("house");
        using var services = builder.Services.BuildServiceProvider();
        services.GetRequiredService<IOptions<UsageTelemetryOptions>>().Value.Enabled.ShouldBeFalse();
    }

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(project).Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));

    private static string Here([CallerFilePath] string path = "") => path;
}
