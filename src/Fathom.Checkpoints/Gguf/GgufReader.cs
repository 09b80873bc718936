using System.Buffers.Binary;
using System.Text;

namespace Fathom.Checkpoints.Gguf;

/// <summary>Reads the values of a GGUF header one after the other; nothing beyond the file is ever read.</summary>
internal sealed unsafe class GgufReader(MappedFile file)
{
    // Keys and names are short; texts, such as chat templates, may be longer.
    private const int MostTextBytes = 64 << 20;
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes that are left.</summary>
    public long Left => file.Length - Position;

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A length and so many bytes of UTF-8.</summary>
    public string Text(string what)
    {
        ulong length = UInt64(what);
        if (length > MostTextBytes) throw Wrong(what, $"a text of at most {MostTextBytes} bytes", $"a length of {length}");
        try
        {
            return Strict.GetString(Take((int)length, what));
        }
        catch (DecoderFallbackException exception)
        {
            throw new CheckpointException(file.Path, what, "text in UTF-8", "other bytes", inner: exception);
        }
    }

    /// <summary>A value of metadata: long, double, bool, string, or an array of one of them.</summary>
    /// <param name="type">Its type in the file.</param>
    /// <param name="what">The key.</param>
    public object Value(uint type, string what) => type switch
    {
        0 => (long)Take(1, what)[0],
        1 => (long)(sbyte)Take(1, what)[0],
        2 => (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2, what)),
        3 => (long)BinaryPrimitives.ReadInt16LittleEndian(Take(2, what)),
        4 => (long)UInt32(what),
        5 => (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4, what)),
        6 => (double)BinaryPrimitives.ReadSingleLittleEndian(Take(4, what)),
        7 => Take(1, what)[0] != 0,
        8 => Text(what),
        9 => Array(what),
        10 => UInt64(what) is var value && value <= long.MaxValue ? (long)value : throw Wrong(what, "a number below 2^63", $"{value}"),
        11 => BinaryPrimitives.ReadInt64LittleEndian(Take(8, what)),
        12 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8, what)),
        _ => throw Wrong(what, "a value type from 0 to 12", $"{type}"),
    };

    private object Array(string what)
    {
        uint type = UInt32(what);
        ulong count = UInt64(what);

        // An array in an array is in no known file; every other element has at least a byte.
        if (type == 9) throw Wrong(what, "an array of plain values", "an array of arrays");
        if (count > (ulong)Left) throw Wrong(what, $"at most {Left} elements, because the file ends there", $"{count}");
        var values = new List<object>();
        for (ulong i = 0; i < count; i++) values.Add(Value(type, what));
        return type switch
        {
            8 => values.ConvertAll(value => (string)value).ToArray(),
            7 => values.ConvertAll(value => (bool)value).ToArray(),
            6 or 12 => values.ConvertAll(value => (double)value).ToArray(),
            _ => values.ConvertAll(value => (long)value).ToArray(),
        };
    }

    private ReadOnlySpan<byte> Take(int bytes, string what)
    {
        if (bytes > Left) throw new CheckpointException(file.Path, what, $"{bytes} more bytes", $"{Left}", "the file is cut off, fetch it again");
        var span = new ReadOnlySpan<byte>(file.Start + Position, bytes);
        Position += bytes;
        return span;
    }

    private CheckpointException Wrong(string what, string expected, string found) => new(file.Path, what, expected, found);
}
