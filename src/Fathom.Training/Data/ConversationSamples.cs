using Fathom.Text;
using Fathom.Training.Run;

namespace Fathom.Training.Data;

/// <summary>
/// Conversations in V4's chat encoding with the loss on what the assistant says, reasoning and tool calls included. Prompts are
/// those that a chat would have: where the encoding leaves out earlier reasoning, a conversation becomes several samples.
/// </summary>
internal sealed class ConversationSamples : ISampleSource
{
    private readonly List<Sample> samples = [];
    private readonly string path;
    private readonly long seed;
    private (int Tokens, Sample[] Fitting, Shuffle Order)? chosen;

    /// <summary>Encodes the conversations.</summary>
    /// <exception cref="InvalidDataException">A conversation cannot be encoded, or there is none.</exception>
    public ConversationSamples(Tokenizer tokenizer, ChatFormat format, IEnumerable<(int Line, IReadOnlyList<ChatMessage> Messages)> conversations, string path, long seed)
    {
        var encoder = new ChatEncoder(format);
        this.path = path;
        this.seed = seed;
        foreach ((int line, IReadOnlyList<ChatMessage> messages) in conversations)
        {
            try
            {
                samples.AddRange(Encode(tokenizer, encoder, messages));
            }
            catch (ChatFormatException exception)
            {
                throw new InvalidDataException($"{path} line {line}: {exception.Message}", exception);
            }
        }

        if (samples.Count == 0) throw new InvalidDataException($"{path} holds no conversation to train on.");
    }

    /// <summary>Samples in all, and how many of them are longer than <paramref name="tokens"/> and left out.</summary>
    public (int All, int TooLong) Count(int tokens) => (samples.Count, samples.Count(sample => sample.Tokens.Length > tokens));

    /// <inheritdoc/>
    public Sample Create(long number, TrainStage stage)
    {
        if (chosen is not { } used || used.Tokens != stage.SampleTokens)
        {
            Sample[] fitting = [.. samples.Where(sample => sample.Tokens.Length <= stage.SampleTokens)];
            if (fitting.Length == 0)
                throw new InvalidDataException($"Every conversation of {path} is longer than {stage.SampleTokens} tokens; the shortest has {samples.Min(sample => sample.Tokens.Length)}. Raise the stage's length.");
            chosen = used = (stage.SampleTokens, fitting, new Shuffle(fitting.Length, seed));
        }

        return used.Fitting[used.Order[number]];
    }

    private static IEnumerable<Sample> Encode(Tokenizer tokenizer, ChatEncoder encoder, IReadOnlyList<ChatMessage> messages)
    {
        Sample.Builder? sample = null;
        for (int i = 0; i < messages.Count; i++)
        {
            if (messages[i].Role != "assistant") continue;
            ChatMessage[] before = [.. messages.Take(i)];
            ThinkingMode mode = string.IsNullOrEmpty(messages[i].ReasoningContent) ? ThinkingMode.Chat : ThinkingMode.Thinking;
            int[] prompt = tokenizer.Encode(encoder.Encode(before, new ChatEncodingOptions { ThinkingMode = mode }).Spans);
            int[] answer = tokenizer.Encode(encoder.Encode([messages[i]], new ChatEncodingOptions { ThinkingMode = mode, Context = before }).Spans);
            if (sample is not null && !sample.IsStartOf(prompt))
            {
                yield return sample.Build();
                sample = null;
            }

            sample ??= new Sample.Builder();
            sample.Add(prompt.AsSpan(sample.Length), 0f).Add(answer, 1f);
        }

        if (sample is not null) yield return sample.Build();
    }
}
