using System.Globalization;
using Fathom.Cli.Arguments;
using Fathom.Cli.Output;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Cli.Chat;

/// <summary>A conversation on a terminal: lines go to the model, lines that begin with a slash are commands.</summary>
internal sealed class ChatLoop(FathomModel model, ChatSession chat, ILineSource lines, AnswerWriter answers, TextWriter info)
{
    private const string Help = """
        /think [LEVEL]   reason before answering: low, high (default) or max
        /nothink         answer at once
        /system TEXT     set the system message; '-' takes it away, no text shows it
        /file PATH       put a text file into your next message
        /save PATH       write the conversation to a file
        /load PATH       go on with a saved conversation
        /stats           tokens, memory and speed
        /reset           start over
        /quit            leave; so does Ctrl+D
        Ctrl+C stops an answer. Alt+Enter starts a new line.
        """;

    private readonly List<string> files = [];
    private GenerationCompleted? last;
    private CancellationTokenSource? answering;

    /// <summary>Puts a file, as it stands in a prompt, into the next message.</summary>
    public void Attach(string file) => files.Add(file);

    /// <summary>Stops the answer that is being written.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Stop()
    {
        CancellationTokenSource? current = answering;
        current?.Cancel();
        return current is not null;
    }

    /// <summary>Talks until the input ends or the user leaves.</summary>
    public async Task RunAsync()
    {
        while (lines.ReadLine() is { } line)
        {
            line = line.Trim();
            if (line.Length == 0) continue;
            if (line is "/quit" or "/exit") return;
            try
            {
                if (line.StartsWith('/')) Obey(line);
                else await AnswerAsync(line).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // A chat goes on after an error: what was typed wrong can be typed again.
                answers.End();
                Say(ErrorText.OneLine(exception));
            }
        }
    }

    private async Task AnswerAsync(string text)
    {
        string message = string.Join('\n', [.. files, text]);
        using var cancellation = new CancellationTokenSource();
        answering = cancellation;
        try
        {
            await foreach (CompletionEvent happened in chat.SendAsync(message, cancellation.Token).ConfigureAwait(false))
            {
                last = answers.Show(happened) ?? last;
            }

            files.Clear();
            if (last?.FinishReason == FinishReason.Length) Say("The answer was cut at the limit of tokens.");
        }
        catch (OperationCanceledException)
        {
            answers.End();
            Say("Stopped.");
        }
        finally
        {
            answering = null;
        }
    }

    private void Obey(string line)
    {
        string[] parts = line.Split(' ', 2, StringSplitOptions.TrimEntries);
        string argument = parts.Length > 1 ? parts[1] : string.Empty;
        switch (parts[0])
        {
            case "/think":
                Think(argument.Length > 0 ? argument : "high");
                break;
            case "/nothink":
                Think("none");
                break;
            case "/system":
                SetSystem(argument);
                break;
            case "/file":
                Attach(PromptFile.Read(Needed(argument, "/file PATH")));
                Say($"{Path.GetFileName(argument)} goes with your next message.");
                break;
            case "/save":
                chat.Save(Needed(argument, "/save PATH"));
                Say($"Saved {chat.Messages.Count} messages to {argument}.");
                break;
            case "/load":
                chat.Load(Needed(argument, "/load PATH"));
                files.Clear();
                Say($"Loaded {chat.Messages.Count} messages from {argument}.");
                break;
            case "/stats":
                ShowStatistics();
                break;
            case "/reset":
                chat.Reset();
                files.Clear();
                Say("The conversation starts over.");
                break;
            case "/help":
                Say(Help);
                break;
            default:
                Say($"There is no command {parts[0]}; /help lists them.");
                break;
        }
    }

    private void Think(string level)
    {
        ChatOptions options = ConversationArguments.WithThinking(chat.Options, level);

        // A level that the format does not know is refused here, not at the next message.
        model.Render([ChatMessage.Of("user", string.Empty)], options);
        chat.Options = options;
        Say(level == "none" ? "Thinking is off." : $"Thinking is on: {level}.");
        if (ConversationArguments.Warning(options, model.ContextLength) is { } warning) Say(warning);
    }

    private void SetSystem(string text)
    {
        if (text.Length > 0) chat.Options = chat.Options with { System = text == "-" ? null : text };
        Say(chat.Options.System is { } system ? $"System message: {system}" : "There is no system message.");
    }

    private void ShowStatistics()
    {
        Say(string.Create(CultureInfo.InvariantCulture, $"{chat.Messages.Count} messages; context of {model.ContextLength:n0} tokens; caches {Commands.InspectCommand.Bytes(model.Status.CacheBytes)}."));
        if (last is not null) Say("Last answer: " + AnswerWriter.Speed(last) + ".");
    }

    private static string Needed(string argument, string usage) =>
        argument.Length > 0 ? argument : throw new ArgumentException($"This command needs more: {usage}");

    private void Say(string text) => info.WriteLine(text);
}
