using System.Text.Json;
using Fathom.Cli.Commands;
using Fathom.Documents;
using Fathom.Inference;

namespace Fathom.Cli.Ask;

/// <summary>Writes what stands below an answer: where the cited passages are, or the sources that Fathom found when the model cited none, and what the check of quotations found.</summary>
internal static class AskReport
{
    /// <summary>Sources and check as text or Markdown.</summary>
    public static void Write(CitationReport check, SourceReport sources, AskFormat format, TextWriter output)
    {
        bool isMarkdown = format == AskFormat.Markdown;
        if (check.NamesPlaces)
        {
            output.WriteLine(isMarkdown ? "\n## Sources\n" : "\nSources");
            foreach ((string text, string places) in Cited(check)) output.WriteLine($"{(isMarkdown ? "- " : "  ")}{text} {places}");
        }
        else
        {
            Section(SourceReport.Title, isMarkdown ? sources.ToMarkdown() : sources.ToText());
        }

        Section("Check", isMarkdown ? check.ToMarkdown() : check.ToText());
        output.Flush();

        void Section(string title, string lines)
        {
            output.WriteLine(isMarkdown ? $"\n## {title}\n" : $"\n{title}");
            foreach (string line in lines.TrimEnd().Split('\n')) output.WriteLine(isMarkdown ? line : "  " + line);
        }
    }

    /// <summary>Everything as one JSON object.</summary>
    public static void WriteJson(string question, DocumentSet set, PromptPlan plan, GenerationCompleted completed, CitationReport check, SourceReport sources) => JsonText.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("question", question);
        writer.WriteString("answer", completed.Message.Content);
        if (!string.IsNullOrEmpty(completed.Message.ReasoningContent)) writer.WriteString("reasoning", completed.Message.ReasoningContent);
        writer.WriteString("finish_reason", ParseCommand.NameOf(completed.FinishReason));
        writer.WritePropertyName("check");
        using (JsonDocument document = JsonDocument.Parse(check.ToJson())) document.RootElement.WriteTo(writer);
        writer.WritePropertyName("found_by_fathom");
        using (JsonDocument document = JsonDocument.Parse(sources.ToJson())) document.RootElement.WriteTo(writer);
        writer.WriteStartArray("documents");
        foreach (SourceDocument document in set.Documents)
        {
            writer.WriteStartObject();
            writer.WriteString("path", document.Path);
            writer.WriteString("kind", JsonNamingPolicy.SnakeCaseLower.ConvertName(document.Kind.ToString()));
            writer.WriteNumber("pages", document.Pages);
            writer.WriteNumber("characters", document.Characters);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("skipped");
        foreach (SkippedFile file in set.Skipped)
        {
            writer.WriteStartObject();
            writer.WriteString("path", file.Path);
            writer.WriteString("reason", JsonNamingPolicy.SnakeCaseLower.ConvertName(file.Reason.ToString()));
            writer.WriteString("message", file.Message);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("left_out");
        foreach (LeftOutDocument left in plan.LeftOut) writer.WriteStringValue(left.Message);
        writer.WriteEndArray();
        writer.WriteNumber("parts", plan.Parts.Count);
        JsonText.WriteUsage(writer, completed.Usage);
        writer.WriteEndObject();
    });

    private static IEnumerable<(string Text, string Places)> Cited(CitationReport check) =>
        check.Citations.Where(citation => citation.Places.Count > 0).Select(citation => (citation.Text, string.Join("; ", citation.Places))).Distinct();
}
