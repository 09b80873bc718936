using Microsoft.Win32.SafeHandles;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Reads the content of tensors from their files, piece by piece and not through their mapping: a file that somebody cuts off meanwhile is a sentence, not a fault.</summary>
internal sealed class SourceBytes : IDisposable
{
    private const int PieceBytes = 8 << 20;

    private readonly byte[] piece = new byte[PieceBytes];
    private SafeFileHandle? handle;
    private string? path;

    /// <summary>Hands on all bytes of a tensor.</summary>
    /// <param name="tensor">The tensor; it lies in a file.</param>
    /// <param name="writer">Receives the bytes.</param>
    /// <param name="written">Hears of the bytes of each piece.</param>
    /// <param name="cancellation">Stops between pieces.</param>
    /// <exception cref="CheckpointException">The file is shorter than it was.</exception>
    public void Copy(StoredTensor tensor, SafetensorsWriter writer, Action<long> written, CancellationToken cancellation)
    {
        SafeFileHandle file = Open(tensor.File);
        for (long at = 0; at < tensor.ByteLength;)
        {
            cancellation.ThrowIfCancellationRequested();
            int read = RandomAccess.Read(file, piece.AsSpan(0, (int)Math.Min(PieceBytes, tensor.ByteLength - at)), tensor.FileOffset + at);
            if (read == 0)
                throw new CheckpointException(tensor.File, tensor.Name, $"{tensor.ByteLength} bytes", $"{at}", "the file became shorter while it was read, fetch it again");
            writer.Write(piece.AsSpan(0, read));
            written(read);
            at += read;
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => handle?.Dispose();

    // Tensors come in the order of their files, more or less.
    private SafeFileHandle Open(string file)
    {
        if (handle is { } open && path == file) return open;
        handle?.Dispose();
        handle = null;
        handle = File.OpenHandle(file, options: FileOptions.SequentialScan);
        path = file;
        return handle;
    }
}
