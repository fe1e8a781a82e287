using System.CommandLine;
using System.Globalization;
using MlLifecycle.Cli.Connection;
using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Models;

/// <summary><c>mll models alias</c>: gives a version a name, as in <c>champion</c>; another version that had it has it no more.</summary>
internal static class NameVersion
{
    private static readonly Argument<string> Name = new("NAME") { Description = "The model's name." };
    private static readonly Argument<int> Version = new("VERSION") { Description = "The version's number." };
    private static readonly Argument<string> Alias = new("ALIAS") { Description = "The alias, as in champion." };

    public static Command Command() => new Command("alias", "Points an alias at a version.") { Name, Version, Alias }.Does(Act);

    private static async Task Act(Context context, CancellationToken stop)
    {
        using var suite = context.Suite();
        var (name, version, alias) = (context.Value(Name)!, context.Value(Version), context.Value(Alias)!);
        await suite.Post(context.Mlflow("registered-models/alias"), new { name, alias, version = version.ToString(CultureInfo.InvariantCulture) }, stop);
        if (context.Json)
            Say.Json(new { name, version, alias });
        else
            Say.Line($"{alias} is version {version} of {name}.");
    }
}
