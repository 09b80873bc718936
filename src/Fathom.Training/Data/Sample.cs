namespace Fathom.Training.Data;

/// <summary>One document for training.</summary>
/// <param name="Tokens">Token ids.</param>
/// <param name="Weights">For each token the weight of predicting it, 0 for none; as many as tokens. 1 and more: what is to be learnt.</param>
internal sealed record Sample(int[] Tokens, float[] Weights)
{
    /// <summary>What comes before the last stretch of weight 1: the prompt of the last answer. The first half where everything has that weight.</summary>
    public int[] Prompt
    {
        get
        {
            int end = Tokens.Length;
            while (end > 0 && Weights[end - 1] < 1) end--;
            while (end > 0 && Weights[end - 1] >= 1) end--;
            return Tokens[..(end > 0 ? end : (Tokens.Length + 1) / 2)];
        }
    }

    /// <summary>Collects the tokens of a sample.</summary>
    internal sealed class Builder
    {
        private readonly List<int> tokens = [];
        private readonly List<float> weights = [];

        public int Length => tokens.Count;

        public Builder Add(ReadOnlySpan<int> ids, float weight)
        {
            tokens.AddRange(ids);
            weights.AddRange(Enumerable.Repeat(weight, ids.Length));
            return this;
        }

        /// <summary>Whether the tokens so far are how <paramref name="ids"/> begin.</summary>
        public bool IsStartOf(int[] ids) => tokens.Count <= ids.Length && tokens.SequenceEqual(ids.Take(tokens.Count));

        public Sample Build() => new([.. tokens], [.. weights]);
    }
}

/// <summary>An endless series of samples. The same number gives the same sample, so that a run is resumed by knowing the next number.</summary>
internal interface ISampleSource
{
    /// <summary>A sample of at most <see cref="Run.TrainStage.SampleTokens"/> tokens.</summary>
    Sample Create(long number, Run.TrainStage stage);
}
