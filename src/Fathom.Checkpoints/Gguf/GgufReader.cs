using System.Buffers.Binary;
using System.Text;

namespace Fathom.Checkpoints.Gguf;

/// <summary>Reads the values of a GGUF header one after the other; nothing beyond the file is ever read.</summary>
internal sealed class GgufReader(WeightFile file)
{
    // Keys and names are short; texts, such as chat templates, may be longer.
    private const int MostTextBytes = 64 << 20;

    // Of all texts and all arrays of a file together: vocabularies have a few hundred thousand tokens and merges, of some megabytes.
    private const long MostTextBytesInAll = 256L << 20;
    private const int MostElements = 1 << 22;
    private const int BufferBytes = 64 << 10;

    // Types of values that are no whole numbers.
    private const uint Float32 = 6, Bool = 7, String = 8, ArrayOf = 9, Float64 = 12;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    // Bytes of the file from bufferStart on; more than usual where one value has more.
    private byte[] buffer = new byte[BufferBytes];
    private long bufferStart;
    private int buffered;

    private int elements;
    private long textBytes;

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
        if ((textBytes += (long)length) > MostTextBytesInAll) throw Wrong(what, $"texts of at most {MostTextBytesInAll} bytes together", "more");
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
        Float32 or Float64 => Real(type, what),
        Bool => Flag(what),
        String => Text(what),
        ArrayOf => Array(what),
        _ => Integer(type, what),
    };

    private long Integer(uint type, string what) => type switch
    {
        0 => Take(1, what)[0],
        1 => (sbyte)Take(1, what)[0],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, what)),
        3 => BinaryPrimitives.ReadInt16LittleEndian(Take(2, what)),
        4 => UInt32(what),
        5 => BinaryPrimitives.ReadInt32LittleEndian(Take(4, what)),
        10 => UInt64(what) is var value && value <= long.MaxValue ? (long)value : throw Wrong(what, "a number below 2^63", $"{value}"),
        11 => BinaryPrimitives.ReadInt64LittleEndian(Take(8, what)),
        _ => throw Wrong(what, "a value type from 0 to 12", $"{type}"),
    };

    private double Real(uint type, string what) => type == Float32 ? BinaryPrimitives.ReadSingleLittleEndian(Take(4, what)) : BinaryPrimitives.ReadDoubleLittleEndian(Take(8, what));

    private bool Flag(string what) => Take(1, what)[0] != 0;

    private object Array(string what)
    {
        uint type = UInt32(what);
        ulong count = UInt64(what);

        // An array in an array is in no known file; every other element has at least a byte.
        if (type == ArrayOf) throw Wrong(what, "an array of plain values", "an array of arrays");
        if (type > Float64) throw Wrong(what, "a value type from 0 to 12", $"{type}");
        if (count > (ulong)Left) throw Wrong(what, $"at most {Left} elements, because the file ends there", $"{count}");
        if (count > (ulong)(MostElements - elements)) throw Wrong(what, $"arrays of at most {MostElements} elements together", $"{elements} and {count} more");
        elements += (int)count;
        return type switch
        {
            String => Many((int)count, () => Text(what)),
            Bool => Many((int)count, () => Flag(what)),
            Float32 or Float64 => Many((int)count, () => Real(type, what)),
            _ => Many((int)count, () => Integer(type, what)),
        };
    }

    private static T[] Many<T>(int count, Func<T> next)
    {
        var values = new T[count];
        for (int i = 0; i < count; i++) values[i] = next();
        return values;
    }

    private ReadOnlySpan<byte> Take(int bytes, string what)
    {
        if (bytes > Left) throw new CheckpointException(file.Path, what, $"{bytes} more bytes", $"{Left}", "the file is cut off, fetch it again");
        if (Position + bytes > bufferStart + buffered) Fill(bytes, what);
        ReadOnlySpan<byte> span = buffer.AsSpan((int)(Position - bufferStart), bytes);
        Position += bytes;
        return span;
    }

    private void Fill(int bytes, string what)
    {
        (bufferStart, buffered) = (Position, (int)Math.Min(Left, Math.Max(bytes, BufferBytes)));
        if (buffer.Length < buffered) buffer = new byte[buffered];
        file.Read(bufferStart, buffer.AsSpan(0, buffered), what);
    }

    private CheckpointException Wrong(string what, string expected, string found) => new(file.Path, what, expected, found);
}
