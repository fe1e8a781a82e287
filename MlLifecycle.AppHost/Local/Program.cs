using System.CommandLine;
using MlLifecycle.AppHost.Local;

var chosen = Options.Command(Engine.RunAsync).Parse(args);
if (chosen.Errors.Count > 0)
{
    await Console.Error.WriteLineAsync(string.Join(' ', chosen.Errors.Select(error => error.Message)) + " See --help.");
    return 1;
}

// The engine hears the signals itself, and takes the time it needs to stop what it started.
return await chosen.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
