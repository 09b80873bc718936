using System.Globalization;

namespace Fathom.Checkpoints.Gguf;

/// <summary>
/// Writes a GGUF file from front to back: the tensors are declared first, then their bytes follow in the same order. The
/// file appears under its name only when it is complete. A resumable one keeps what was written under its name with
/// <c>.partial</c> behind it, and beside it how many tensors are whole; the next writer with the same header goes on there.
/// </summary>
public sealed class GgufWriter : IDisposable
{
    private const string PartialExtension = ".partial", DoneExtension = ".partial.done";

    private readonly string path;
    private readonly string temporary;
    private readonly bool isResumable;
    private readonly IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors;
    private readonly FileStream stream;
    private long left;
    private bool isDone;

    /// <summary>Starts a file, or goes on with one.</summary>
    /// <param name="path">Where it is to appear; an existing file is replaced at the end.</param>
    /// <param name="metadata">As for <see cref="GgufHeader.ToBytes"/>.</param>
    /// <param name="tensors">Names, formats and shapes in the order in which the data will come.</param>
    /// <param name="isResumable">Whether an unfinished file stays for the next time.</param>
    /// <exception cref="ArgumentException">A format is none of GGUF's, or a shape is impossible.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public GgufWriter(string path, IReadOnlyList<KeyValuePair<string, object>> metadata, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors, bool isResumable = false)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        this.path = Path.GetFullPath(path);
        this.tensors = tensors;
        this.isResumable = isResumable;
        if (!Directory.Exists(Path.GetDirectoryName(this.path))) throw new DirectoryNotFoundException($"There is no folder {Path.GetDirectoryName(this.path)} to write {Path.GetFileName(path)} into; make it first.");
        if (Directory.Exists(this.path)) throw new IOException($"{this.path} is a folder; name a file to write.");
        byte[] header = GgufHeader.ToBytes(metadata, [.. tensors.Select(tensor => (tensor.Name, StoredTypes.GgmlOf(tensor.Type), tensor.Shape, BytesOf(tensor)))]);
        temporary = isResumable ? PartialOf(this.path) : $"{this.path}.{Path.GetRandomFileName()}.tmp";
        stream = new FileStream(temporary, isResumable ? FileMode.OpenOrCreate : FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 20);
        try
        {
            NextTensor = isResumable ? FinishedBefore(header) : 0;
            if (NextTensor == 0) stream.Write(header);
            long end = header.Length + tensors.Take(NextTensor).Sum(tensor => GgufHeader.Padded(BytesOf(tensor)));
            stream.SetLength(end);
            stream.Position = end;
            left = NextTensor < tensors.Count ? BytesOf(tensors[NextTensor]) : 0;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The name of an unfinished file that is to be gone on with.</summary>
    internal static string PartialOf(string path) => path + PartialExtension;

    /// <summary>The tensor whose bytes come next; at the beginning, how many are there from the time before.</summary>
    public int NextTensor { get; private set; }

    /// <summary>Writes the next bytes of the current tensor.</summary>
    /// <exception cref="InvalidOperationException">There would be more bytes than were declared.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > left) throw new InvalidOperationException("More bytes were written than the tensor has.");
        stream.Write(bytes);
        left -= bytes.Length;
    }

    /// <summary>Ends the current tensor and turns to the next.</summary>
    /// <exception cref="InvalidOperationException">Fewer bytes were written than declared.</exception>
    public void EndTensor()
    {
        if (left != 0) throw new InvalidOperationException($"The tensor '{tensors[NextTensor].Name}' misses {left} bytes.");
        long bytes = BytesOf(tensors[NextTensor]);
        stream.Write(new byte[GgufHeader.Padded(bytes) - bytes]);
        NextTensor++;
        left = NextTensor < tensors.Count ? BytesOf(tensors[NextTensor]) : 0;
        if (!isResumable) return;

        // First the data, then the word that they are there.
        stream.Flush(flushToDisk: true);
        AtomicFile.Write(path + DoneExtension, NextTensor.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Flushes the file to disk and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">Not all tensors were written.</exception>
    public void Complete()
    {
        Finish();
        Publish();
    }

    /// <summary>Flushes the file to disk and closes it under its temporary name.</summary>
    /// <exception cref="InvalidOperationException">Not all tensors were written.</exception>
    public void Finish()
    {
        if (NextTensor != tensors.Count) throw new InvalidOperationException($"Of {tensors.Count} declared tensors only {NextTensor} were written.");
        stream.Flush(flushToDisk: true);
        stream.Dispose();
    }

    /// <summary>Gives a finished file its name.</summary>
    public void Publish()
    {
        File.Move(temporary, path, overwrite: true);
        File.Delete(path + DoneExtension);
        isDone = true;
    }

    /// <summary>Removes the unfinished file when <see cref="Complete"/> was not reached, unless it is to be resumed.</summary>
    public void Dispose()
    {
        try
        {
            stream.Dispose();
        }
        finally
        {
            if (!isDone && !isResumable) File.Delete(temporary);
        }
    }

    private static long BytesOf((string Name, StoredType Type, long[] Shape) tensor) => StoredTypes.BytesOf(tensor.Type, tensor.Shape) is >= 0 and var bytes
        ? bytes
        : throw new ArgumentException($"The tensor '{tensor.Name}' has a shape that {StoredTypes.NameOf(tensor.Type)} cannot hold.");

    // Only a file with the very same header is gone on with.
    private int FinishedBefore(byte[] header)
    {
        string done = path + DoneExtension;
        if (!File.Exists(done) || !int.TryParse(File.ReadAllText(done), NumberStyles.None, CultureInfo.InvariantCulture, out int finished) || finished > tensors.Count) return Anew();
        var found = new byte[header.Length];
        if (stream.ReadAtLeast(found, found.Length, throwOnEndOfStream: false) < found.Length || !found.AsSpan().SequenceEqual(header)) return Anew();
        long end = header.Length + tensors.Take(finished).Sum(tensor => GgufHeader.Padded(BytesOf(tensor)));
        return stream.Length >= end && finished > 0 ? finished : Anew();
    }

    private int Anew()
    {
        File.Delete(path + DoneExtension);
        stream.SetLength(0);
        stream.Position = 0;
        return 0;
    }
}
