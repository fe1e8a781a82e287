using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using MlLifecycle.Contracts;
using Orleans.Runtime;
using Shouldly;
using Xunit;

namespace MlLifecycle.Lifecycle;

/// <summary>A second silo as a process of its own beside the service under test, on the same database and broker; killed as a power failure would.</summary>
[Collection(nameof(Lifecycle))]
public sealed class Two_silos(LifecycleFixture service) : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _log = [];
    private readonly int _port = FreePort();
    private Process? _second;

    [Fact]
    public async Task when_one_is_killed_the_other_answers_for_its_projects_and_loses_no_fact()
    {
        // A grain comes to life where it is first asked for, as a rule: every second project at the silo that will be killed.
        var teams = Enumerable.Range(0, 12).Select(_ => new Team(service)).ToList();
        foreach (var team in teams.Where((_, i) => i % 2 == 0))
            await Waive(team, At(_port, team));
        await Task.WhenAll(teams.Select(team => team.Tell(team.Scope[0])));
        await Answers.Until(
            async () =>
            {
                teams.Add(new Team(service));
                await Waive(teams[^1], At(_port, teams[^1]));
                await teams[^1].Tell(teams[^1].Scope[0]);
                return await Silos();
            },
            silos => silos == 2);

        var told = new List<(Team Team, IntegrationEvent Fact)>();
        foreach (var (team, fact) in teams.SelectMany(team => team.Scope[1..].Select(fact => (team, fact))).Select((t, i) => (t, i)).OrderBy(t => t.i % 6).Select(t => t.t))
        {
            var next = team.Told(fact);
            await team.Deliver(next);
            told.Add((team, next));
            if (told.Count == 20)
                _second!.Kill();
        }

        await Task.WhenAll(teams.Select(team => Waive(team, team.Client)));
        foreach (var (team, fact) in told)
            await team.Heard(fact);
        foreach (var team in teams)
        {
            (await team.Lifecycle())["stage"]!.GetValue<string>().ShouldBe("data");
            (await team.Timeline("?type=StageEntered")).Count.ShouldBe(2);
            (await team.Timeline("?type=ScopeChanged")).Count.ShouldBe(6);
        }
    }

    public async ValueTask InitializeAsync()
    {
        var configuration = service.Host.Services.GetRequiredService<IConfiguration>();
        var start = new ProcessStartInfo("dotnet", [Path.ChangeExtension(typeof(Standing).Assembly.Location, ".dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{_port}",
                ["ConnectionStrings__events"] = configuration.GetConnectionString("events"),
                ["ConnectionStrings__bus"] = configuration.GetConnectionString("bus"),
                ["Auth__PublicKey"] = configuration[ServiceDefaults.Trust.Authorization.PublicKey],
            },
        };
        _second = Process.Start(start)!;
        _second.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _second.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _second.BeginOutputReadLine();
        _second.BeginErrorReadLine();
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}") };
        await Answers.Until(() => Healthy(client), healthy => healthy, TimeSpan.FromSeconds(60));
    }

    public ValueTask DisposeAsync()
    {
        if (_second is { HasExited: false })
            _second.Kill();
        _second?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<int> Silos()
    {
        var management = service.Host.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
        var grains = await management.GetDetailedGrainStatistics(["MlLifecycle.Lifecycle.Silo.ProjectLifecycle,MlLifecycle.Lifecycle"]);
        return grains.Select(grain => grain.SiloAddress).Distinct().Count();
    }

    private static async Task Waive(Team team, HttpClient client) =>
        await client.Post($"{team.Path}/lifecycle/waivers", new { gate = "data", requirement = "size", reason = "small on purpose" }).Json(HttpStatusCode.Created);

    private static HttpClient At(int port, Team team)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        client.DefaultRequestHeaders.Authorization = team.Client.DefaultRequestHeaders.Authorization;
        return client;
    }

    private async Task<bool> Healthy(HttpClient client)
    {
        _second!.HasExited.ShouldBeFalse(string.Join('\n', _log));
        try
        {
            return (await client.GetAsync("/health")).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
