using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MlLifecycle.ServiceDefaults.Files;

/// <summary>
/// What survives a power cut: the name of a file lies in its directory, and that is synced like a file, which .NET has no call for. Elsewhere than on
/// Unix a rename is durable by itself.
/// </summary>
public static partial class Durable
{
    private const int NotThere = 2; // ENOENT
    private const int IsThere = 17; // EEXIST

    /// <summary>Creates a directory and those above it that are not there yet.</summary>
    /// <param name="path">The directory's full path.</param>
    /// <exception cref="DirectoryNotFoundException">It, or one above it, was deleted at this moment.</exception>
    /// <exception cref="IOException">The path goes through a file, or the disk does not take it.</exception>
    public static void CreateDirectory(string path)
    {
        if (Directory.Exists(path))
            return;
        var above = Path.GetDirectoryName(path) ?? throw new ArgumentException($"'{path}' is not below a directory.", nameof(path));
        CreateDirectory(above);
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (IOException lost) when (lost.HResult == IsThere && !File.Exists(path))
        {
            // Another made it, and a third had taken it away before .NET looked at what it was.
            throw new DirectoryNotFoundException($"The directory {path} was deleted meanwhile.", lost);
        }

        Sync(above);
    }

    /// <summary>Moves a file, whose content is on the disk already, to its place on the same disk.</summary>
    /// <param name="file">The file.</param>
    /// <param name="place">Where to.</param>
    /// <param name="overwrite">Whether it replaces a file that is there; else that is an <see cref="IOException"/>.</param>
    /// <exception cref="DirectoryNotFoundException">The place's directory is not there, or was deleted at this moment, with or without the file.</exception>
    public static void Move(string file, string place, bool overwrite)
    {
        File.Move(file, place, overwrite);
        Sync(Path.GetDirectoryName(place)!);
    }

    private static void Sync(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Open(path, 0);
        if (descriptor < 0)
        {
            var why = new Win32Exception(Marshal.GetLastPInvokeError());
            throw why.NativeErrorCode == NotThere ? new DirectoryNotFoundException($"The directory {path} was deleted meanwhile.", why) : new IOException($"The directory {path} cannot be opened.", why);
        }

        try
        {
            if (Flush(descriptor) != 0)
                throw new IOException($"The directory {path} cannot be synced.", new Win32Exception(Marshal.GetLastPInvokeError()));
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
