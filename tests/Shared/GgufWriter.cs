using System.Text;

namespace Fathom.Tests;

/// <summary>Writes GGUF files for tests, byte by byte as the format is described.</summary>
internal sealed class GgufWriter
{
    private const int Alignment = 32;

    private readonly List<byte[]> keys = [];
    private readonly List<(string Name, uint Type, long[] Dims, byte[] Data)> tensors = [];

    public GgufWriter Add(string key, object value)
    {
        keys.Add(Bytes(writer =>
        {
            Text(writer, key);
            if (value is Array array)
            {
                writer.Write(9u);
                writer.Write(TypeOf(array.GetType().GetElementType()!));
                writer.Write((ulong)array.Length);
                foreach (object element in array) Value(writer, element);
            }
            else
            {
                writer.Write(TypeOf(value.GetType()));
                Value(writer, value);
            }
        }));
        return this;
    }

    /// <summary>A tensor with dimensions outermost first.</summary>
    public GgufWriter Tensor(string name, uint type, long[] shape, byte[] data)
    {
        tensors.Add((name, type, [.. shape.Reverse()], data));
        return this;
    }

    public byte[] ToArray() => Bytes(writer =>
    {
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)keys.Count);
        foreach (byte[] key in keys) writer.Write(key);
        ulong offset = 0;
        foreach ((string name, uint type, long[] dims, byte[] data) in tensors)
        {
            Text(writer, name);
            writer.Write((uint)dims.Length);
            foreach (long dim in dims) writer.Write(dim);
            writer.Write(type);
            writer.Write(offset);
            offset += (ulong)((data.Length + Alignment - 1) / Alignment * Alignment);
        }

        foreach ((_, _, _, byte[] data) in tensors)
        {
            Pad(writer);
            writer.Write(data);
        }
    });

    private static void Pad(BinaryWriter writer)
    {
        while (writer.BaseStream.Position % Alignment != 0) writer.Write((byte)0);
    }

    private static byte[] Bytes(Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true)) write(writer);
        return stream.ToArray();
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static uint TypeOf(Type type) =>
        type == typeof(uint) ? 4u : type == typeof(int) ? 5u : type == typeof(float) ? 6u : type == typeof(bool) ? 7u : type == typeof(string) ? 8u : type == typeof(ulong) ? 10u : throw new ArgumentException(type.Name);

    private static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case bool flag: writer.Write(flag); break;
            case ulong number: writer.Write(number); break;
            default: Text(writer, (string)value); break;
        }
    }
}
