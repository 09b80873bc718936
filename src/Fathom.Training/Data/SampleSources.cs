using Fathom.Text;
using Fathom.Training.Run;

namespace Fathom.Training.Data;

/// <summary>Opens what a run's description names as its data.</summary>
internal static class SampleSources
{
    /// <summary>Opens all sources of a run.</summary>
    /// <param name="config">The run.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="notice">Receives what people should know about their data.</param>
    /// <exception cref="InvalidDataException">Data cannot be read; the message says where.</exception>
    public static ISampleSource Open(TrainConfig config, Tokenizer tokenizer, Action<string>? notice = null)
    {
        if (config.Data.Count == 0) return new RecallSamples(tokenizer, config.Seed, config.TextWeight, config.AsksThinkingAlone);
        List<(ISampleSource Source, double Share)> parts = [.. config.Data.Select(data => (Open(data, config, tokenizer, notice), data.Share))];
        return parts.Count == 1 ? parts[0].Source : new MixedSamples(parts, config.Seed);
    }

    private static ISampleSource Open(DataSource data, TrainConfig config, Tokenizer tokenizer, Action<string>? notice)
    {
        switch (data.Kind)
        {
            case DataKind.Text:
                return new TextSamples(tokenizer, TextFiles.Texts(data.Path!), data.Path!, config.Seed);
            case DataKind.Documents:
                return new TextSamples(tokenizer, TextFiles.Documents(data.Path!), data.Path!, config.Seed);
            case DataKind.Conversations:
                var source = new ConversationSamples(tokenizer, data.ChatFormat, TextFiles.Conversations(data.Path!), data.Path!, config.Seed);
                int longest = config.Stages.Max(stage => stage.SampleTokens);
                (int all, int tooLong) = source.Count(longest);
                if (tooLong > 0) notice?.Invoke($"{tooLong} of {all} conversations of {data.Path} are longer than {longest} tokens and are left out.");
                return source;
            default:
                return new RecallSamples(tokenizer, config.Seed, config.TextWeight, config.AsksThinkingAlone);
        }
    }
}
