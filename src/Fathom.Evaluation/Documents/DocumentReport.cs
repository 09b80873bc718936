using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fathom.Evaluation.Documents;

/// <summary>A test of documents as a Markdown table and as lines of JSON.</summary>
public static class DocumentReport
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>A row for each format: right answers, right sources, and both.</summary>
    public static string Table(IReadOnlyList<DocumentResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var text = new StringBuilder("| format | questions | not in the document | answer right | source right | both |\n|---|---|---|---|---|---|\n");
        foreach (IGrouping<FileFormat, DocumentResult> format in results.GroupBy(result => result.Format).OrderBy(group => group.Key))
        {
            DocumentResult[] all = [.. format];
            text.Append(CultureInfo.InvariantCulture, $"| {format.Key} | {all.Length} | {all.Count(result => result.Place is null)} | {Share(all, result => result.IsAnswerRight)} | {Share(all, result => result.IsSourceRight)} | {Share(all, result => result is { IsAnswerRight: true, IsSourceRight: true })} |\n");
        }

        return text.ToString();
    }

    /// <summary>A line of JSON for each question.</summary>
    public static string Answers(IReadOnlyList<DocumentResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        return string.Concat(results.Select(result => JsonSerializer.Serialize(result, Json) + "\n"));
    }

    private static string Share(DocumentResult[] results, Func<DocumentResult, bool> isRight) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * results.Count(isRight) / results.Length:0.0} %");
}
