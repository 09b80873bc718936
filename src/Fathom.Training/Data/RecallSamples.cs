using Fathom.Evaluation.Recall;
using Fathom.Text;

namespace Fathom.Training.Data;

/// <summary>Generated documents as conversations in V4's chat encoding: the document and a question, then more questions; the loss is on the answers, and a share of it on the rest.</summary>
internal sealed class RecallSamples(Tokenizer tokenizer, long seed, float textWeight)
{
    private readonly ChatEncoder encoder = new(ChatFormat.Release);

    /// <summary>A sample of at most <paramref name="tokens"/> tokens; what does not fit is made shorter, not cut.</summary>
    public Sample Create(long number, int tokens, int questions)
    {
        // English takes about four characters a token here; a document that turns out too long is made anew, shorter.
        for (int characters = (int)((tokens - 40 - (questions * 24)) * 3.6); ; characters = characters * 9 / 10)
        {
            RecallDocument document = RecallDocument.Create(seed, number, Math.Max(60, characters), questions);
            Sample sample = Encode(document);
            if (sample.Tokens.Length <= tokens) return sample;
            if (characters < 60) questions = Math.Max(1, questions - 1);
        }
    }

    private Sample Encode(RecallDocument document)
    {
        var tokens = new List<int>();
        var weights = new List<float>();
        var messages = new List<ChatMessage>();
        bool thinks = document.Text.Length % 8 == 0;
        for (int i = 0; i < document.Questions.Count; i++)
        {
            RecallQuestion question = document.Questions[i];
            ChatMessage user = ChatMessage.Of("user", i == 0 ? RecallDocument.Prompt(document.Text, question.Question) : question.Question);
            ThinkingMode mode = thinks && i == document.Questions.Count - 1 ? ThinkingMode.Thinking : ThinkingMode.Chat;
            ChatPrompt prompt = encoder.Encode([user], new ChatEncodingOptions { Context = messages, ThinkingMode = mode });
            Append(tokens, weights, tokenizer.Encode(prompt.Spans), textWeight);
            string reasoning = mode == ThinkingMode.Thinking ? $"I look for it in the document: {question.Question}{Markup.ThinkEnd}" : string.Empty;
            Append(tokens, weights, tokenizer.Encode($"{reasoning}{question.Answer}{Markup.Eos}", matchAddedTokens: true), 1f);
            messages.Add(user);
            messages.Add(ChatMessage.Of("assistant", question.Answer));
        }

        return new Sample([.. tokens], [.. weights]);
    }

    private static void Append(List<int> tokens, List<float> weights, int[] ids, float weight)
    {
        tokens.AddRange(ids);
        weights.AddRange(Enumerable.Repeat(weight, ids.Length));
    }
}
