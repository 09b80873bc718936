using Fathom.Evaluation.Recall;
using Fathom.Text;
using Fathom.Training.Run;

namespace Fathom.Training.Data;

/// <summary>Generated documents as conversations in V4's chat encoding: the document and a question, then more questions; the loss is on the answers, and a share of it on the rest. Now and then small talk instead.</summary>
internal sealed class RecallSamples(Tokenizer tokenizer, long seed, float textWeight, bool asksThinkingAlone) : ISampleSource
{
    // One sample in this many is small talk; its wording is free, so that it counts less than an answer.
    private const int SmallTalkEvery = 24;
    private const float SmallTalkWeight = 0.5f;

    // One document in this many ends with a question in thinking mode.
    private const int ThinkingEvery = 8;

    private readonly ChatEncoder encoder = new(ChatFormat.Release);

    /// <inheritdoc/>
    public Sample Create(long number, TrainStage stage)
    {
        int tokens = stage.SampleTokens, questions = stage.Questions, facts = stage.Facts;
        if (number % SmallTalkEvery == SmallTalkEvery - 1 && Talk(number) is { } talk && talk.Tokens.Length <= tokens) return talk;

        // English takes about four characters a token here; a document that turns out too long is made anew, shorter, not cut.
        for (int characters = (int)((tokens - 40 - (questions * 24)) * 3.6); ; characters = characters * 9 / 10)
        {
            RecallDocument document = RecallDocument.Create(seed, number, Math.Max(60, characters), questions, facts);
            Sample sample = Encode(document, number);
            if (sample.Tokens.Length <= tokens) return sample;
            if (characters < 60) (questions, facts) = (Math.Max(1, questions - 1), Math.Max(Math.Min(1, facts), facts - 1));
        }
    }

    private Sample Talk(long number)
    {
        (string user, string answer) = SmallTalk.Create(new Random(unchecked((int)((number * 0x9E3779B1L) + seed))));
        ChatPrompt prompt = encoder.Encode([ChatMessage.Of("user", user)], new ChatEncodingOptions { ThinkingMode = ThinkingMode.Chat });
        return new Sample.Builder()
            .Add(tokenizer.Encode(prompt.Spans), textWeight)
            .Add(tokenizer.Encode($"{answer}{Markup.Eos}", matchAddedTokens: true), SmallTalkWeight)
            .Build();
    }

    private Sample Encode(RecallDocument document, long number)
    {
        var sample = new Sample.Builder();
        var messages = new List<ChatMessage>();
        bool thinks = number % ThinkingEvery == 0;
        int questions = asksThinkingAlone && thinks && number % (2 * ThinkingEvery) == 0 ? Math.Min(1, document.Questions.Count) : document.Questions.Count;
        for (int i = 0; i < questions; i++)
        {
            RecallQuestion question = document.Questions[i];
            ChatMessage user = ChatMessage.Of("user", i == 0 ? RecallDocument.Prompt(document.Text, question.Question) : question.Question);
            bool isThinking = thinks && i == questions - 1;
            ChatPrompt prompt = encoder.Encode([user], new ChatEncodingOptions { Context = messages, ThinkingMode = isThinking ? ThinkingMode.Thinking : ThinkingMode.Chat });
            string reasoning = isThinking ? $"I look for it in the document: {question.Question}{Markup.ThinkEnd}" : string.Empty;
            sample.Add(tokenizer.Encode(prompt.Spans), textWeight).Add(tokenizer.Encode($"{reasoning}{question.Answer}{Markup.Eos}", matchAddedTokens: true), 1f);
            messages.Add(user);
            messages.Add(ChatMessage.Of("assistant", question.Answer));
        }

        return sample.Build();
    }
}
