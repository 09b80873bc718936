using CsCheck;
using Fathom.Cli.Chat;

namespace Fathom.Cli.Tests;

public sealed class LineBufferTests
{
    [Fact]
    public void Words_and_characters_are_edited_where_the_cursor_is()
    {
        var buffer = new LineBuffer();
        buffer.Insert("hello wrld");
        buffer.WordLeft();
        buffer.Right();
        buffer.Insert("o");
        Assert.Equal(("hello world", 8), (buffer.Text, buffer.Cursor));
        buffer.End();
        buffer.BackspaceWord();
        Assert.Equal("hello ", buffer.Text);
        buffer.Home();
        buffer.Delete();
        buffer.WordRight();
        buffer.DeleteToEnd();
        Assert.Equal("ello", buffer.Text);
        buffer.BackspaceAll();
        Assert.Equal(string.Empty, buffer.Text);
    }

    [Fact]
    public void A_character_of_several_units_is_one_step()
    {
        var buffer = new LineBuffer();
        buffer.Insert("a👩‍🚀b");
        buffer.Left();
        buffer.Left();
        Assert.Equal(1, buffer.Cursor);
        buffer.Delete();
        Assert.Equal("ab", buffer.Text);
    }

    [Fact]
    public void History_goes_back_and_forth_and_keeps_what_was_begun()
    {
        var buffer = new LineBuffer();
        foreach (string line in (string[])["one", "two", "two"])
        {
            buffer.Insert(line);
            Assert.Equal(line, buffer.Take());
        }

        buffer.Insert("thr");
        buffer.Older();
        Assert.Equal("two", buffer.Text);
        buffer.Older();
        buffer.Older();
        Assert.Equal("one", buffer.Text);
        buffer.Newer();
        buffer.Newer();
        buffer.Newer();
        Assert.Equal("thr", buffer.Text);
    }

    [Fact]
    public void No_sequence_of_keys_breaks_the_buffer() =>
        Gen.Int[0, 13].Array[0, 60].Sample(
            keys =>
            {
                var buffer = new LineBuffer();
                foreach (int key in keys)
                {
                    switch (key)
                    {
                        case 0: buffer.Insert("a"); break;
                        case 1: buffer.Insert("é 日"); break;
                        case 2: buffer.Left(); break;
                        case 3: buffer.Right(); break;
                        case 4: buffer.WordLeft(); break;
                        case 5: buffer.WordRight(); break;
                        case 6: buffer.Backspace(); break;
                        case 7: buffer.Delete(); break;
                        case 8: buffer.BackspaceWord(); break;
                        case 9: buffer.Older(); break;
                        case 10: buffer.Newer(); break;
                        case 11: buffer.Take(); break;
                        case 12: buffer.DeleteToEnd(); break;
                        default: buffer.Home(); break;
                    }

                    Assert.InRange(buffer.Cursor, 0, buffer.Text.Length);
                }
            },
            iter: 2_000);
}
