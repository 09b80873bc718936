namespace Fathom.Checkpoints.Tests;

/// <summary>A tensor in memory, so that files can be taken apart, changed and written again.</summary>
internal sealed record TensorData(string Name, StoredType Type, long[] Shape, byte[] Bytes)
{
    public static implicit operator TensorData((string Name, StoredType Type, long[] Shape, byte[] Bytes) parts) => new(parts.Name, parts.Type, parts.Shape, parts.Bytes);

    /// <summary>All tensors of a safetensors file.</summary>
    public static List<TensorData> Read(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return [.. file.Tensors.Select(tensor => new TensorData(tensor.Name, tensor.Type, [.. tensor.Shape], tensor.Bytes.ToArray()))];
    }

    /// <summary>Writes a safetensors file.</summary>
    public static void Write(string path, List<TensorData> tensors)
    {
        using var writer = new SafetensorsWriter(path, [.. tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape))]);
        foreach (TensorData tensor in tensors) writer.Write(tensor.Bytes);
        writer.Complete();
    }
}
