using System.CommandLine;
using MlLifecycle.AppHost.Local;

// The engine hears the signals itself, and takes the time it needs to stop what it started.
return await Options.Command(Engine.RunAsync).Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
