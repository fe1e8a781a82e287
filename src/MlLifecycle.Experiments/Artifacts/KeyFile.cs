using System.Security.Cryptography;
using MlLifecycle.ServiceDefaults.Files;

namespace MlLifecycle.Experiments.Artifacts;

/// <summary>A key of 32 bytes in a file that only this service reads, made when it is first asked for; instances share the directory and so the key.</summary>
internal static class KeyFile
{
    public static byte[] Read(string file)
    {
        Durable.CreateDirectory(Path.GetDirectoryName(file)!);
        if (!File.Exists(file))
        {
            // Written aside and moved into place: nobody ever reads half a key. Whoever moves first has made it.
            var aside = $"{file}.{Guid.CreateVersion7():N}";
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var created = new FileStream(aside, options))
            {
                created.Write(RandomNumberGenerator.GetBytes(32));
                created.Flush(flushToDisk: true);
            }

            try
            {
                Durable.Move(aside, file, overwrite: false);
            }
            catch (IOException) when (File.Exists(file))
            {
                File.Delete(aside);
            }
        }

        return File.ReadAllBytes(file) is { Length: 32 } key ? key : throw new InvalidOperationException($"{file} does not hold a key of 32 bytes. Restore it, or remove it: what was made with it is then void.");
    }
}
