using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Caching.Memory;
using MlLifecycle.Experiments.Runs;

namespace MlLifecycle.Experiments.Search;

/// <summary>
/// Runs as searches answer them. Tables and clients that watch an experiment ask for much the same runs again and again: a run that has not changed
/// since it was last answered is neither read nor written anew. What is kept is told to be current by the stamp that the search itself has just read,
/// so an answer is never older than its search.
/// </summary>
internal sealed class RenderedRuns(RunReader reader) : IDisposable
{
    private const long MostBytes = 64 << 20;

    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = MostBytes });

    /// <summary>The runs as JSON, in their order; those purged in the meantime are left out.</summary>
    public async Task<IReadOnlyList<byte[]>> Many(IReadOnlyList<FoundRun> runs, CancellationToken cancellation)
    {
        var found = new Dictionary<long, byte[]>(runs.Count);
        foreach (var run in runs)
        {
            if (_kept.TryGetValue(run.Key, out Kept kept) && kept.Stamp == run.Stamp)
                found[run.Key] = kept.Json;
        }

        var missing = runs.Where(run => !found.ContainsKey(run.Key)).Select(run => run.Key).ToList();
        if (missing.Count > 0)
        {
            var buffer = new ArrayBufferWriter<byte>(4096);
            await using var json = new Utf8JsonWriter(buffer, WriterOptions.Relaxed);
            foreach (var record in await reader.Many(missing, cancellation))
            {
                record.Write(json);
                json.Flush();
                var bytes = found[record.Key] = buffer.WrittenSpan.ToArray();
                _kept.Set(record.Key, new Kept(record.Stamp, bytes), new MemoryCacheEntryOptions { Size = bytes.Length });
                buffer.ResetWrittenCount();
                json.Reset();
            }
        }

        return [.. runs.Where(run => found.ContainsKey(run.Key)).Select(run => found[run.Key])];
    }

    public void Dispose() => _kept.Dispose();

    private readonly record struct Kept(RunStamp Stamp, byte[] Json);
}
