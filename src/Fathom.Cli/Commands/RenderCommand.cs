using System.CommandLine;
using System.Text.Json;
using Fathom.Text;

namespace Fathom.Cli.Commands;

/// <summary><c>fathom render</c>: messages to prompt and token ids.</summary>
internal static class RenderCommand
{
    public static Command Create()
    {
        var file = new Argument<FileInfo?>("FILE") { Description = "JSON file with an array of messages, or an object with messages, tools and options; stdin when left out.", Arity = ArgumentArity.ZeroOrOne };
        var model = new Option<string?>("--model") { Description = "A model folder, the owner/name of a pulled model, or a tokenizer.json; DeepSeek V4's official tokenizer when left out." };
        var format = new Option<ChatFormat?>("--format") { Description = "release, preview or v41; told from the model's config.json, else release." };
        var think = new Option<string?>("--think") { Description = "none, low, high or max; overrides the file." };
        var keep = new Option<bool>("--keep-thinking") { Description = "Keep the reasoning of earlier turns." };
        var reference = new Option<bool>("--reference") { Description = "Match added tokens in texts too, as the reference does; forged markup becomes real." };
        var command = new Command("render", "Turn messages into the prompt text and its token ids.\n\nExample:\n  echo '[{\"role\":\"user\",\"content\":\"Hi\"}]' | fathom render --think high") { file, model, format, think, keep, reference };
        command.SetAction(parsed =>
        {
            JsonElement input = ChatJson.Parse(JsonText.ReadInput(parsed.GetValue(file)), "The input");
            JsonElement messages = input.ValueKind == JsonValueKind.Object && input.TryGetProperty("messages", out JsonElement list) ? list : input;
            JsonElement given = input.ValueKind == JsonValueKind.Object && input.TryGetProperty("options", out JsonElement inner) ? inner : input;
            ChatEncodingOptions options = Options(given);
            if (parsed.GetValue(keep)) options = options with { DropsThinking = false };
            if (parsed.GetValue(think) is { } level)
            {
                options = options with { ThinkingMode = level == "none" ? ThinkingMode.Chat : ThinkingMode.Thinking, ReasoningEffort = level == "none" ? null : level };
            }

            ChatFormat chosen = parsed.GetValue(format) ?? FormatOf(input) ?? TokenizerLocation.FormatOf(parsed.GetValue(model));
            IReadOnlyList<ChatTool> tools = input.ValueKind == JsonValueKind.Object && input.TryGetProperty("tools", out JsonElement offered) ? ChatJson.ReadTools(offered) : [];
            ChatPrompt prompt = new ChatEncoder(chosen).Encode(ChatJson.WithTools(ChatJson.ReadMessages(messages), tools), options);
            Tokenizer tokenizer = TokenizerLocation.Open(parsed.GetValue(model));
            int[] ids = parsed.GetValue(reference) ? tokenizer.Encode(prompt.Text, matchAddedTokens: true) : tokenizer.Encode(prompt.Spans);
            JsonText.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("prompt", prompt.Text);
                writer.WriteNumber("count", ids.Length);
                writer.WriteIds("ids", ids);
                writer.WriteEndObject();
            });
            return 0;
        });
        return command;
    }

    private static ChatEncodingOptions Options(JsonElement given)
    {
        if (given.ValueKind != JsonValueKind.Object) return new ChatEncodingOptions();
        return new ChatEncodingOptions
        {
            ThinkingMode = ModeOf(given),
            DropsThinking = !given.TryGetProperty("drop_thinking", out JsonElement drop) || drop.ValueKind != JsonValueKind.False,
            AddsBos = !given.TryGetProperty("add_default_bos_token", out JsonElement bos) || bos.ValueKind != JsonValueKind.False,
            ReasoningEffort = given.TryGetProperty("reasoning_effort", out JsonElement effort) && effort.ValueKind != JsonValueKind.Null ? effort.ToString() : null,
            Context = given.TryGetProperty("context", out JsonElement context) ? ChatJson.ReadMessages(context) : [],
        };
    }

    /// <summary>The thinking mode that a JSON object names; chat when it names none.</summary>
    /// <exception cref="ChatFormatException">It names another.</exception>
    internal static ThinkingMode ModeOf(JsonElement given)
    {
        if (!given.TryGetProperty("thinking_mode", out JsonElement mode)) return ThinkingMode.Chat;
        return mode.ToString() switch
        {
            "chat" => ThinkingMode.Chat,
            "thinking" => ThinkingMode.Thinking,
            string other => throw new ChatFormatException($"Unknown thinking_mode '{other}'; expected chat or thinking."),
        };
    }

    private static ChatFormat? FormatOf(JsonElement input)
    {
        if (input.ValueKind != JsonValueKind.Object || !input.TryGetProperty("encoder", out JsonElement encoder)) return null;
        return encoder.ToString() switch
        {
            "ga" or "release" => ChatFormat.Release,
            "preview" => ChatFormat.Preview,
            "v41" => ChatFormat.V41,
            string other => throw new ChatFormatException($"Unknown encoder '{other}'; expected release, preview or v41."),
        };
    }
}
