using MlLifecycle.AppHost.Local;

return await Options.Command(Engine.RunAsync).Parse(args).InvokeAsync();
