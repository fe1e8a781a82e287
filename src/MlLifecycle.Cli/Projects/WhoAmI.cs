using System.CommandLine;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Models;
using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Projects;

/// <summary><c>mll whoami</c>: whose token this is and what it may do.</summary>
internal static class WhoAmI
{
    public static Command Command() => new Command("whoami", "Says whose token this is, and what it may do.").Does(async (context, stop) =>
    {
        using var suite = context.Suite();
        var me = await suite.Get("api/me", stop);
        if (context.Json)
        {
            Say.Json(me);
            return;
        }

        Say.Fact("token", me.Text("actor"));
        Say.Fact("role", me.Text("role"));
        Say.Fact("reaches", me["projects"] is JsonArray projects ? string.Join(", ", projects) : "every project");
        Say.Fact("expires", Registry.Time(me, "expires"));
        Say.Fact("suite", suite.Address.ToString());
    });
}
