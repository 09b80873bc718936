using Fathom.Cli.Chat;
using Fathom.Cli.Output;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Cli.Tests;

public sealed class ChatLoopTests
{
    private static readonly GenerationOptions Short = new() { MaxTokens = 6, Sampling = new SamplingOptions { Seed = 1 } };

    [Fact]
    public async Task Lines_are_answered_and_commands_obeyed()
    {
        string path = Path.Combine(Path.GetTempPath(), $"fathom-{Guid.NewGuid():N}.json");
        try
        {
            (ChatSession chat, string output, string info) = await Talk(
                "hello", "/think", "/system Be brief.", "/system", $"/save {path}", "/reset", $"/load {path}", "again", "/stats", "/nothink", "/nonsense", "/save", "/help", "/quit", "never");
            Assert.Equal(4, chat.Messages.Count);
            Assert.Equal(("Be brief.", ThinkingMode.Chat), (chat.Options.System, chat.Options.ThinkingMode));
            Assert.NotEmpty(output.Trim());
            foreach (string expected in (string[])["Thinking is on: high.", "System message: Be brief.", "Saved 2 messages", "starts over", "Loaded 2 messages", "tokens/s", "Thinking is off.", "no command /nonsense", "/save PATH", "/quit"])
                Assert.Contains(expected, info, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task A_file_goes_with_the_next_message_only()
    {
        (ChatSession chat, _, string info) = await Talk($"/file {Repository.PathOf("LICENSE")}", "what is this?", "and now?", "/file /nowhere/at/all");
        Assert.Contains("[file name]: LICENSE\n[file content begin]\n", chat.Messages[0].Content, StringComparison.Ordinal);
        Assert.EndsWith("[file content end]\n\nwhat is this?", chat.Messages[0].Content, StringComparison.Ordinal);
        Assert.Equal("and now?", chat.Messages[2].Content);
        Assert.Contains("/nowhere/at/all", info, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_level_of_thinking_is_refused_at_once()
    {
        (ChatSession chat, _, string info) = await Talk("/think ultra");
        Assert.Contains("ultra", info, StringComparison.Ordinal);
        Assert.Equal(ThinkingMode.Chat, chat.Options.ThinkingMode);
    }

    [Fact]
    public void Reasoning_is_dim_on_a_terminal_and_absent_from_a_pipe()
    {
        Assert.Equal("\u001b[2mHm.\u001b[0m\n\nYes.\n", Show(isTerminal: true, new ReasoningDelta("Hm."), new ContentDelta("Yes.")).Replace("\n\n\u001b[0m", "\u001b[0m\n\n", StringComparison.Ordinal));
        Assert.Equal("Yes.\n", Show(isTerminal: false, new ReasoningDelta("Hm."), new ContentDelta("Yes.")));
    }

    [Fact]
    public void Control_characters_of_an_answer_cannot_command_the_terminal()
    {
        Assert.Equal("a\uFFFD[31mb\tc\n", Show(isTerminal: true, new ContentDelta("a\u001b[31mb\tc\n")));
        Assert.Equal("a\u001b[31m\n", Show(isTerminal: false, new ContentDelta("a\u001b[31m")));
    }

    private static string Show(bool isTerminal, params CompletionEvent[] events)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var status = new StatusLine();
        var writer = new AnswerWriter(output, isTerminal, status);
        foreach (CompletionEvent happened in events) writer.Show(happened);
        writer.End();
        return output.ToString();
    }

    private static async Task<(ChatSession Chat, string Output, string Info)> Talk(params string[] lines)
    {
        using FathomModel model = FathomModel.Open(Repository.PathOf("tests", "models", "random"));
        ChatSession chat = model.StartChat(new ChatOptions { Generation = Short });
        using StringWriter output = new(), info = new();
        using var status = new StatusLine();
        var loop = new ChatLoop(model, chat, new PlainLines(new StringReader(string.Join('\n', lines))), new AnswerWriter(output, false, status), info);
        await loop.RunAsync();
        return (chat, output.ToString(), info.ToString());
    }
}
