namespace Fathom.Text.Grammars;

/// <summary>Sets of characters as forms over their UTF-8 bytes.</summary>
internal static class Utf8Forms
{
    private static readonly int[] LastOfLength = [0x7F, 0x7FF, 0xFFFF, 0x10FFFF];

    /// <summary>One character of the set.</summary>
    public static Form Of(CharacterSet set)
    {
        if (set.IsEmpty) return Form.Never("A set of characters is empty.");
        var options = new List<Form>();
        foreach ((int first, int last) in set.Ranges)
        {
            int start = first;
            for (int length = 1; length <= 4; length++)
            {
                int end = Math.Min(last, LastOfLength[length - 1]);
                if (start > end) continue;
                if (length == 1) options.Add(Form.Byte(start, end));
                else AddRange(start, end, length, [], options);
                start = end + 1;
            }
        }

        return Form.Choice(options);
    }

    // Cuts a range of equally long characters until every byte after the first that differs runs over all its values.
    private static void AddRange(int first, int last, int length, Form[] before, List<Form> options)
    {
        if (length == 1)
        {
            options.Add(Form.Sequence([.. before, Form.Byte(0x80 | first & 0x3F, 0x80 | last & 0x3F)]));
            return;
        }

        int shift = 6 * (length - 1), mask = (1 << shift) - 1;
        int top = first >> shift, lastTop = last >> shift;
        if (top != lastTop && (first & mask) != 0)
        {
            AddRange(first, first | mask, length, before, options);
            AddRange((first | mask) + 1, last, length, before, options);
        }
        else if (top != lastTop && (last & mask) != mask)
        {
            AddRange(first, (last & ~mask) - 1, length, before, options);
            AddRange(last & ~mask, last, length, before, options);
        }
        else
        {
            int lead = before.Length > 0 ? 0x80 : length switch { 2 => 0xC0, 3 => 0xE0, _ => 0xF0 };
            AddRange(first & mask, last & mask, length - 1, [.. before, Form.Byte(lead | top, lead | lastTop)], options);
        }
    }
}
