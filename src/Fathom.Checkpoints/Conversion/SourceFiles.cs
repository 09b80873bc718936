using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Fathom.Checkpoints.Conversion;

/// <summary>
/// The weight files of a checkpoint, read by calls and not through mapped memory: what is cut off, gone or unreadable is
/// one sentence, where a touched page would end the process. Used by one thread at a time.
/// </summary>
internal sealed unsafe class SourceFiles : IDisposable
{
    // Open at the same time; of more parts some are opened again.
    private const int MostOpen = 64;
    private const int HeadBytes = 64 << 10;

    private readonly Dictionary<string, (long Length, DateTime Written)> files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafeFileHandle> handles = new(StringComparer.Ordinal);
    private readonly string location;

    /// <summary>Remembers what the files are like now.</summary>
    /// <exception cref="CheckpointException">One of them cannot be read.</exception>
    public SourceFiles(Checkpoint source)
    {
        location = source.Location;
        try
        {
            foreach (string path in source.Tensors.Select(tensor => tensor.File).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)) Open(path, null);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>All files that a conversion reads, the small ones of a folder too.</summary>
    public IEnumerable<string> Paths => Directory.Exists(location) ? files.Keys.Concat(Directory.EnumerateFiles(location, "*.json")) : files.Keys;

    /// <summary>Tells these files from others and from themselves at another time: paths, lengths, times of writing, and how each begins.</summary>
    public string Identity()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var head = new byte[HeadBytes];
        foreach ((string path, (long length, DateTime written)) in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFullPath(path)}\n{length} {written.Ticks}\n")));
            int bytes = (int)Math.Min(length, head.Length);
            fixed (byte* target = head) Read(path, null, 0, target, bytes);
            hash.AppendData(head, 0, bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Reads a piece of a tensor.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="offset">Where in it, in bytes.</param>
    /// <param name="target">Receives the bytes.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="CheckpointException">The file has not got them any more, or cannot be read.</exception>
    public void Read(StoredTensor tensor, long offset, byte* target, long count)
    {
        if (tensor.FileOffset == StoredTensor.NotInFile) Buffer.MemoryCopy(tensor.Data + offset, target, count, count);
        else Read(tensor.File, tensor.Name, tensor.FileOffset + offset, target, count);
    }

    /// <summary>Makes sure that nobody wrote into the files since the beginning.</summary>
    /// <exception cref="CheckpointException">Somebody did.</exception>
    public void CheckUnchanged()
    {
        foreach (string path in files.Keys)
        {
            if (handles.TryGetValue(path, out SafeFileHandle? open)) Check(path, open);
            else Open(path, null);
        }
    }

    public void Dispose()
    {
        foreach (SafeFileHandle handle in handles.Values) handle.Dispose();
        handles.Clear();
    }

    private void Read(string path, string? tensor, long offset, byte* target, long count)
    {
        SafeFileHandle handle = handles.GetValueOrDefault(path) ?? Open(path, tensor);
        try
        {
            for (long done = 0; done < count;)
            {
                int read = RandomAccess.Read(handle, new Span<byte>(target + done, (int)Math.Min(count - done, int.MaxValue)), offset + done);
                if (read == 0) throw new CheckpointException(path, tensor, $"data up to byte {offset + count}", $"the file's end at {offset + done}", "the file was cut off while it was read, fetch it again");
                done += read;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, tensor, exception);
        }
    }

    private SafeFileHandle Open(string path, string? tensor)
    {
        if (handles.Count >= MostOpen)
        {
            foreach ((string other, SafeFileHandle open) in handles) Check(other, open);
            Dispose();
        }

        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
            if (!files.TryAdd(path, StateOf(handle))) Check(path, handle);
            handles.Add(path, handle);
            return handle;
        }
        catch (Exception exception)
        {
            handle?.Dispose();
            if (exception is IOException or UnauthorizedAccessException) throw Unreadable(path, tensor, exception);
            throw;
        }
    }

    private void Check(string path, SafeFileHandle handle)
    {
        if (StateOf(handle) != files[path]) throw new CheckpointException(path, null, "the file as it was at the beginning", "one that was written meanwhile", "wait until it is whole, and start again");
    }

    private static (long Length, DateTime Written) StateOf(SafeFileHandle handle) => (RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle));

    private static CheckpointException Unreadable(string path, string? tensor, Exception exception) => new(path, tensor, "a readable file", exception.Message, "check the disk, or fetch the file again", exception);
}
