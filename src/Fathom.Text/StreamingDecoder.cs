using System.Buffers;
using System.Text;

namespace Fathom.Text;

/// <summary>
/// Turns tokens into text one by one without ever emitting half a character (chat specification, section 1.5). At most
/// three bytes wait; what cannot become well-formed is given up as U+FFFD at once. All that was emitted, joined, is
/// the decoding of the whole.
/// </summary>
public sealed class StreamingDecoder
{
    private readonly Tokenizer tokenizer;
    private readonly byte[] pending = new byte[4];
    private int pendingCount;

    /// <summary>A decoder without history.</summary>
    public StreamingDecoder(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        this.tokenizer = tokenizer;
    }

    /// <summary>Adds a token and returns the text that is certain now, maybe none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is outside the vocabulary.</exception>
    public string Push(int id)
    {
        ReadOnlySpan<byte> bytes = tokenizer.BytesOf(id);

        // An added token never joins with bytes before it.
        if (tokenizer.IsAdded(id)) return Flush() + Encoding.UTF8.GetString(bytes);
        return Push(bytes);
    }

    /// <summary>Ends the text: bytes that still wait become U+FFFD.</summary>
    public string Flush()
    {
        string text = Encoding.UTF8.GetString(pending, 0, pendingCount);
        pendingCount = 0;
        return text;
    }

    private string Push(ReadOnlySpan<byte> bytes)
    {
        byte[] joined = ArrayPool<byte>.Shared.Rent(pendingCount + bytes.Length);
        pending.AsSpan(0, pendingCount).CopyTo(joined);
        bytes.CopyTo(joined.AsSpan(pendingCount));
        Span<byte> all = joined.AsSpan(0, pendingCount + bytes.Length);

        int waiting = UnfinishedTail(all);
        string text = Encoding.UTF8.GetString(all[..^waiting]);
        all[^waiting..].CopyTo(pending);
        pendingCount = waiting;
        ArrayPool<byte>.Shared.Return(joined);
        return text;
    }

    // How many bytes at the end are the beginning of a character that further bytes may finish.
    private static int UnfinishedTail(ReadOnlySpan<byte> bytes)
    {
        for (int length = Math.Min(3, bytes.Length); length > 0; length--)
        {
            ReadOnlySpan<byte> tail = bytes[^length..];

            // A continuation byte never begins a character.
            if ((tail[0] & 0xC0) == 0x80) continue;
            if (Rune.DecodeFromUtf8(tail, out _, out int consumed) == OperationStatus.NeedMoreData && consumed == length) return length;
        }

        return 0;
    }
}
