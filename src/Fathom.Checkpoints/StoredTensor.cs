using System.Buffers.Binary;
using Fathom.Compute.Numbers;

namespace Fathom.Checkpoints;

/// <summary>A tensor inside a mapped file. Its memory is valid until the file is disposed; what it holds may change or fault if somebody rewrites the file meanwhile.</summary>
public sealed unsafe class StoredTensor
{
    internal StoredTensor(string name, StoredType type, long[] shape, long byteLength, byte* data, string file, long fileOffset)
    {
        Name = name;
        Type = type;
        Shape = shape;
        ByteLength = byteLength;
        Data = data;
        File = file;
        FileOffset = fileOffset;
    }

    /// <summary>The tensor's name.</summary>
    public string Name { get; }

    /// <summary>How its numbers are stored.</summary>
    public StoredType Type { get; }

    /// <summary>Dimensions, outermost first.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Bytes of the content.</summary>
    public long ByteLength { get; }

    /// <summary>First byte in mapped memory.</summary>
    public byte* Data { get; }

    /// <summary>The file that holds it.</summary>
    public string File { get; }

    /// <summary>The <see cref="FileOffset"/> of what lies in memory alone, because the file has it in another order.</summary>
    public const long NotInFile = -1;

    /// <summary>Where the content begins in that file, in bytes; or <see cref="NotInFile"/>.</summary>
    public long FileOffset { get; }

    /// <summary>The content as a span.</summary>
    /// <exception cref="CheckpointException">The tensor has more than 2 GiB; <see cref="WeightFiles.ReadAll"/> reads such ones piece by piece.</exception>
    public ReadOnlySpan<byte> Bytes => ByteLength <= int.MaxValue
        ? new ReadOnlySpan<byte>(Data, (int)ByteLength)
        : throw new CheckpointException(File, Name, $"at most {int.MaxValue} bytes, because it is used in one piece here", $"{ByteLength}");

    /// <summary>The same tensor under another name.</summary>
    internal StoredTensor Part(string name) => Part(name, [.. Shape], 0, ByteLength);

    /// <summary>A stretch of the content as a tensor of its own, in the same memory and file.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="offset">Where it begins in the content, in bytes.</param>
    /// <param name="bytes">How long it is.</param>
    internal StoredTensor Part(string name, long[] shape, long offset, long bytes) =>
        new(name, Type, shape, bytes, Data + offset, File, FileOffset == NotInFile ? NotInFile : FileOffset + offset);

    /// <summary>The values of a tensor of F32, F16 or BF16, widened.</summary>
    /// <exception cref="InvalidDataException">It is of another type.</exception>
    public float[] ToFloats()
    {
        ReadOnlySpan<byte> bytes = Bytes;
        var values = new float[bytes.Length / Width];
        Widen(bytes, values);
        return values;
    }

    /// <summary>Widens values of a tensor of F32, F16 or BF16 that were read elsewhere.</summary>
    /// <param name="bytes">A piece of its content.</param>
    /// <param name="values">Receives the numbers.</param>
    /// <exception cref="InvalidDataException">It is of another type.</exception>
    public void Widen(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        int width = Width;
        for (int i = 0; i < bytes.Length / width; i++)
        {
            ReadOnlySpan<byte> source = bytes.Slice(i * width, width);
            values[i] = Type switch
            {
                StoredType.F32 => BinaryPrimitives.ReadSingleLittleEndian(source),
                StoredType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(source),
                _ => BFloat16.Decode(BinaryPrimitives.ReadUInt16LittleEndian(source)),
            };
        }
    }

    // Bytes of a value.
    private int Width => Type switch
    {
        StoredType.F32 => 4,
        StoredType.F16 or StoredType.BF16 => 2,
        _ => throw new InvalidDataException($"'{Name}' in {File} is of type {Type}; F32, F16 or BF16 was expected."),
    };
}
