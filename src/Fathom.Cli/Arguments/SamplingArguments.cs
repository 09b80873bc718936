using System.CommandLine;
using Fathom.Inference;

namespace Fathom.Cli.Arguments;

/// <summary>Options that say how tokens are picked and when to stop. The defaults are the model card's.</summary>
internal sealed class SamplingArguments
{
    private static readonly SamplingOptions Defaults = new();

    private readonly Option<int?> maxTokens = new("--max-tokens") { Description = "Tokens of the answer at most, reasoning included (default: what the context holds)." };
    private readonly Option<float> temperature = new("--temperature") { Description = "0 takes the most likely token always.", DefaultValueFactory = _ => Defaults.Temperature };
    private readonly Option<float> topP = new("--top-p") { Description = "Keep the most likely tokens up to this sum of probabilities.", DefaultValueFactory = _ => Defaults.TopP };
    private readonly Option<int> topK = new("--top-k") { Description = "Keep this many of the most likely tokens; 0 keeps all.", DefaultValueFactory = _ => Defaults.TopK };
    private readonly Option<float> minP = new("--min-p") { Description = "Keep tokens at least this share as likely as the most likely one.", DefaultValueFactory = _ => Defaults.MinP };
    private readonly Option<float> repetition = new("--repetition-penalty") { Description = "Make tokens of prompt and answer less likely; 1 is off.", DefaultValueFactory = _ => Defaults.RepetitionPenalty };
    private readonly Option<float> presence = new("--presence-penalty") { Description = "Subtract once for tokens of the answer.", DefaultValueFactory = _ => Defaults.PresencePenalty };
    private readonly Option<float> frequency = new("--frequency-penalty") { Description = "Subtract for every time a token stands in the answer.", DefaultValueFactory = _ => Defaults.FrequencyPenalty };
    private readonly Option<long?> seed = new("--seed") { Description = "Same seed, same text (default: a new one each time)." };
    private readonly Option<string[]> stop = new("--stop") { Description = "Text that ends the answer; may be given several times." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[maxTokens, temperature, topP, topK, minP, repetition, presence, frequency, seed, stop]) command.Options.Add(option);
    }

    /// <summary>Reads the options.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="isGreedy">Whether the most likely token is always taken unless a temperature was given.</param>
    /// <exception cref="ArgumentException">One is out of its range.</exception>
    public GenerationOptions Read(ParseResult parsed, bool isGreedy = false)
    {
        var options = new GenerationOptions
        {
            MaxTokens = parsed.GetValue(maxTokens),
            Stop = parsed.GetValue(stop) ?? [],
            Sampling = new SamplingOptions
            {
                Temperature = isGreedy && parsed.GetResult(temperature) is not { Implicit: false } ? 0 : parsed.GetValue(temperature),
                TopP = parsed.GetValue(topP),
                TopK = parsed.GetValue(topK),
                MinP = parsed.GetValue(minP),
                RepetitionPenalty = parsed.GetValue(repetition),
                PresencePenalty = parsed.GetValue(presence),
                FrequencyPenalty = parsed.GetValue(frequency),
                Seed = parsed.GetValue(seed),
            },
        };
        options.Validate();
        return options;
    }
}
