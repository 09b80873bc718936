using System.Text;
using System.Text.Json;
using Fathom.Checkpoints;
using Fathom.Text;

namespace Fathom.Inference;

/// <summary>A conversation as a JSON file: format, system, thinking, effort and messages.</summary>
internal static class ChatFile
{
    private const string Format = "fathom-chat-1";
    private const long MostBytes = 256L << 20;

    public static void Write(string path, ChatOptions options, IReadOnlyList<ChatMessage> messages)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true, Encoder = ChatJson.Readable.Encoder }))
        {
            writer.WriteStartObject();
            writer.WriteString("format", Format);
            if (options.System is not null) writer.WriteString("system", options.System);
            writer.WriteBoolean("thinking", options.ThinkingMode == ThinkingMode.Thinking);
            if (options.ReasoningEffort is not null) writer.WriteString("reasoning_effort", options.ReasoningEffort);
            writer.WriteStartArray("messages");
            foreach (ChatMessage message in messages) ChatJson.Write(writer, message);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        AtomicFile.Write(path, Encoding.UTF8.GetString(text.ToArray()));
    }

    public static (ChatOptions Options, IReadOnlyList<ChatMessage> Messages) Read(string path, ChatOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        long length = new FileInfo(path).Length;
        if (length > MostBytes) throw new ChatFormatException($"{path} has {length} bytes; a saved conversation has at most {MostBytes}.");
        JsonElement root = ChatJson.Parse(File.ReadAllText(path), path);
        if (root.ValueKind != JsonValueKind.Object || Text(root, "format") != Format || !root.TryGetProperty("messages", out JsonElement list))
            throw new ChatFormatException($"{path} is not a saved conversation (a JSON object with \"format\": \"{Format}\" and messages).");
        return (
            options with
            {
                System = Text(root, "system"),
                ThinkingMode = root.TryGetProperty("thinking", out JsonElement thinking) && thinking.ValueKind == JsonValueKind.True ? ThinkingMode.Thinking : ThinkingMode.Chat,
                ReasoningEffort = Text(root, "reasoning_effort"),
            },
            ChatJson.ReadMessages(list));
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
