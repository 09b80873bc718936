using System.Text;
using System.Text.Json;
using Fathom.Text;

namespace Fathom.Training.Data;

/// <summary>Reads what people train on: folders of text, and JSON Lines of documents or conversations.</summary>
internal static class TextFiles
{
    private const long MostBytes = 1L << 30;
    private static readonly string[] TextExtensions = [".txt", ".md"];
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The texts of a file, or of all .txt and .md files under a folder, by name.</summary>
    /// <exception cref="InvalidDataException">There is none, they are too many, or one is no UTF-8 text.</exception>
    public static IEnumerable<string> Texts(string path)
    {
        string[] files = Directory.Exists(path)
            ? [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(file => TextExtensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal)]
            : File.Exists(path) ? [path] : throw new InvalidDataException($"There is no file or folder {path} to train on.");
        if (files.Length == 0) throw new InvalidDataException($"{path} has no .txt or .md files to train on.");
        CheckSize(path, files.Sum(file => new FileInfo(file).Length));
        foreach (string file in files)
        {
            string text;
            try
            {
                text = Strict.GetString(File.ReadAllBytes(file)).TrimStart('\uFEFF');
            }
            catch (DecoderFallbackException)
            {
                throw new InvalidDataException($"{file} is no UTF-8 text; convert it or move it out of {path}.");
            }

            if (!string.IsNullOrWhiteSpace(text)) yield return text;
        }
    }

    /// <summary>The field <c>text</c> of each line.</summary>
    /// <exception cref="InvalidDataException">A line is no such object; the message says which.</exception>
    public static IEnumerable<string> Documents(string path) => Lines(path).Select(line =>
        line.Value.ValueKind == JsonValueKind.Object && line.Value.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw new InvalidDataException($"{path} line {line.Number} has no text; each line is an object such as {{\"text\": \"…\"}}."));

    /// <summary>The field <c>messages</c> of each line, with its <c>tools</c> when there are some.</summary>
    /// <exception cref="InvalidDataException">A line is no such object, or has no answer in it; the message says which.</exception>
    public static IEnumerable<(int Line, IReadOnlyList<ChatMessage> Messages)> Conversations(string path)
    {
        foreach ((int number, JsonElement line) in Lines(path))
        {
            if (line.ValueKind != JsonValueKind.Object || !line.TryGetProperty("messages", out JsonElement list))
                throw new InvalidDataException($"{path} line {number} has no messages; each line is an object such as {{\"messages\": [{{\"role\": \"user\", \"content\": \"…\"}}, {{\"role\": \"assistant\", \"content\": \"…\"}}]}}.");
            IReadOnlyList<ChatMessage> messages;
            try
            {
                messages = ChatJson.ReadMessages(list);
                if (line.TryGetProperty("tools", out JsonElement tools)) messages = ChatJson.WithTools(messages, ChatJson.ReadTools(tools));
            }
            catch (ChatFormatException exception)
            {
                throw new InvalidDataException($"{path} line {number}: {exception.Message}", exception);
            }

            if (!messages.Any(message => message.Role == "assistant")) throw new InvalidDataException($"{path} line {number} has no message of the assistant to learn from.");
            yield return (number, messages);
        }
    }

    private static IEnumerable<(int Number, JsonElement Value)> Lines(string path)
    {
        if (!File.Exists(path)) throw new InvalidDataException($"There is no file {path} to train on.");
        CheckSize(path, new FileInfo(path).Length);
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            JsonElement value;
            try
            {
                using JsonDocument document = JsonDocument.Parse(line);
                value = document.RootElement.Clone();
            }
            catch (JsonException exception)
            {
                throw new InvalidDataException($"{path} line {number} is no JSON: {exception.Message.ReplaceLineEndings(" ")}", exception);
            }

            yield return (number, value);
        }
    }

    private static void CheckSize(string path, long bytes)
    {
        if (bytes > MostBytes) throw new InvalidDataException($"{path} has {bytes:N0} bytes; training data is kept in memory, and {MostBytes:N0} are the most for one source. Split it.");
    }
}
