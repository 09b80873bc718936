using Microsoft.Win32.SafeHandles;

namespace Fathom.Checkpoints;

/// <summary>What a file was like at some time, to tell whether somebody wrote into it since.</summary>
/// <param name="Length">Its bytes.</param>
/// <param name="Written">When it was last written.</param>
internal readonly record struct FileState(long Length, DateTime Written);

/// <summary>
/// A file of weights that is read by calls: what is cut off, gone or unreadable is one sentence, where a touched page of
/// mapped memory would end the process.
/// </summary>
internal sealed class WeightFile : IDisposable
{
    private WeightFile(string path, SafeFileHandle handle)
    {
        Path = path;
        Handle = handle;
        Opened = State;
    }

    /// <summary>Where the file lies.</summary>
    public string Path { get; }

    /// <summary>The opened file.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>What it was like when it was opened.</summary>
    public FileState Opened { get; }

    /// <summary>Its bytes when it was opened.</summary>
    public long Length => Opened.Length;

    /// <summary>What it is like now. Asked of the opened file: a symbolic link, as hubs' own caches have them, says its own length.</summary>
    public FileState State => new(RandomAccess.GetLength(Handle), File.GetLastWriteTimeUtc(Handle));

    /// <summary>Opens a file.</summary>
    /// <exception cref="CheckpointException">It cannot be read.</exception>
    public static WeightFile Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
            return new WeightFile(path, handle);
        }
        catch (Exception exception)
        {
            handle?.Dispose();
            if (exception is IOException or UnauthorizedAccessException or ArgumentException)
                throw new CheckpointException(path, null, "a readable file", exception.Message, "check the path and its permissions", exception);
            throw;
        }
    }

    /// <summary>Opens a file that has at least so many bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="leastBytes">What it must have.</param>
    /// <param name="what">What these bytes are, for the message.</param>
    /// <exception cref="CheckpointException">It cannot be read or is shorter.</exception>
    public static WeightFile Open(string path, long leastBytes, string what)
    {
        WeightFile file = Open(path);
        if (file.Length >= leastBytes) return file;
        file.Dispose();
        throw new CheckpointException(path, null, $"at least the {leastBytes} bytes of {what}", $"a file of {file.Length} bytes");
    }

    /// <summary>Fills memory with bytes of the file.</summary>
    /// <param name="offset">Where in the file.</param>
    /// <param name="target">Receives the bytes.</param>
    /// <param name="what">The tensor or key that they belong to, for the message.</param>
    /// <exception cref="CheckpointException">The file has not got them any more, or cannot be read.</exception>
    public void Read(long offset, Span<byte> target, string? what)
    {
        try
        {
            for (int done = 0; done < target.Length;)
            {
                int read = RandomAccess.Read(Handle, target[done..], offset + done);
                if (read == 0) throw new CheckpointException(Path, what, $"data up to byte {offset + target.Length}", $"the file's end at {offset + done}", "the file was cut off while it was read, fetch it again");
                done += read;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(Path, what, "a readable file", exception.Message, "check the disk, or fetch the file again", exception);
        }
    }

    /// <summary>Closes it.</summary>
    public void Dispose() => Handle.Dispose();
}
