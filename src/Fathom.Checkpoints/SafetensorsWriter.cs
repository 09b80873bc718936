using System.Buffers.Binary;
using System.Text.Json;
using Fathom.Checkpoints.Conversion;
using Microsoft.Win32.SafeHandles;

namespace Fathom.Checkpoints;

/// <summary>
/// Writes a safetensors file from front to back: the tensors are declared first, then their bytes follow in the same
/// order. The file appears under its name only when it is complete. A resumable one keeps what was written when it is
/// stopped, and the next writer of the same goes on there.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly string path;
    private readonly string temporary;
    private readonly FileStream stream;
    private readonly ShardMark? mark;
    private readonly DiskMarks? marks;
    private readonly long declared;

    // Bytes of whole parts.
    private long whole;
    private bool isDone;

    /// <summary>Starts a file.</summary>
    /// <param name="path">Where it is to appear; an existing file is replaced at the end.</param>
    /// <param name="tensors">Names, formats and shapes in the order in which the data will come.</param>
    /// <exception cref="ArgumentException">A shape is negative or too large, or a name occurs twice.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public SafetensorsWriter(string path, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors)
        : this(path, tensors, null)
    {
    }

    /// <summary>Goes on with a file, or starts it.</summary>
    /// <param name="path">As for the other.</param>
    /// <param name="tensors">As for the other.</param>
    /// <param name="mark">Says how much is there, and hears of it; null where nothing is to be resumed.</param>
    internal SafetensorsWriter(string path, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors, ShardMark? mark)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        this.path = Path.GetFullPath(path);
        this.mark = mark;
        OutputFiles.CheckPlace(this.path);
        if (Directory.Exists(this.path)) throw new IOException($"{this.path} is a folder; name a file to write.");
        byte[] header = Header(tensors, out declared);
        temporary = this.path + AtomicFile.TemporaryExtension;
        Written = whole = mark is null ? 0 : BytesThere(this.path, tensors, mark);

        // What is begun anew must not be taken for what an older mark speaks of.
        if (Written == 0) mark?.Forget();
        SafeFileHandle handle = OutputFiles.Alone(this.path, () => File.OpenHandle(temporary, Written > 0 ? FileMode.Open : FileMode.Create, FileAccess.Write, FileShare.None));
        stream = new FileStream(handle, FileAccess.Write, 1 << 20);
        if (mark is not null) marks = new DiskMarks(stream, handle, whole, bytes => mark.Set(Path.GetFileName(path), bytes));
        try
        {
            if (Written == 0) stream.Write(header);
            else stream.SetLength(stream.Position = header.Length + Written);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Bytes of the data that are written; at the beginning, those that are there from the time before.</summary>
    internal long Written { get; private set; }

    /// <summary>Bytes of the data that an unfinished file has on the disk.</summary>
    /// <param name="path">Where the file is to appear.</param>
    /// <param name="tensors">As for the constructor.</param>
    /// <param name="mark">Says how much is there.</param>
    internal static long BytesThere(string path, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors, ShardMark mark)
    {
        long before = mark.Before(Path.GetFileName(path));
        string temporary = path + AtomicFile.TemporaryExtension;
        if (before == 0 || !File.Exists(temporary)) return 0;
        byte[] header = Header(tensors, out long data);
        return before <= data && new FileInfo(temporary).Length >= header.Length + before && BeginsWith(temporary, header) ? before : 0;
    }

    /// <summary>Whether a file of these tensors is there, in its full length.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">As for the constructor.</param>
    internal static bool IsWhole(string path, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors)
    {
        if (!File.Exists(path)) return false;
        byte[] header = Header(tensors, out long data);
        return new FileInfo(path).Length == header.Length + data && BeginsWith(path, header);
    }

    /// <summary>Writes the next bytes of the data.</summary>
    /// <exception cref="InvalidOperationException">There would be more bytes than were declared.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > declared - Written) throw new InvalidOperationException("More bytes were written than the tensors declare.");
        stream.Write(bytes);
        Written += bytes.Length;
    }

    /// <summary>Flushes the file to disk and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">Fewer bytes were written than declared.</exception>
    public void Complete()
    {
        if (Written != declared) throw new InvalidOperationException($"Of {declared} declared bytes only {Written} were written.");
        whole = Written;
        if (marks is null) stream.Flush(flushToDisk: true);
        else marks.Now(whole);
        stream.Dispose();
        File.Move(temporary, path, overwrite: true);
        isDone = true;
        mark?.Forget();
    }

    /// <summary>Removes the unfinished file when <see cref="Complete"/> was not reached, unless it is to be resumed.</summary>
    public void Dispose()
    {
        if (!isDone) marks?.AtEnd(whole);
        try
        {
            stream.Dispose();
        }
        finally
        {
            if (!isDone && mark is null) File.Delete(temporary);
        }
    }

    /// <summary>Says that a part is whole, between which and the next a later run may go on.</summary>
    internal void EndPart()
    {
        whole = Written;
        marks?.Soon(whole);
    }

    private static bool BeginsWith(string file, byte[] header)
    {
        var found = new byte[header.Length];
        using FileStream stream = File.OpenRead(file);
        return stream.ReadAtLeast(found, found.Length, throwOnEndOfStream: false) == found.Length && found.AsSpan().SequenceEqual(header);
    }

    // Its length, then the descriptions of the tensors.
    private static byte[] Header(IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors, out long total)
    {
        using var memory = new MemoryStream();
        memory.Write(stackalloc byte[sizeof(long)]);
        var names = new HashSet<string>(StringComparer.Ordinal);
        total = 0;
        using (var json = new Utf8JsonWriter(memory))
        {
            json.WriteStartObject();
            foreach ((string name, StoredType type, long[] shape) in tensors)
            {
                if (!names.Add(name)) throw new ArgumentException($"The tensor '{name}' is declared twice.", nameof(tensors));
                long bytes = StoredTypes.BytesOf(type, shape);
                if (bytes < 0) throw new ArgumentException($"The tensor '{name}' has an impossible shape.", nameof(tensors));
                json.WriteStartObject(name);
                json.WriteString("dtype", StoredTypes.NameOf(type));
                json.WriteStartArray("shape");
                foreach (long dimension in shape) json.WriteNumberValue(dimension);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(total);
                json.WriteNumberValue(total += bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Readers like data that starts at a multiple of eight; JSON allows blanks at the end.
        while (memory.Length % 8 != 0) memory.WriteByte((byte)' ');
        byte[] header = memory.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - sizeof(long));
        return header;
    }
}
