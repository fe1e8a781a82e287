using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MlLifecycle.Cli.Connection;

namespace MlLifecycle.Cli.Import;

/// <summary>
/// What an import has done so far, a line of JSON each, written when it is done. It makes going on quick; without it the tags on the copied runs
/// still keep anything from being copied twice. Of each run and logged model it holds 36 bytes in memory.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, (Guid Target, bool Model, bool Done)> _copies = [];
    private readonly HashSet<string> _experiments = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _places = new(StringComparer.Ordinal);
    private readonly StreamWriter? _file;

    private Journal(StreamWriter? file) => _file = file;

    /// <summary>The usual name of a journal.</summary>
    public static string NameFor(string source, string target)
    {
        var name = string.Concat($"mll-import-{Bare(source)}-to-{target.Split('/')[^1]}".Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-'));
        return (name.Length > 200 ? name[..200] : name) + ".journal";

        static string Bare(string address) => address[(address.IndexOf("://", StringComparison.Ordinal) + 3)..];
    }

    /// <summary>Opens the journal of an import, or begins it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="source">Where the import copies from.</param>
    /// <param name="target">Where it copies to.</param>
    /// <param name="readOnly">Whether only to look.</param>
    public static Journal Open(string path, string source, string target, bool readOnly)
    {
        if (readOnly && !File.Exists(path))
            return new(null);
        FileStream file;
        try
        {
            file = new FileStream(path, readOnly ? FileMode.Open : FileMode.OpenOrCreate, readOnly ? FileAccess.Read : FileAccess.ReadWrite, readOnly ? FileShare.ReadWrite : FileShare.None);
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The journal {path} cannot be used ({unusable.Message.TrimEnd('.')}): another import may be at work with it.");
        }

        try
        {
            var journal = new Journal(readOnly ? null : new StreamWriter(file) { AutoFlush = true });
            var whole = journal.Read(file, path, source, target);
            if (!readOnly)
            {
                // A line that was cut off was never done.
                file.SetLength(whole);
                file.Position = whole;
                if (whole == 0)
                    journal.Write(new { source, target });
            }
            else
            {
                file.Dispose();
            }

            return journal;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The copy of a run or of a logged model, as far as it is known.</summary>
    public string? CopyOf(string id)
    {
        lock (_lock)
            return !_copies.TryGetValue(Key(id), out var entry) ? null : entry.Model ? $"m-{entry.Target:N}" : entry.Target.ToString("N");
    }

    public bool IsDone(string id)
    {
        lock (_lock)
            return _copies.TryGetValue(Key(id), out var entry) && entry.Done;
    }

    /// <summary>Notes which run, or logged model, is whose copy. A copy that was lost is followed by another.</summary>
    public void Created(string id, string copy)
    {
        lock (_lock)
        {
            var entry = Copy(copy, done: false) ?? throw new CommandException($"The suite answered with an id that is none: {copy}.");
            if (_copies.TryGetValue(Key(id), out var known) && known.Target == entry.Target)
                return;
            _copies[Key(id)] = entry;
            Write(new { run = id, copy });
        }
    }

    public void Done(string id, string copy)
    {
        lock (_lock)
        {
            if (Copy(copy, done: true) is not { } entry || _copies.GetValueOrDefault(Key(id)) == entry)
                return;
            _copies[Key(id)] = entry;
            Write(new { run = id, copy, done = true });
        }
    }

    /// <summary>The copy of an experiment.</summary>
    public string? ExperimentOf(string experiment) => _places.GetValueOrDefault(experiment);

    public void Placed(string experiment, string copy)
    {
        if (_places.TryAdd(experiment, copy))
            Write(new { experiment, copy });
    }

    /// <summary>Whether an experiment that can change no more, since it is deleted, is copied.</summary>
    public bool IsClosed(string experiment) => _experiments.Contains(experiment);

    public void Closed(string experiment)
    {
        if (_experiments.Add(experiment))
            Write(new { experiment, closed = true });
    }

    public void Dispose() => _file?.Dispose();

    private void Write(object line) => _file?.Write(JsonSerializer.Serialize(line, Server.Json) + "\n");

    // Answers where the last whole line ends.
    private long Read(FileStream file, string path, string source, string target)
    {
        var whole = 0L;
        using var reader = new StreamReader(file, new UTF8Encoding(false), leaveOpen: true);
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            var length = Encoding.UTF8.GetByteCount(line) + 1;
            if (whole + length > file.Length)
                break;
            JsonNode? entry;
            try
            {
                entry = JsonNode.Parse(line);
            }
            catch (JsonException)
            {
                throw new CommandException($"{path} is not a journal of an import: line {number} is not readable.");
            }

            if (number == 1 && (entry.Text("source"), entry.Text("target")) != (source, target))
                throw new CommandException($"The journal {path} is of another import ({entry.Text("source")} to {entry.Text("target")}): choose another file with --journal.");
            Take(entry);
            whole += length;
        }

        return whole;
    }

    private void Take(JsonNode? entry)
    {
        if (entry.Text("run") is { } run && Copy(entry.Text("copy"), entry!["done"] is not null) is { } copy)
            _copies[Key(run)] = copy;
        else if (entry.Text("experiment") is { } experiment && entry.Text("copy") is { } place)
            _places[experiment] = place;
        else if (entry.Text("experiment") is { } closed)
            _experiments.Add(closed);
    }

    private static (Guid Target, bool Model, bool Done)? Copy(string? id, bool done)
    {
        var model = id?.StartsWith("m-", StringComparison.Ordinal) == true;
        return Guid.TryParse(model ? id![2..] : id, out var copy) ? (copy, model, done) : null;
    }

    private static UInt128 Key(string run)
    {
        Span<byte> digest = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(run), digest);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(digest);
    }
}
