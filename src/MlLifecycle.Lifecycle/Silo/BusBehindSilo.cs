using MassTransit;

namespace MlLifecycle.Lifecycle.Silo;

/// <summary>Keeps the bus behind the silo: facts wait until grains can be called, and stop coming before grains go.</summary>
public sealed class BusBehindSilo(IServiceProvider services) : IHostedLifecycleService
{
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Open(CancellationToken cancellation) => _started.Task.WaitAsync(cancellation);

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _started.TrySetResult();
        return Task.CompletedTask;
    }

    // The bus was registered first and would stop last. Its own service stops it, so that it knows of it when its turn comes.
    public Task StoppingAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(services.GetServices<IHostedService>()
            .Where(service => service.GetType().Assembly == typeof(IBusControl).Assembly)
            .Select(bus => bus.StopAsync(cancellationToken)));

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
