namespace Fathom.Checkpoints;

/// <summary>A tensor inside a mapped file. Its memory is valid until the file is disposed; what it holds may change or fault if somebody rewrites the file meanwhile.</summary>
public sealed unsafe class StoredTensor
{
    internal StoredTensor(string name, StoredType type, long[] shape, long byteLength, byte* data, string file)
    {
        Name = name;
        Type = type;
        Shape = shape;
        ByteLength = byteLength;
        Data = data;
        File = file;
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

    /// <summary>The content as a span.</summary>
    /// <exception cref="OverflowException">The tensor has more than 2 GiB.</exception>
    public ReadOnlySpan<byte> Bytes => new(Data, checked((int)ByteLength));
}
