using System.Globalization;
using System.Text.Json;
using Fathom.Inference;
using Fathom.Server.Errors;

namespace Fathom.Server.Requests;

/// <summary>Reads how tokens are picked (interface specification, section 1.2).</summary>
internal static class SamplingFields
{
    private const int MostStops = 16;

    // A smaller penalty makes infinities of logits.
    private const double LeastPenalty = 0.01;

    /// <summary>Reads it.</summary>
    /// <param name="fields">The request.</param>
    /// <param name="maxTokens">Tokens of the answer at most, as the dialect calls it; null for no limit.</param>
    /// <param name="stops">Name of the field with stop texts.</param>
    /// <param name="options">The server's own limits.</param>
    public static GenerationOptions Read(JsonFields fields, int? maxTokens, string stops, ServerOptions options)
    {
        IReadOnlyList<string> texts = fields.Texts(stops, MostStops);
        if (texts.Any(string.IsNullOrEmpty)) throw ApiException.BadField(stops, $"'{stops}' must not hold an empty string.");
        return new GenerationOptions
        {
            MaxTokens = options.MaxAnswerTokens is { } most ? Math.Min(maxTokens ?? most, most) : maxTokens,
            MinTokens = fields.Whole("min_tokens", 0) ?? 0,
            IgnoresEnd = fields.Flag("ignore_eos") ?? false,
            ReasoningBudget = fields.Whole("reasoning_budget", 0) ?? options.ReasoningBudget,
            StopsRepetition = fields.Flag("stop_repetition") ?? options.StopsRepetition,
            Stop = texts,
            Sampling = new SamplingOptions
            {
                Temperature = (float)(fields.Number("temperature", 0, 2) ?? 1),
                TopP = (float)(fields.Number("top_p", 0, 1, leastIsOut: true) ?? 1),
                TopK = Math.Max(0, fields.Whole("top_k", -1) ?? 0),
                MinP = (float)(fields.Number("min_p", 0, 1) ?? 0),
                RepetitionPenalty = (float)(fields.Number("repetition_penalty", LeastPenalty, 10) ?? fields.Number("repeat_penalty", LeastPenalty, 10) ?? 1),
                PresencePenalty = (float)(fields.Number("presence_penalty", -2, 2) ?? 0),
                FrequencyPenalty = (float)(fields.Number("frequency_penalty", -2, 2) ?? 0),
                Seed = (long?)fields.Number("seed", long.MinValue, long.MaxValue),
                LogitBias = Biases(fields),
            },
        };
    }

    private static Dictionary<int, float> Biases(JsonFields fields)
    {
        var biases = new Dictionary<int, float>();
        if (fields.Object("logit_bias") is not { } object1) return biases;
        foreach (JsonProperty entry in object1.Value.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id)) throw ApiException.BadField("logit_bias", $"'logit_bias' must have token ids for its keys, not '{entry.Name}'.");
            double bias = object1.Number(entry.Name, -100, 100) ?? 0;
            biases[id] = bias <= -100 ? float.NegativeInfinity : (float)bias;
        }

        return biases;
    }
}
