namespace MlLifecycle.Cli.Import;

/// <summary>A stream that is read once, and counted.</summary>
internal sealed class CountedStream(Stream inner) : Stream
{
    /// <summary>A file takes as long as it takes, as long as something of it comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public long Count { get; private set; }

    /// <summary>Why it could not be read to its end; null when it could.</summary>
    public Exception? Failure { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => Count;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = inner.Read(buffer, offset, count);
        Count += read;
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        try
        {
            var read = await inner.ReadAsync(buffer, deadline.Token);
            Count += read;
            return read;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var silent = new IOException($"nothing came for {Patience.TotalMinutes:0} minutes");
            Failure = silent;
            throw silent;
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException)
        {
            Failure = broken;
            throw;
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
