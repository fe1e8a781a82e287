namespace MlLifecycle.ServiceDefaults.Tables;

/// <summary>The part of a file that is being read: large enough for the longest row, moved forward row by row.</summary>
internal sealed class ByteWindow(Stream stream) : IDisposable
{
    /// <summary>A row longer than this is refused, so that one stray quote cannot swallow the table.</summary>
    public const int LongestRow = 1 << 20;

    private readonly byte[] _buffer = new byte[2 * LongestRow];
    private int _start;
    private int _end;

    /// <summary>The bytes at hand, from the next row on.</summary>
    public ReadOnlySpan<byte> Text => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Whether the file holds nothing beyond <see cref="Text"/>.</summary>
    public bool Final { get; private set; }

    /// <summary>Brings in more of the file; false when there is no more, or the bytes at hand are longer than any row may be.</summary>
    public bool Fill()
    {
        if (Final || Text.Length > LongestRow)
            return false;
        Text.CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        var read = stream.ReadAtLeast(_buffer.AsSpan(_end), _buffer.Length - _end, throwOnEndOfStream: false);
        Final = _end + read < _buffer.Length;
        _end += read;
        return true;
    }

    public void Advance(int bytes) => _start += bytes;

    /// <summary>Moves behind the next line feed, or to the end of the file.</summary>
    public void SkipLine()
    {
        while (true)
        {
            var feed = Text.IndexOf((byte)'\n');
            if (feed >= 0)
            {
                Advance(feed + 1);
                return;
            }

            Advance(Text.Length);
            if (!Fill())
                return;
        }
    }

    public void Dispose() => stream.Dispose();
}
