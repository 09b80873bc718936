using System.Numerics.Tensors;
using Fathom.Inference;
using Fathom.Model;
using Fathom.Text;

namespace Fathom.Evaluation.Recall;

/// <summary>Asks a model about generated documents and compares its greedy answers letter by letter.</summary>
public static class RecallTest
{
    /// <summary>Seed of the documents. Runs of the trainer use small seeds, so these documents are in no training.</summary>
    public const long Seed = 0x7EC0_11ED;

    /// <summary>Questions that one document answers at most.</summary>
    public const int QuestionsPerDocument = 16;

    private const int LongestAnswer = 48;
    private const double CharactersPerToken = 4.2;

    /// <summary>Asks about documents of one length.</summary>
    /// <param name="model">The model.</param>
    /// <param name="length">Tokens of a prompt at most; documents fill at least nine tenths of it.</param>
    /// <param name="questions">How many questions.</param>
    /// <param name="perDocument">How many of them about one document, up to <see cref="QuestionsPerDocument"/>; a document is read once for all of its questions.</param>
    /// <param name="cancellation">Looked at between forwards.</param>
    /// <exception cref="ArgumentException">The model's context is shorter than the length.</exception>
    public static IEnumerable<RecallResult> Run(FathomModel model, int length, int questions, int perDocument, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (length < 128 || length > model.ContextLength - LongestAnswer)
            throw new ArgumentException($"A recall test of {length} tokens is not possible; this model takes lengths from 128 to {model.ContextLength - LongestAnswer}.");
        perDocument = Math.Clamp(perDocument, 1, QuestionsPerDocument);
        int asked = 0;
        for (long number = length * 1_000_000L; asked < questions; number++)
        {
            (RecallDocument document, int[][] prompts) = Fitting(model, number, length);
            RecallQuestion[] chosen = [.. document.Questions.Take(Math.Min(perDocument, questions - asked))];
            int shared = prompts.Take(chosen.Length).Min(prompt => prompt.AsSpan().CommonPrefixLength(prompts[0]));
            using ISession read = model.Model.CreateSession();
            model.Model.Read(read, prompts[0].AsMemory(0, Math.Min(shared, prompts[0].Length - 1)), cancellation);
            for (int i = 0; i < chosen.Length; i++)
            {
                using ISession session = read.Fork();
                string answer = Answer(model, session, prompts[i].AsMemory(read.Length), cancellation);
                yield return new RecallResult(length, prompts[i].Length, chosen[i].Depth, chosen[i].Question, chosen[i].Answer, answer);
            }

            asked += chosen.Length;
        }
    }

    // The longest document of the number whose prompts fit, with the prompts of all its questions.
    private static (RecallDocument Document, int[][] Prompts) Fitting(FathomModel model, long number, int length)
    {
        for (int characters = (int)(length * CharactersPerToken); ; characters = characters * 97 / 100)
        {
            RecallDocument document = RecallDocument.Create(Seed, number, characters, QuestionsPerDocument);
            int[][] prompts = [.. document.Questions.Select(question => Encode(model, document, question)).TakeWhile(prompt => prompt.Length <= length)];
            if (prompts.Length == document.Questions.Count) return (document, prompts);
        }
    }

    private static int[] Encode(FathomModel model, RecallDocument document, RecallQuestion question) =>
        model.Tokenizer.Encode(model.Render([ChatMessage.Of("user", RecallDocument.Prompt(document.Text, question.Question))], new ChatOptions()).Spans);

    private static string Answer(FathomModel model, ISession session, ReadOnlyMemory<int> prompt, CancellationToken cancellation)
    {
        int eos = model.Tokenizer.Encode(Markup.Eos, matchAddedTokens: true)[0];
        var answer = new List<int>();
        int next = MostLikely(model.Model.Read(session, prompt, cancellation));
        while (next != eos && answer.Count < LongestAnswer)
        {
            answer.Add(next);
            next = MostLikely(model.Model.Read(session, new[] { next }, cancellation));
        }

        return model.Tokenizer.Decode([.. answer]);
    }

    private static int MostLikely(Logits logits) => TensorPrimitives.IndexOfMax(logits[0]);
}
