using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using MlLifecycle.Monitoring.Predictions;
using MlLifecycle.ServiceDefaults.Decisions;
using MlLifecycle.ServiceDefaults.Tables;

namespace MlLifecycle.Monitoring.References;

/// <summary>
/// Grey images in the format of MNIST (LeCun, http://yann.lecun.com/exdb/mnist/), plain or in gzip, as a table of one column: each image's mean
/// brightness.
/// </summary>
public sealed class IdxImages : IRows
{
    private const uint Magic = 0x0000_0803; // unsigned bytes in three dimensions
    private const int LargestSide = 1 << 14;
    private readonly Stream _content;
    private readonly byte[] _image;
    private readonly long _count;

    private IdxImages(Stream content, long count, int pixels) => (_content, _count, _image) = (content, count, new byte[pixels]);

    public IReadOnlyList<string> Columns { get; } = [Cell.Brightness];

    public long Row { get; private set; }

    public static IdxImages? Open(string path, out Refusal? refusal)
    {
        var file = File.OpenRead(path);
        var content = new BufferedStream(IsGzip(file) ? new GZipStream(file, CompressionMode.Decompress) : file, 1 << 16);
        var header = new byte[16];
        var whole = true;
        try
        {
            whole = content.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) == header.Length;
        }
        catch (InvalidDataException)
        {
            whole = false; // not what gzip makes
        }

        uint Field(int at) => BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(at));
        refusal = !whole || Field(0) != Magic ? Broken("it does not begin as a file of images in the IDX format does.")
            : Field(8) is 0 or > LargestSide || Field(12) is 0 or > LargestSide ? Broken($"its images are said to be {Field(12)} x {Field(8)}; 1 to {LargestSide} a side are read.")
            : null;
        if (refusal is null)
            return new(content, Field(4), (int)(Field(8) * Field(12)));
        content.Dispose();
        return null;
    }

    public bool Read(Span<string?> cells, out RefusedRow? refused)
    {
        refused = null;
        if (Row == _count)
            return false;
        int read;
        try
        {
            read = _content.ReadAtLeast(_image, _image.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException)
        {
            read = 0;
        }

        if (read < _image.Length)
            throw new RefusedTableException(Broken($"it ends within image {Row + 1} of the {_count} that its header announces. Was it cut off?"));
        Row++;
        cells[0] = Cell.Mean(_image).ToString("R", CultureInfo.InvariantCulture);
        return true;
    }

    public void Dispose() => _content.Dispose();

    private static Refusal Broken(string why) => new(400, "malformed-table", $"The image file cannot be read: {why}") { Field = "path" };

    private static bool IsGzip(FileStream file)
    {
        Span<byte> magic = stackalloc byte[2];
        var read = file.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
        file.Position = 0;
        return read == 2 && magic[0] == 0x1F && magic[1] == 0x8B;
    }
}

/// <summary>A file that turns out broken in its middle: nothing of it can be used.</summary>
public sealed class RefusedTableException(Refusal refusal) : Exception(refusal.Detail)
{
    public Refusal Refusal => refusal;
}
