using System.CommandLine;
using Fathom.Cli.Arguments;
using Fathom.Cli.Chat;
using Fathom.Cli.Output;
using Fathom.Inference;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom chat</c>: a conversation on the terminal.</summary>
internal static class ChatCommand
{
    public static Command Create()
    {
        var load = new Option<FileInfo?>("--load") { Description = "Go on with a conversation that /save wrote." };
        var model = new ModelArguments();
        var conversation = new ConversationArguments();
        var sampling = new SamplingArguments();
        var command = new Command("chat", "Talk to a model; /help inside lists the commands.\n\nExample:\n  fathom chat --model DeepSeek-V4-Flash --think high") { load };
        model.AddTo(command);
        conversation.AddTo(command);
        sampling.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            ChatOptions options = conversation.Read(parsed, sampling.Read(parsed));
            string[] files = [.. conversation.ReadFiles(parsed)];
            using FathomModel opened = model.Open(parsed);
            ChatSession chat = opened.StartChat(options);
            if (parsed.GetValue(load) is { } file) chat.Load(file.FullName);
            using var status = new StatusLine();
            bool isInteractive = !Console.IsInputRedirected;
            ILineSource lines = isInteractive ? new LineEditor("> ") : new PlainLines(Console.In);
            var loop = new ChatLoop(opened, chat, lines, new AnswerWriter(Console.Out, !Console.IsOutputRedirected, status), Console.Error);
            foreach (string text in files) loop.Attach(text);

            // Ctrl+C stops an answer; between answers the line editor takes it as a key.
            ConsoleCancelEventHandler stop = (_, happened) => happened.Cancel = loop.Stop();
            Console.CancelKeyPress += stop;
            try
            {
                if (isInteractive) await Console.Error.WriteLineAsync(Greeting(opened, model.IsBuiltIn(parsed))).ConfigureAwait(false);
                await loop.RunAsync().ConfigureAwait(false);
            }
            finally
            {
                Console.CancelKeyPress -= stop;
            }

            return 0;
        });
        return command;
    }

    private static string Greeting(FathomModel model, bool isBuiltIn) => FormattableString.Invariant(
        $"Fathom: {(isBuiltIn ? "the built-in model, whose weights are random so far" : "your model")}, context of {model.ContextLength:n0} tokens. /help lists the commands.");
}
