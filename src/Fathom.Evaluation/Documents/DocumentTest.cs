using System.Runtime.CompilerServices;
using Fathom.Documents;
using Fathom.Evaluation.Recall;
using Fathom.Inference;
using Fathom.Text;

namespace Fathom.Evaluation.Documents;

/// <summary>
/// Writes generated documents as real files, reads them back, asks a model, and holds its answer and the sources that Fathom finds for it
/// against what was written where.
/// </summary>
public static class DocumentTest
{
    private const int LongestAnswer = 48;
    private const double MostCharactersPerToken = 4.9;

    /// <summary>Asks about documents of one format.</summary>
    /// <param name="model">The model.</param>
    /// <param name="format">How the documents are written.</param>
    /// <param name="length">Tokens of a prompt at most; documents fill at least nine tenths of it.</param>
    /// <param name="questions">How many questions, each about a document of its own.</param>
    /// <param name="system">The system message; null for none.</param>
    /// <param name="options">How documents go into the prompt.</param>
    /// <param name="series">Which series of documents; the same one gives the same documents.</param>
    /// <param name="cancellation">Looked at between questions.</param>
    /// <exception cref="ArgumentException">The model's context is shorter than the length.</exception>
    public static async IAsyncEnumerable<DocumentResult> RunAsync(FathomModel model, FileFormat format, int length, int questions, string? system, PromptOptions options, int series = 0, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (length < 256 || length > model.ContextLength - LongestAnswer) throw new ArgumentException($"A test of {length} tokens is not possible; this model takes lengths from 256 to {model.ContextLength - LongestAnswer}.");
        var chat = new ChatOptions { System = system, Generation = new GenerationOptions { MaxTokens = LongestAnswer, Sampling = new SamplingOptions { Temperature = 0 } } };
        for (int i = 0; i < questions; i++)
        {
            long number = (length * 1_000_000L) + ((long)format * 10_000) + i;
            for (int characters = (int)(length * MostCharactersPerToken); ; characters = characters * 97 / 100)
            {
                RecallDocument document = RecallDocument.Create(RecallTest.Seed + series, number, characters, RecallTest.QuestionsPerDocument);
                WrittenDocument written = DocumentFiles.Write(format, document.Text);
                DocumentSet set = new DocumentReader().Read(written.Name, written.Content, cancellation);
                var prompt = new DocumentPrompt(set.Documents, text => model.Tokenizer.Encode(text, matchAddedTokens: false).Length, options);
                PromptPlan plan = prompt.Fit(int.MaxValue);
                if (plan.Parts[0].Tokens > length) continue;
                yield return await AskAsync(model, chat, prompt, plan, document.Questions[0], written, format, cancellation).ConfigureAwait(false);
                break;
            }
        }
    }

    private static async Task<DocumentResult> AskAsync(FathomModel model, ChatOptions options, DocumentPrompt prompt, PromptPlan plan, RecallQuestion question, WrittenDocument written, FileFormat format, CancellationToken cancellation)
    {
        GenerationCompleted? completed = null;
        await foreach (CompletionEvent happened in model.StartChat(options).SendAsync($"{plan.Parts[0].Text}\n{question.Question}", cancellation).ConfigureAwait(false)) completed = happened as GenerationCompleted ?? completed;
        string answer = completed!.Message.Content ?? string.Empty;
        IReadOnlyList<FoundSource> sources = new SourceFinder(prompt).Find(question.Question, answer, cancellation).Sources;
        FoundSource? source = sources.Count > 0 ? sources[0] : null;
        WrittenLine[]? lines = question.Fact is null ? null : written.LinesOf(question.Fact);
        bool isRight = lines is null ? source is null : source is not null && IsWithin(source.Found.Place, lines);
        string? place = lines is null ? null : $"{lines[0].Path}{(lines[0].Page is { } page ? $", page {page}" : string.Empty)}, line {lines[0].Line}";
        return new DocumentResult(format, completed.Usage.PromptTokens, question.Question, question.Answer, answer, place, source?.Found.Place.ToString(), isRight);
    }

    /// <summary>Whether a place names lines of the fact and no others.</summary>
    private static bool IsWithin(SourcePlace place, WrittenLine[] lines) =>
        place.Path == lines[0].Path && Array.Exists(lines, line => line.Page == place.Page && line.Line == place.Line) && Array.Exists(lines, line => line.Page == place.LastPage && line.Line == place.LastLine);
}
