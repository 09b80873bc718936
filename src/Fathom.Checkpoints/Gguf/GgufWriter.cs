using Fathom.Checkpoints.Conversion;
using Microsoft.Win32.SafeHandles;

namespace Fathom.Checkpoints.Gguf;

/// <summary>
/// Writes a GGUF file from front to back: the tensors are declared first, then their bytes follow in the same order. The
/// file appears under its name only when it is complete. A resumable one keeps what was written under its name with
/// <c>.partial</c> behind it, and beside it how many tensors are whole and what they were made of; the next writer of the same goes on there.
/// </summary>
public sealed class GgufWriter : IDisposable
{
    private const string TemporaryExtension = ".tmp";

    private readonly string path;
    private readonly string temporary;
    private readonly GgufPartial? partial;
    private readonly IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors;
    private readonly FileStream stream;
    private readonly DiskMarks? marks;
    private long left;
    private bool isFinished, isDone;

    /// <summary>Starts a file.</summary>
    /// <param name="path">Where it is to appear; an existing file is replaced at the end.</param>
    /// <param name="metadata">As for <see cref="GgufHeader.ToBytes"/>.</param>
    /// <param name="tensors">Names, formats and shapes in the order in which the data will come.</param>
    /// <exception cref="ArgumentException">A format is none of GGUF's, or a shape is impossible.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public GgufWriter(string path, IReadOnlyList<KeyValuePair<string, object>> metadata, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors)
        : this(path, GgufPartial.HeaderOf(metadata, tensors), tensors, null)
    {
    }

    /// <summary>Goes on with a file, or starts it.</summary>
    internal GgufWriter(GgufPartial partial)
        : this(partial.Path, partial.Header, partial.Tensors, partial)
    {
    }

    private GgufWriter(string path, byte[] header, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors, GgufPartial? partial)
    {
        this.path = Path.GetFullPath(path);
        this.tensors = tensors;
        this.partial = partial;
        OutputFiles.CheckPlace(this.path);
        if (Directory.Exists(this.path)) throw new IOException($"{this.path} is a folder; name a file to write.");
        int earlier = partial?.Before().Tensors ?? 0;
        temporary = partial?.Data ?? this.path + TemporaryExtension;
        SafeFileHandle handle = OutputFiles.Alone(this.path, () => File.OpenHandle(temporary, partial is null ? FileMode.Create : FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        stream = new FileStream(handle, FileAccess.ReadWrite, 1 << 20);
        try
        {
            long end = header.Length + tensors.Take(earlier).Sum(tensor => GgufHeader.Padded(GgufPartial.BytesOf(tensor)));
            NextTensor = stream.Length >= end ? earlier : 0;
            if (NextTensor == 0)
            {
                partial?.Forget();
                stream.SetLength(0);
                stream.Write(header);
                end = header.Length;
            }

            if (partial is not null) marks = new DiskMarks(stream, handle, NextTensor, finished => partial.Mark((int)finished));
            stream.SetLength(end);
            stream.Position = end;
            left = NextTensor < tensors.Count ? GgufPartial.BytesOf(tensors[NextTensor]) : 0;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

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
        long bytes = GgufPartial.BytesOf(tensors[NextTensor]);
        stream.Write(new byte[GgufHeader.Padded(bytes) - bytes]);
        NextTensor++;
        left = NextTensor < tensors.Count ? GgufPartial.BytesOf(tensors[NextTensor]) : 0;
        marks?.Soon(NextTensor);
    }

    /// <summary>Flushes the file to disk and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">Not all tensors were written.</exception>
    public void Complete()
    {
        Finish();
        Publish(mayReplace: true);
    }

    /// <summary>Flushes the file to disk and closes it under its temporary name.</summary>
    /// <exception cref="InvalidOperationException">Not all tensors were written.</exception>
    public void Finish()
    {
        if (NextTensor != tensors.Count) throw new InvalidOperationException($"Of {tensors.Count} declared tensors only {NextTensor} were written.");
        if (marks is null) stream.Flush(flushToDisk: true);
        else marks.Now(NextTensor);
        isFinished = true;
        stream.Dispose();
    }

    /// <summary>Gives a finished file its name.</summary>
    /// <param name="mayReplace">Whether a file of this name may be replaced.</param>
    /// <exception cref="IOException">There is one.</exception>
    public void Publish(bool mayReplace)
    {
        File.Move(temporary, path, mayReplace);
        isDone = true;
    }

    /// <summary>Removes the unfinished file when <see cref="Complete"/> was not reached, unless it is to be resumed.</summary>
    public void Dispose()
    {
        if (!isFinished) marks?.AtEnd(NextTensor);
        try
        {
            stream.Dispose();
        }
        finally
        {
            if (!isDone && partial is null) File.Delete(temporary);
        }
    }
}
