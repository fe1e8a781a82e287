using System.Buffers.Binary;
using System.IO.Compression;

namespace MlLifecycle.Datasets.Idx;

/// <summary>What an IDX file's header says.</summary>
/// <param name="Count">How many examples.</param>
/// <param name="Height">Of an image; 1 for a label.</param>
/// <param name="Width">Of an image; 1 for a label.</param>
public sealed record IdxShape(long Count, int Height, int Width, bool Images)
{
    public int ExampleBytes => Height * Width;
}

/// <summary>
/// Reads the format of MNIST and its kin (LeCun, http://yann.lecun.com/exdb/mnist/): a big-endian header, then unsigned bytes, one image or label
/// after another; plain or in gzip. One example at a time, whatever the file's size.
/// </summary>
public sealed class IdxReader : IDisposable
{
    private const byte UnsignedByte = 0x08;
    private const int LargestSide = 1 << 14;
    private readonly Stream _content;
    private long _read;

    private IdxReader(Stream content, IdxShape shape) => (_content, Shape) = (content, shape);

    public IdxShape Shape { get; }

    /// <summary>Opens a file by its header.</summary>
    /// <param name="file">The file at its start; the reader owns it from here on.</param>
    /// <exception cref="InvalidDataException">It is not an IDX file of unsigned bytes with one or three dimensions.</exception>
    public static IdxReader Open(Stream file)
    {
        try
        {
            var content = new BufferedStream(IsGzip(file) ? new GZipStream(file, CompressionMode.Decompress) : file, 1 << 16);
            return new(content, Header(content));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next example.</summary>
    /// <param name="example">Takes <see cref="IdxShape.ExampleBytes"/> bytes.</param>
    /// <returns>False after the last one.</returns>
    /// <exception cref="InvalidDataException">The file holds fewer or more examples than its header says.</exception>
    public bool Read(Span<byte> example)
    {
        if (_read == Shape.Count)
        {
            return _content.ReadByte() < 0
                ? false
                : throw new InvalidDataException($"it goes on after the {Shape.Count} examples that its header announces.");
        }

        if (_content.ReadAtLeast(example[..Shape.ExampleBytes], Shape.ExampleBytes, throwOnEndOfStream: false) < Shape.ExampleBytes)
            throw new InvalidDataException($"it ends within example {_read} of the {Shape.Count} that its header announces.");
        _read++;
        return true;
    }

    public void Dispose() => _content.Dispose();

    private static IdxShape Header(Stream content)
    {
        Span<byte> magic = stackalloc byte[4];
        if (content.ReadAtLeast(magic, 4, throwOnEndOfStream: false) < 4 || magic[0] != 0 || magic[1] != 0)
            throw new InvalidDataException("it does not begin as an IDX file does.");
        if (magic[2] != UnsignedByte)
            throw new InvalidDataException($"its values have the type 0x{magic[2]:X2}; only unsigned bytes (0x08) are read.");
        if (magic[3] is not (1 or 3))
            throw new InvalidDataException($"it has {magic[3]} dimensions; labels have 1 and images 3.");
        var count = Dimension(content);
        if (magic[3] == 1)
            return new(count, 1, 1, false);
        var (height, width) = (Dimension(content), Dimension(content));
        return height is > 0 and <= LargestSide && width is > 0 and <= LargestSide
            ? new(count, (int)height, (int)width, true)
            : throw new InvalidDataException($"its images are said to be {width} x {height}; 1 to {LargestSide} a side are read.");
    }

    private static uint Dimension(Stream content)
    {
        Span<byte> dimension = stackalloc byte[4];
        return content.ReadAtLeast(dimension, 4, throwOnEndOfStream: false) == 4
            ? BinaryPrimitives.ReadUInt32BigEndian(dimension)
            : throw new InvalidDataException("it ends within its header.");
    }

    private static bool IsGzip(Stream file)
    {
        Span<byte> magic = stackalloc byte[2];
        var read = file.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
        file.Position = 0;
        return read == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
    }
}
