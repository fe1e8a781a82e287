using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using MlLifecycle.Datasets.Objects;
using MlLifecycle.Datasets.Versions;

namespace MlLifecycle.Datasets;

/// <summary>An object store in a temporary directory, and files to put into it.</summary>
public sealed class Files : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("mll-datasets-").FullName;

    public Files() => Store = new(_root);

    public ObjectStore Store { get; }

    public string Root => _root;

    public string Put(string text) => Put(Encoding.UTF8.GetBytes(text));

    public string Put(byte[] content)
    {
        using var writer = Store.Begin();
        writer.Write(content);
        return writer.Keep().Digest;
    }

    public async Task<string> Manifest(params (string Path, string Text)[] files) =>
        (await Versions.Manifest.Write(
            Store,
            files.OrderBy(f => f.Path, Comparer<string>.Create(FilePath.Compare)).Select(f => new ManifestEntry(f.Path, Put(f.Text), f.Text.Length)).ToAsyncEnumerable(),
            CancellationToken.None)).Digest;

    /// <summary>An IDX file: dimensions, then bytes.</summary>
    public static byte[] Idx(uint[] dimensions, byte[] values, byte type = 0x08)
    {
        var file = new byte[4 + (4 * dimensions.Length) + values.Length];
        file[2] = type;
        file[3] = (byte)dimensions.Length;
        for (var i = 0; i < dimensions.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(4 + (4 * i)), dimensions[i]);
        values.CopyTo(file, 4 + (4 * dimensions.Length));
        return file;
    }

    public static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(content);
        return packed.ToArray();
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
