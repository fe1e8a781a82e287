namespace MlLifecycle.AppHost.Local;

/// <summary>Something the suite needs cannot run here. The message is one sentence for the person at the terminal: what, and what to do about it.</summary>
public sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);
