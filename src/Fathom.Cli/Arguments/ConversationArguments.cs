using System.CommandLine;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Cli.Arguments;

/// <summary>Options of a conversation: thinking, system message and files.</summary>
internal sealed class ConversationArguments
{
    private const int ContextForMax = 393_216;

    private readonly Option<string> think = new("--think") { Description = "Reasoning before the answer: none, low, high or max.", DefaultValueFactory = _ => "none" };
    private readonly Option<string?> system = new("--system") { Description = "System message." };
    private readonly Option<FileInfo[]> file = new("--file") { Description = "Text file to put before the prompt; may be given several times." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(think);
        command.Options.Add(system);
        command.Options.Add(file);
    }

    /// <summary>Reads the options.</summary>
    public ChatOptions Read(ParseResult parsed, GenerationOptions generation) =>
        WithThinking(new ChatOptions { System = parsed.GetValue(system), Generation = generation }, parsed.GetValue(think)!);

    /// <summary>The named files, as they stand in a prompt.</summary>
    public IEnumerable<string> ReadFiles(ParseResult parsed) => (parsed.GetValue(file) ?? []).Select(entry => PromptFile.Read(entry.FullName));

    /// <summary>Options with another level of thinking. Levels that a checkpoint's format does not know are refused when the prompt is made.</summary>
    public static ChatOptions WithThinking(ChatOptions options, string level) => options with
    {
        ThinkingMode = level == "none" ? ThinkingMode.Chat : ThinkingMode.Thinking,
        ReasoningEffort = level == "none" ? null : level,
    };

    /// <summary>What a user should know about the level and this model, or null.</summary>
    public static string? Warning(ChatOptions options, int contextLength) =>
        options.ReasoningEffort == "max" && contextLength < ContextForMax
            ? $"thinking 'max' is meant for contexts of {ContextForMax} tokens or more; this model has {contextLength}."
            : null;
}
