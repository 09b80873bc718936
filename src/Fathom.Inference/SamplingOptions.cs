namespace Fathom.Inference;

/// <summary>
/// How the next token is picked from the logits. The defaults are the model card's: temperature 1, top-p 1. Applied in
/// this order: logit bias, penalties, temperature, top-k, top-p, min-p.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the most likely token always.</summary>
    public float Temperature { get; init; } = 1f;

    /// <summary>Keeps the most likely tokens whose probabilities just reach this sum, in (0, 1].</summary>
    public float TopP { get; init; } = 1f;

    /// <summary>Keeps this many of the most likely tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps tokens at least this share as likely as the most likely one, in [0, 1].</summary>
    public float MinP { get; init; }

    /// <summary>Divides positive and multiplies negative logits of tokens that stand in prompt or answer; 1 changes nothing.</summary>
    public float RepetitionPenalty { get; init; } = 1f;

    /// <summary>Subtracted once from the logits of tokens that stand in the answer.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Subtracted from the logits for every time that a token stands in the answer.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of single tokens, by id.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = new Dictionary<int, float>();

    /// <summary>Same seed and same prompt, same text; null for a new one each time.</summary>
    public long? Seed { get; init; }

    /// <summary>Makes sure that the numbers are in their ranges.</summary>
    /// <exception cref="ArgumentException">One is not; the message says which.</exception>
    public void Validate()
    {
        Check(Temperature >= 0 && float.IsFinite(Temperature), nameof(Temperature), Temperature, "0 or more");
        Check(TopP is > 0 and <= 1, nameof(TopP), TopP, "more than 0 and at most 1");
        Check(TopK >= 0, nameof(TopK), TopK, "0 (off) or more");
        Check(MinP is >= 0 and <= 1, nameof(MinP), MinP, "from 0 to 1");
        Check(RepetitionPenalty > 0 && float.IsFinite(RepetitionPenalty), nameof(RepetitionPenalty), RepetitionPenalty, "more than 0");
        Check(float.IsFinite(PresencePenalty), nameof(PresencePenalty), PresencePenalty, "a number");
        Check(float.IsFinite(FrequencyPenalty), nameof(FrequencyPenalty), FrequencyPenalty, "a number");
        foreach ((int id, float bias) in LogitBias) Check(!float.IsNaN(bias) && bias != float.PositiveInfinity, $"{nameof(LogitBias)} of token {id}", bias, "a number");
    }

    private static void Check(bool isGood, string name, float value, string expected)
    {
        if (!isGood) throw new ArgumentException(FormattableString.Invariant($"{name} must be {expected}, not {value}."));
    }
}
