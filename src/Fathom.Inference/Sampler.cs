using System.Numerics.Tensors;
using System.Security.Cryptography;

namespace Fathom.Inference;

/// <summary>Picks tokens from logits. One sampler serves one answer: it remembers the tokens for its penalties.</summary>
public sealed class Sampler
{
    private readonly SamplingOptions options;
    private readonly bool[]? forbidden;
    private readonly SplitMix64 random;
    private readonly HashSet<int> seen = [];
    private readonly Dictionary<int, int> answerCounts = [];
    private readonly PriorityQueue<int, (float Score, int MinusId)> best = new();
    private float[] scores = [];
    private int[] candidates = [];

    /// <summary>A sampler for one answer.</summary>
    /// <param name="options">How to pick.</param>
    /// <param name="forbidden">Tokens never to pick, by id, [vocabulary]; null for none.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Sampler(SamplingOptions options, bool[]? forbidden = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options;
        this.forbidden = forbidden;
        random = new SplitMix64(options.Seed is { } seed ? (ulong)seed : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)));
    }

    /// <summary>Tells the sampler the prompt, for the repetition penalty.</summary>
    public void SeePrompt(ReadOnlySpan<int> tokens)
    {
        if (options.RepetitionPenalty == 1f) return;
        foreach (int token in tokens) seen.Add(token);
    }

    /// <summary>Picks the next token and remembers it.</summary>
    /// <param name="logits">Raw logits, [vocabulary].</param>
    /// <param name="allowed">The tokens that may come, [vocabulary]; empty for all that are not forbidden.</param>
    /// <returns>A token id.</returns>
    /// <exception cref="InvalidDataException">The logits are not numbers.</exception>
    /// <exception cref="ArgumentException">Every token is forbidden.</exception>
    public int Sample(ReadOnlySpan<float> logits, ReadOnlySpan<bool> allowed = default)
    {
        if (scores.Length != logits.Length) scores = new float[logits.Length];
        logits.CopyTo(scores);
        Adjust();
        for (int id = 0; id < allowed.Length && id < scores.Length; id++)
        {
            if (!allowed[id]) scores[id] = float.NegativeInfinity;
        }

        int token = options.Temperature == 0 ? MostLikely() : Draw();
        Remember(token);
        return token;
    }

    /// <summary>Remembers a token that was not picked here, as one of the answer.</summary>
    public void Remember(int token)
    {
        seen.Add(token);
        answerCounts[token] = answerCounts.GetValueOrDefault(token) + 1;
    }

    /// <summary>Log-probabilities of one token and of the most likely ones, from raw logits.</summary>
    /// <param name="logits">Raw logits, [vocabulary].</param>
    /// <param name="token">The token that was picked.</param>
    /// <param name="top">How many of the most likely to give, in falling order.</param>
    public static (TokenProbability Picked, TokenProbability[] Top) LogProbabilities(ReadOnlySpan<float> logits, int token, int top)
    {
        float max = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit - max);
        double logSum = max + Math.Log(sum);

        // The smallest of the best waits on top of the queue.
        var queue = new PriorityQueue<int, (float, int)>();
        for (int id = 0; id < logits.Length && top > 0; id++)
        {
            if (queue.Count < top) queue.Enqueue(id, (logits[id], -id));
            else queue.EnqueueDequeue(id, (logits[id], -id));
        }

        var most = new TokenProbability[queue.Count];
        for (int i = most.Length - 1; i >= 0; i--)
        {
            int id = queue.Dequeue();
            most[i] = new TokenProbability(id, (float)(logits[id] - logSum));
        }

        return (new TokenProbability(token, (float)(logits[token] - logSum)), most);
    }

    // Bias and penalties, then forbidden tokens.
    private void Adjust()
    {
        foreach ((int id, float bias) in options.LogitBias)
        {
            if ((uint)id < (uint)scores.Length) scores[id] += bias;
        }

        if (options.RepetitionPenalty != 1f)
        {
            foreach (int id in seen) scores[id] = scores[id] > 0 ? scores[id] / options.RepetitionPenalty : scores[id] * options.RepetitionPenalty;
        }

        if (options.PresencePenalty != 0 || options.FrequencyPenalty != 0)
        {
            foreach ((int id, int count) in answerCounts) scores[id] -= options.PresencePenalty + (options.FrequencyPenalty * count);
        }

        for (int id = 0; id < (forbidden?.Length ?? 0) && id < scores.Length; id++)
        {
            if (forbidden![id]) scores[id] = float.NegativeInfinity;
        }
    }

    // The lower id wins a tie.
    private int MostLikely()
    {
        int token = TensorPrimitives.IndexOfMax(scores);
        CheckMax(scores[token]);
        return token;
    }

    private static void CheckMax(float max)
    {
        if (float.IsNegativeInfinity(max)) throw new ArgumentException("No token can be picked: bias and form together forbid every token.");
        if (!float.IsFinite(max)) throw new InvalidDataException($"No token can be picked: the largest logit is {max}; the checkpoint may be damaged.");
    }

    private int Draw()
    {
        float max = TensorPrimitives.Max(scores);
        CheckMax(max);

        // Probabilities relative to that of the most likely token, which is 1.
        for (int i = 0; i < scores.Length; i++) scores[i] = (scores[i] - max) / options.Temperature;
        TensorPrimitives.Exp(scores, scores);

        bool isRanked = options.TopK > 0 || options.TopP < 1;
        int count = isRanked ? Rank() : Everything();
        double sum = 0;
        int kept = 0;
        for (; kept < count && scores[candidates[kept]] >= options.MinP; kept++) sum += scores[candidates[kept]];

        double point = random.NextDouble() * sum;
        for (int i = 0; i < kept - 1; i++)
        {
            point -= scores[candidates[i]];
            if (point < 0) return candidates[i];
        }

        return candidates[kept - 1];
    }

    // All tokens that pass min-p, by id.
    private int Everything()
    {
        if (candidates.Length < scores.Length) candidates = new int[scores.Length];
        int count = 0;
        for (int id = 0; id < scores.Length; id++)
        {
            if (scores[id] > 0 && scores[id] >= options.MinP) candidates[count++] = id;
        }

        return count;
    }

    // The tokens that top-k and top-p keep, the most likely first.
    private int Rank()
    {
        int count = options.TopK > 0 ? TakeTopK() : TakeLikely();
        candidates.AsSpan(0, count).Sort((a, b) => scores[a] != scores[b] ? scores[b].CompareTo(scores[a]) : a.CompareTo(b));
        if (options.TopP >= 1) return count;

        double sum = 0, target = 0;
        for (int i = 0; i < count; i++) target += scores[candidates[i]];
        if (options.TopK == 0) target = Total();
        target *= options.TopP;
        for (int i = 0; i < count; i++)
        {
            sum += scores[candidates[i]];
            if (sum >= target) return i + 1;
        }

        return count;
    }

    private int TakeTopK()
    {
        best.Clear();
        for (int id = 0; id < scores.Length; id++)
        {
            if (scores[id] <= 0) continue;
            if (best.Count < options.TopK) best.Enqueue(id, (scores[id], -id));
            else best.EnqueueDequeue(id, (scores[id], -id));
        }

        if (candidates.Length < best.Count) candidates = new int[scores.Length];
        int count = 0;
        while (best.TryDequeue(out int id, out _)) candidates[count++] = id;
        return count;
    }

    // All tokens below a certain probability, taken together, are less than what top-p cuts off: they need no sorting.
    private int TakeLikely()
    {
        double least = Total() * (1 - options.TopP) / scores.Length * 0.999;
        if (candidates.Length < scores.Length) candidates = new int[scores.Length];
        int count = 0;
        for (int id = 0; id < scores.Length; id++)
        {
            if (scores[id] > 0 && scores[id] >= least) candidates[count++] = id;
        }

        return count;
    }

    private double Total()
    {
        double total = 0;
        foreach (float score in scores) total += score;
        return total;
    }
}
