using Fathom.Checkpoints.Gguf;

namespace Fathom.Tests;

/// <summary>GGUF files in memory, also such as no converter would write.</summary>
internal sealed class GgufBytes
{
    private readonly List<KeyValuePair<string, object>> metadata = [];
    private readonly List<(string Name, uint Type, long[] Shape, byte[] Data)> tensors = [];

    public GgufBytes Add(string key, object value)
    {
        metadata.Add(new(key, value));
        return this;
    }

    /// <summary>A tensor with dimensions outermost first.</summary>
    public GgufBytes Tensor(string name, uint type, long[] shape, byte[] data)
    {
        tensors.Add((name, type, shape, data));
        return this;
    }

    public byte[] ToArray()
    {
        using var stream = new MemoryStream();
        stream.Write(GgufHeader.ToBytes(metadata, [.. tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape, (long)tensor.Data.Length))]));
        foreach ((_, _, _, byte[] data) in tensors)
        {
            stream.Write(data);
            while (stream.Length % GgufHeader.Alignment != 0) stream.WriteByte(0);
        }

        return stream.ToArray();
    }
}
