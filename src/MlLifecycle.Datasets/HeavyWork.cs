namespace MlLifecycle.Datasets;

/// <summary>Runs what looks into whole files, one at a time in this process: each may use its full allowance of memory.</summary>
public sealed class HeavyWork : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);

    public async Task<T> Run<T>(Func<T> work, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            return await Task.Run(work, ct);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
