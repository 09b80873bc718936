using System.Runtime.InteropServices;
using Fathom.Checkpoints;

namespace Fathom.Model.Weights;

/// <summary>Copies of tensors in this process's own memory, read past the page cache: it holds them once, nothing can drive them out, and a file that is cut off later does them no harm.</summary>
internal sealed unsafe class OwnMemory : IDisposable
{
    private const int MostAtOnce = 64 << 20;

    private readonly Dictionary<string, UnbufferedFile> files = new(StringComparer.Ordinal);
    private readonly List<nint> blocks = [];

    /// <summary>Reads a tensor.</summary>
    /// <returns>Its first byte; valid until this is disposed.</returns>
    /// <exception cref="CheckpointException">The file cannot be read, or ends too early.</exception>
    public byte* Copy(StoredTensor tensor)
    {
        const int alignment = UnbufferedFile.Alignment;
        if (!files.TryGetValue(tensor.File, out UnbufferedFile? file)) files.Add(tensor.File, file = UnbufferedFile.Open(tensor.File));
        long start = tensor.FileOffset / alignment * alignment, end = tensor.FileOffset + tensor.ByteLength;
        long length = (end - start + alignment - 1) / alignment * alignment;
        byte* block = (byte*)NativeMemory.AlignedAlloc((nuint)length, alignment);
        blocks.Add((nint)block);
        for (long done = 0; done < length; done += MostAtOnce)
        {
            int count = (int)Math.Min(MostAtOnce, length - done);
            int read = Read(file, tensor, start + done, block + done, count);
            if (start + done + read < Math.Min(end, start + done + count))
                throw new CheckpointException(tensor.File, tensor.Name, $"data up to byte {end}", $"the end of the file at byte {start + done + read}", "the file was cut off while it was opened, fetch it again");
        }

        return block + (tensor.FileOffset - start);
    }

    /// <summary>Closes the files; the copies stay.</summary>
    public void CloseFiles()
    {
        foreach (UnbufferedFile file in files.Values) file.Dispose();
        files.Clear();
    }

    public void Dispose()
    {
        CloseFiles();
        foreach (nint block in blocks) NativeMemory.AlignedFree((void*)block);
        blocks.Clear();
    }

    private static int Read(UnbufferedFile file, StoredTensor tensor, long offset, byte* target, int count)
    {
        try
        {
            return file.Read(offset, target, count);
        }
        catch (IOException exception)
        {
            throw new CheckpointException(tensor.File, tensor.Name, "readable data", exception.Message, "see that the disk is well", exception);
        }
    }
}
