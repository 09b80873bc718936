namespace Fathom.Text;

/// <summary>Finds text at the end of a stream that further text may complete.</summary>
public static class TextTail
{
    /// <summary>Length of the longest ending of <paramref name="text"/> that begins <paramref name="marker"/> without being all of it.</summary>
    public static int Length(ReadOnlySpan<char> text, ReadOnlySpan<char> marker)
    {
        for (int length = Math.Min(text.Length, marker.Length - 1); length > 0; length--)
        {
            if (text[^length..].SequenceEqual(marker[..length])) return length;
        }

        return 0;
    }
}
