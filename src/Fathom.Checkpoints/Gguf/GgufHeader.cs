using System.Text;

namespace Fathom.Checkpoints.Gguf;

/// <summary>Writes what stands before the data of a GGUF file: metadata and descriptions of tensors (checkpoint specification, section 4.1).</summary>
public static class GgufHeader
{
    /// <summary>Every tensor begins at a multiple of so many bytes.</summary>
    public const int Alignment = 32;

    private const uint Version = 3;
    private const uint ArrayType = 9;

    /// <summary>The header, padded: the first tensor's data come right after it, each tensor's padded to <see cref="Alignment"/>.</summary>
    /// <param name="metadata">Values are ushort, uint, int, ulong, long, float, double, bool, string, or an array of one of them.</param>
    /// <param name="tensors">Names, ggml types, shapes (outermost first) and bytes, in the order of their data.</param>
    /// <exception cref="ArgumentException">A value is of another kind.</exception>
    public static byte[] ToBytes(IReadOnlyList<KeyValuePair<string, object>> metadata, IReadOnlyList<(string Name, uint Type, long[] Shape, long Bytes)> tensors)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(tensors);
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write("GGUF"u8);
            writer.Write(Version);
            writer.Write((ulong)tensors.Count);
            writer.Write((ulong)metadata.Count);
            foreach ((string key, object value) in metadata) Entry(writer, key, value);
            ulong offset = 0;
            foreach ((string name, uint type, long[] shape, long bytes) in tensors)
            {
                Text(writer, name);
                writer.Write((uint)shape.Length);
                for (int i = shape.Length - 1; i >= 0; i--) writer.Write(shape[i]);
                writer.Write(type);
                writer.Write(offset);
                offset += (ulong)Padded(bytes);
            }
        }

        while (stream.Length % Alignment != 0) stream.WriteByte(0);
        return stream.ToArray();
    }

    /// <summary>Bytes rounded up to the alignment.</summary>
    internal static long Padded(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private static void Entry(BinaryWriter writer, string key, object value)
    {
        Text(writer, key);
        if (value is GgufValue known)
        {
            writer.Write(known.Type);
            writer.Write(known.Bytes);
            return;
        }

        if (value is not Array array)
        {
            writer.Write(TypeOf(value.GetType()));
            Value(writer, value);
            return;
        }

        writer.Write(ArrayType);
        writer.Write(TypeOf(array.GetType().GetElementType()!));
        writer.Write((ulong)array.Length);
        foreach (object element in array) Value(writer, element);
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static uint TypeOf(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.UInt16 => 2,
        TypeCode.UInt32 => 4,
        TypeCode.Int32 => 5,
        TypeCode.Single => 6,
        TypeCode.Boolean => 7,
        TypeCode.String => 8,
        TypeCode.UInt64 => 10,
        TypeCode.Int64 => 11,
        TypeCode.Double => 12,
        _ => throw new ArgumentException($"GGUF metadata have no values of the kind {type.Name}.", nameof(type)),
    };

    private static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case ushort number: writer.Write(number); break;
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case bool flag: writer.Write(flag); break;
            case ulong number: writer.Write(number); break;
            case long number: writer.Write(number); break;
            case double number: writer.Write(number); break;
            default: Text(writer, (string)value); break;
        }
    }
}
