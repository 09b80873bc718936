using System.Buffers.Binary;
using System.Text.Json;

namespace Fathom.Checkpoints;

/// <summary>
/// Writes a safetensors file from front to back: the tensors are declared first, then their bytes follow in the same
/// order. The file appears under its name only when it is complete.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly string path;
    private readonly string temporary;
    private readonly FileStream stream;
    private readonly long declared;
    private long written;
    private bool isDone;

    /// <summary>Starts a file.</summary>
    /// <param name="path">Where it is to appear; an existing file is replaced at the end.</param>
    /// <param name="tensors">Names, formats and shapes in the order in which the data will come.</param>
    /// <exception cref="ArgumentException">A shape is negative or too large, or a name occurs twice.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public SafetensorsWriter(string path, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        this.path = Path.GetFullPath(path);
        OutputFiles.CheckPlace(this.path);
        if (Directory.Exists(this.path)) throw new IOException($"{this.path} is a folder; name a file to write.");
        byte[] header = Header(tensors, out declared);
        temporary = this.path + ".tmp";
        stream = OutputFiles.Alone(this.path, () => new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20));
        try
        {
            stream.Write(header);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether a file of these tensors is there, in its full length.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">As for the constructor.</param>
    internal static bool IsWhole(string path, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors)
    {
        if (!File.Exists(path)) return false;
        byte[] header = Header(tensors, out long data), found = new byte[header.Length];
        using FileStream stream = File.OpenRead(path);
        return stream.Length == header.Length + data && stream.ReadAtLeast(found, found.Length, throwOnEndOfStream: false) == found.Length && found.AsSpan().SequenceEqual(header);
    }

    /// <summary>Writes the next bytes of the data.</summary>
    /// <exception cref="InvalidOperationException">There would be more bytes than were declared.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > declared - written) throw new InvalidOperationException("More bytes were written than the tensors declare.");
        stream.Write(bytes);
        written += bytes.Length;
    }

    /// <summary>Flushes the file to disk and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">Fewer bytes were written than declared.</exception>
    public void Complete()
    {
        if (written != declared) throw new InvalidOperationException($"Of {declared} declared bytes only {written} were written.");
        stream.Flush(flushToDisk: true);
        stream.Dispose();
        File.Move(temporary, path, overwrite: true);
        isDone = true;
    }

    /// <summary>Removes the unfinished file when <see cref="Complete"/> was not reached.</summary>
    public void Dispose()
    {
        try
        {
            stream.Dispose();
        }
        finally
        {
            if (!isDone) File.Delete(temporary);
        }
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
