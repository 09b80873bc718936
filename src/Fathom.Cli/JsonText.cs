using System.Text;
using System.Text.Json;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Cli;

/// <summary>JSON that commands read and write.</summary>
internal static class JsonText
{
    /// <summary>The text of a file, or of stdin when none is named.</summary>
    /// <exception cref="FormatException">There is no input, it is not text, or too much.</exception>
    /// <exception cref="IOException">The file is not there, or cannot be read.</exception>
    public static string ReadInput(FileInfo? file)
    {
        if (file is not null) return InputText.Read(file.FullName);
        if (!Console.IsInputRedirected) throw new FormatException("Name a file, or pipe the input in.");
        return InputText.ReadAll(Console.In, "The input");
    }

    /// <summary>Writes the token counts of an answer as the member <c>usage</c>.</summary>
    public static void WriteUsage(Utf8JsonWriter writer, Usage usage)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", usage.PromptTokens);
        writer.WriteNumber("cached_tokens", usage.CachedTokens);
        writer.WriteNumber("completion_tokens", usage.CompletionTokens);
        writer.WriteNumber("reasoning_tokens", usage.ReasoningTokens);
        writer.WriteEndObject();
    }

    /// <summary>Writes one JSON value and a line feed to stdout.</summary>
    public static void Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = !Console.IsOutputRedirected, Encoder = ChatJson.Readable.Encoder }))
        {
            write(writer);
        }

        Console.Out.WriteLine(Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length));
    }

    /// <summary>Writes ids as an array.</summary>
    public static void WriteIds(this Utf8JsonWriter writer, string name, IEnumerable<int> ids)
    {
        writer.WriteStartArray(name);
        foreach (int id in ids) writer.WriteNumberValue(id);
        writer.WriteEndArray();
    }
}
