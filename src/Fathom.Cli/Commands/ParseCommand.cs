using System.CommandLine;
using System.Text.Json;
using Fathom.Text;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom parse</c>: a completion to a message.</summary>
internal static class ParseCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo?>("FILE") { Description = "JSON file: a string, or an object with completion, thinking_mode, tools and ended_by; stdin when left out.", Arity = ArgumentArity.ZeroOrOne };
        var think = new Option<bool>("--think") { Description = "The prompt ended in <think>, so the completion begins with reasoning." };
        var plain = new Option<bool>("--plain") { Description = "The input is the completion itself, not JSON." };
        var strict = new Option<bool>("--strict") { Description = "Refuse what the reference parser refuses, instead of recovering." };
        var command = new Command("parse", "Turn a completion into message JSON.\n\nExample:\n  echo '\"Simple.</think>4.<｜end▁of▁sentence｜>\"' | fathom parse --think") { file, think, plain, strict };
        command.SetAction(parsed =>
        {
            string text = JsonText.ReadInput(parsed.GetValue(file));
            JsonElement input = default;
            if (!parsed.GetValue(plain))
            {
                input = ChatJson.Parse(text, "The input");
                text = Completion(input);
            }

            bool isObject = input.ValueKind == JsonValueKind.Object;
            ThinkingMode mode = parsed.GetValue(think) ? ThinkingMode.Thinking : isObject ? RenderCommand.ModeOf(input) : ThinkingMode.Chat;
            if (parsed.GetValue(strict))
            {
                ChatMessage message = ReferenceParser.Parse(text, mode);
                Write(message, message.ToolCalls.Count > 0 ? FinishReason.ToolCalls : FinishReason.Stop);
                return 0;
            }

            IReadOnlyList<ChatTool> tools = isObject && (input.TryGetProperty("tools", out JsonElement list) || input.TryGetProperty("tools_offered", out list)) ? ChatJson.ReadTools(list) : [];
            CompletionParser parser = CompletionParser.ParseWhole(text, mode, tools);
            bool isCut = isObject && input.TryGetProperty("ended_by", out JsonElement ended) && ended.ValueKind == JsonValueKind.String && ended.ValueEquals("length");
            Write(parser.ToMessage(), parser.FinishReasonFor(isCut ? FinishReason.Length : FinishReason.Stop));
            return 0;
        });
        return command;
    }

    /// <summary>The interface's name of a finish reason.</summary>
    internal static string NameOf(FinishReason reason) => reason switch
    {
        FinishReason.Length => "length",
        FinishReason.ToolCalls => "tool_calls",
        _ => "stop",
    };

    private static string Completion(JsonElement input)
    {
        if (input.ValueKind == JsonValueKind.String) return input.GetString()!;
        if (input.ValueKind == JsonValueKind.Object && input.TryGetProperty("completion", out JsonElement completion) && completion.ValueKind == JsonValueKind.String) return completion.GetString()!;
        throw new FormatException("Expected a JSON string, or an object with a completion; for the bare text add --plain.");
    }

    private static void Write(ChatMessage message, FinishReason finish) => JsonText.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WritePropertyName("message");
        ChatJson.Write(writer, message);
        writer.WriteString("finish_reason", NameOf(finish));
        writer.WriteEndObject();
    });
}
