using System.Globalization;
using System.Text;

namespace Fathom.Cli.Chat;

/// <summary>Reads lines from a terminal with editing and history. Pasted line breaks become part of the line.</summary>
internal sealed class LineEditor(string prompt) : ILineSource
{
    private readonly LineBuffer buffer = new();
    private int cursorRow;

    public string? ReadLine()
    {
        bool wasInput = Console.TreatControlCAsInput;
        Console.TreatControlCAsInput = true;
        try
        {
            cursorRow = 0;
            Draw();
            while (true)
            {
                ConsoleKeyInfo key = Console.ReadKey(intercept: true);
                if (Apply(key) is { } outcome)
                {
                    buffer.End();
                    Draw();
                    Console.Error.WriteLine();
                    return outcome == Outcome.EndOfInput ? null : buffer.Take();
                }

                // While a paste pours in, drawing once at its end is enough.
                if (!Console.KeyAvailable) Draw();
            }
        }
        finally
        {
            Console.TreatControlCAsInput = wasInput;
        }
    }

    private enum Outcome
    {
        Line,
        EndOfInput,
    }

    private Outcome? Apply(ConsoleKeyInfo key)
    {
        bool isControl = key.Modifiers.HasFlag(ConsoleModifiers.Control);
        switch (key.Key)
        {
            case ConsoleKey.Enter when key.Modifiers.HasFlag(ConsoleModifiers.Alt) || Console.KeyAvailable:
                buffer.Insert("\n");
                break;
            case ConsoleKey.Enter:
                return Outcome.Line;
            case ConsoleKey.C when isControl:
                buffer.Clear();
                break;
            case ConsoleKey.D when isControl:
                if (buffer.Text.Length == 0) return Outcome.EndOfInput;
                buffer.Delete();
                break;
            case ConsoleKey.LeftArrow when isControl: buffer.WordLeft(); break;
            case ConsoleKey.RightArrow when isControl: buffer.WordRight(); break;
            case ConsoleKey.LeftArrow: buffer.Left(); break;
            case ConsoleKey.RightArrow: buffer.Right(); break;
            case ConsoleKey.UpArrow: buffer.Older(); break;
            case ConsoleKey.DownArrow: buffer.Newer(); break;
            case ConsoleKey.Home: buffer.Home(); break;
            case ConsoleKey.A when isControl: buffer.Home(); break;
            case ConsoleKey.End: buffer.End(); break;
            case ConsoleKey.E when isControl: buffer.End(); break;
            case ConsoleKey.Backspace: buffer.Backspace(); break;
            case ConsoleKey.Delete: buffer.Delete(); break;
            case ConsoleKey.W when isControl: buffer.BackspaceWord(); break;
            case ConsoleKey.U when isControl: buffer.BackspaceAll(); break;
            case ConsoleKey.K when isControl: buffer.DeleteToEnd(); break;
            default:
                if (!char.IsControl(key.KeyChar)) buffer.Insert(key.KeyChar.ToString());
                break;
        }

        return null;
    }

    // Goes back to the first row, writes everything anew, and puts the cursor where it belongs.
    private void Draw()
    {
        int columns = Math.Max(1, Console.WindowWidth);
        var text = new StringBuilder("\r");
        if (cursorRow > 0) text.Append(CultureInfo.InvariantCulture, $"\u001b[{cursorRow}A");
        text.Append("\u001b[J").Append(prompt).Append(Shown(buffer.Text));
        int end = Cells(prompt) + Cells(buffer.Text);

        // A full last row leaves the cursor waiting behind it: a blank takes it to the next row.
        if (end > 0 && end % columns == 0) text.Append(" \r");
        int endRow = end / columns, cursor = Cells(prompt) + Cells(buffer.Text[..buffer.Cursor]);
        cursorRow = cursor / columns;
        if (endRow > cursorRow) text.Append(CultureInfo.InvariantCulture, $"\u001b[{endRow - cursorRow}A");
        text.Append('\r');
        if (cursor % columns > 0) text.Append(CultureInfo.InvariantCulture, $"\u001b[{cursor % columns}C");
        Console.Error.Write(text.ToString());
    }

    private static string Shown(string text) => text.Replace('\n', '↵').Replace('\t', ' ');

    // Cells on the terminal: East Asian characters and emoji take two, combining marks none.
    private static int Cells(string text)
    {
        int cells = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            cells += Rune.GetUnicodeCategory(rune) switch
            {
                UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format => 0,
                _ => IsWide(rune.Value) ? 2 : 1,
            };
        }

        return cells;
    }

    private static bool IsWide(int value) => value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD);
}
