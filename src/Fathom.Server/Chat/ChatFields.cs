using Fathom.Inference;
using Fathom.Server.Errors;
using Fathom.Server.Requests;
using Fathom.Text;

namespace Fathom.Server.Chat;

/// <summary>Reads requests of the web chat.</summary>
internal static class ChatFields
{
    private const int MostFiles = 50;
    private const int LongestName = 255;

    /// <summary>Texts that come with a question.</summary>
    public static IReadOnlyList<ChatAttachment> Files(JsonFields fields)
    {
        var files = new List<ChatAttachment>();
        foreach (JsonFields item in fields.Items("files")) files.Add(new ChatAttachment(Short(item, "name", LongestName) ?? "file", item.Text("text") ?? string.Empty));
        return files.Count <= MostFiles ? files : throw ApiException.BadField(fields.NameOf("files"), $"'{fields.NameOf("files")}' may hold {MostFiles} files at most, not {files.Count}.");
    }

    /// <summary>A text that is not too long for a line of a list; null when it is absent.</summary>
    public static string? Short(JsonFields fields, string field, int most = 200)
    {
        string? text = fields.Text(field)?.ReplaceLineEndings(" ").Trim();
        return text?.Length > most ? throw ApiException.BadField(fields.NameOf(field), $"'{fields.NameOf(field)}' may have {most} characters at most, not {text.Length}.") : text;
    }

    /// <summary>How to answer: the fields of OpenAI's dialect.</summary>
    public static ChatCall Call(JsonFields fields, RequestContext context, IReadOnlyList<ChatMessage> messages)
    {
        (ThinkingMode mode, string? effort) = ThinkingFields.Read(fields, fields.Any("reasoning_effort"), context.Options.ModelId, context.Options.DefaultMode(Dialect.OpenAI), context.Model.ChatFormat);
        return new ChatCall
        {
            Model = context.Options.ModelId,
            Messages = messages,
            Streams = true,
            Options = new ChatOptions { ThinkingMode = mode, ReasoningEffort = effort, Generation = SamplingFields.Read(fields, fields.Whole("max_tokens", 1), "stop", context.Options) },
        };
    }

    /// <summary>A title for a conversation that has none: the beginning of its first question.</summary>
    public static string TitleOf(string text)
    {
        const int Length = 60;
        string line = text.Split('\n').Select(one => one.Trim()).FirstOrDefault(one => one.Length > 0) ?? string.Empty;
        if (line.Length <= Length) return line;

        // Not in the middle of a word if it can be helped, and never in the middle of a character.
        int end = line.LastIndexOf(' ', Length - 1);
        if (end < Length / 2) end = char.IsHighSurrogate(line[Length - 2]) ? Length - 2 : Length - 1;
        return line[..end] + "…";
    }
}
