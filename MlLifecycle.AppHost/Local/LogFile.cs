namespace MlLifecycle.AppHost.Local;

/// <summary>The log of one part, kept in a file: of this start, and of the one before with <c>.1</c> behind its name. A file that grows beyond 50 MB becomes the one before.</summary>
internal sealed class LogFile(string path) : IDisposable
{
    private const long Limit = 50_000_000;

    private readonly Lock _writing = new();
    private StreamWriter? _file = Begin(path);

    public string Path => path;

    public void Write(string line)
    {
        lock (_writing)
        {
            if (_file is null)
                return; // a last word after the end
            if (_file.BaseStream.Position > Limit)
            {
                _file.Dispose();
                _file = Begin(path);
            }

            _file.WriteLine(line);
        }
    }

    public void Dispose()
    {
        lock (_writing)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    private static StreamWriter Begin(string path)
    {
        if (File.Exists(path))
            File.Move(path, path + ".1", overwrite: true);
        return new StreamWriter(path) { AutoFlush = true };
    }
}
