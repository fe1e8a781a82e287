using System.CommandLine;
using MlLifecycle.Cli.Output;

namespace MlLifecycle.Cli.Connection;

/// <summary>What a command does, and how what goes wrong in it is told.</summary>
internal static class Acting
{
    public static Command Does(this Command command, Func<Context, CancellationToken, Task> act) => command.Does(async (context, stop) =>
    {
        await act(context, stop);
        return ExitCode.Done;
    });

    public static Command Does(this Command command, Func<Context, CancellationToken, Task<int>> act)
    {
        command.SetAction(async (parsed, stop) =>
        {
            try
            {
                return await act(new Context(parsed), stop);
            }
            catch (CommandException impossible)
            {
                Say.Problem(impossible.Message);
                return impossible.ExitCode;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                Say.Problem("Stopped.");
                return ExitCode.Stopped;
            }
        });
        return command;
    }
}
