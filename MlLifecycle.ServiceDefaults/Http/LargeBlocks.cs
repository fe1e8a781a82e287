using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace MlLifecycle.ServiceDefaults.Http;

/// <summary>
/// Memory for connections in blocks of 64 KiB. The server reads a socket a block at a time, and its own blocks are of 4 KiB: a file of 16 MiB took four
/// thousand reads.
/// </summary>
internal sealed class LargeBlocks : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int Block = 64 << 10;

    public override int MaxBufferSize => int.MaxValue;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => Shared.Rent(Math.Max(minBufferSize, Block));

    protected override void Dispose(bool disposing)
    {
    }
}
