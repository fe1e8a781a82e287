using System.Security.Cryptography;

namespace MlLifecycle.Datasets.Objects;

/// <summary>An object on its way in: hashed while it is written.</summary>
public sealed class ObjectStream : Stream
{
    private readonly ObjectStore _store;
    private readonly string _path;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private string? _digest;
    private long _bytes;
    private bool _kept;

    internal ObjectStream(ObjectStore store, string path)
    {
        (_store, _path) = (store, path);
        _file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 });
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => _digest is null;

    public override long Length => _bytes;

    public override long Position
    {
        get => _bytes;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _hash.AppendData(buffer);
        _file.Write(buffer);
        _bytes += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    // A write to a local file does not wait for anything worth yielding the thread for.
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    /// <summary>Ends the content and says its digest.</summary>
    public string Seal() => _digest ??= Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <summary>Puts the content in the store for good: on disk first, then under its name.</summary>
    public StoredObject Keep()
    {
        var stored = _store.Keep(_file, Seal(), _bytes);
        _kept = true;
        return stored;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            _file.Dispose();
            if (!_kept)
                File.Delete(_path);
        }

        base.Dispose(disposing);
    }
}
