using System.Runtime.InteropServices;

namespace Fathom.Checkpoints.Gguf;

/// <summary>
/// Two matrices that a GGUF file keeps side by side as one, [rows, 2·columns], copied apart on opening: the MTP block's
/// projections (checkpoint specification, section 4.3), 64 MB for V4-Flash in BF16.
/// </summary>
internal sealed unsafe class ColumnHalves : ICheckpointFile
{
    private readonly StoredTensor joined;
    private readonly long bytes;
    private byte* memory;

    /// <summary>Copies the halves.</summary>
    /// <param name="joined">The matrix of both.</param>
    /// <param name="columns">Rows and columns of one.</param>
    /// <param name="files">Reads them.</param>
    /// <exception cref="CheckpointException">It cannot be read, has another shape, or a block of its format goes across the middle.</exception>
    public ColumnHalves(StoredTensor joined, int columns, WeightFiles files)
    {
        this.joined = joined;
        if (!joined.Shape.SequenceEqual([columns, 2L * columns]))
            throw new CheckpointException(joined.File, joined.Name, $"shape [{columns}, {2L * columns}]", $"[{string.Join(", ", joined.Shape)}]");
        bytes = StoredTypes.BytesOf(joined.Type, [joined.Shape[0], columns]);
        if (bytes < 0) throw new CheckpointException(joined.File, joined.Name, $"rows of which each half is whole blocks of {StoredTypes.NameOf(joined.Type)}", $"halves of {columns} columns", "choose a file in another format");
        memory = (byte*)NativeMemory.Alloc((nuint)(2 * bytes));
        int half = (int)(bytes / joined.Shape[0]);
        try
        {
            for (long row = 0; row < joined.Shape[0]; row++)
            {
                files.Read(joined, 2 * row * half, new Span<byte>(memory + (row * half), half));
                files.Read(joined, ((2 * row) + 1) * half, new Span<byte>(memory + bytes + (row * half), half));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>None: these are copies.</summary>
    public MappedFile? Mapped => null;

    /// <summary>The first columns, under a name of their own.</summary>
    public StoredTensor Left(string name) => Half(name, memory);

    /// <summary>The last columns.</summary>
    public StoredTensor Right(string name) => Half(name, memory + bytes);

    /// <summary>Frees the copies.</summary>
    public void Dispose()
    {
        NativeMemory.Free(memory);
        memory = null;
    }

    private StoredTensor Half(string name, byte* start) => new(name, joined.Type, [joined.Shape[0], joined.Shape[1] / 2], bytes, start, joined.File, StoredTensor.NotInFile);
}
