namespace Fathom.Training.Network;

/// <summary>First values of all parameters (training specification, section 3).</summary>
internal static class Initializer
{
    private const double Spread = 0.02;

    // Four equal streams of which a sub-layer reads a quarter each; an output that goes to all; streams that stay themselves.
    private const double PreBias = -1.1;
    private const double CombDiagonal = 4.0;
    private const double StreamScale = 0.01;

    /// <summary>Makes the parameters of a model.</summary>
    /// <param name="config">Its architecture.</param>
    /// <param name="seed">Same seed, same values.</param>
    /// <param name="type">float32, or float64 for gradient checks.</param>
    public static Parameters Create(V4Config config, long seed, ScalarType type = ScalarType.Float32)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator((ulong)seed);
        var parameters = new Parameters();
        var experts = new SortedDictionary<string, List<Tensor>>(StringComparer.Ordinal);
        IEnumerable<ExpectedTensor> layout = TensorLayout.MainModel(config);
        if (config.MtpLayerCount > 0) layout = layout.Concat(TensorLayout.MultiTokenPrediction(config));
        foreach (ExpectedTensor expected in layout)
        {
            string name = expected.Name;
            if (expected.Role == TensorRole.ExpertTable)
            {
                parameters.AddTable(name, HashTable(config, name, seed));
            }
            else if (name.EndsWith("gate.bias", StringComparison.Ordinal))
            {
                parameters.AddTable(name, zeros(expected.Shape, type));
            }
            else if (expected.Role == TensorRole.Expert)
            {
                string stacked = ExpertNames.Stacked(name);
                if (!experts.TryGetValue(stacked, out List<Tensor>? list)) experts.Add(stacked, list = []);
                list.Add(Value(config, expected, random, type));
            }
            else
            {
                parameters.Add(name, Value(config, expected, random, type));
            }
        }

        foreach ((string name, List<Tensor> list) in experts) parameters.Add(name, stack([.. list]));
        return parameters;
    }

    private static Tensor Value(V4Config config, ExpectedTensor expected, Generator random, ScalarType type)
    {
        string name = expected.Name;
        long[] shape = expected.Shape;
        if (name.EndsWith("norm.weight", StringComparison.Ordinal)) return ones(shape, type);
        if (name.EndsWith("attn_sink", StringComparison.Ordinal) || name.EndsWith(".ape", StringComparison.Ordinal)) return zeros(shape, type);
        if (name.EndsWith("_scale", StringComparison.Ordinal)) return full(shape, StreamScale, type);
        if (name.EndsWith("_base", StringComparison.Ordinal)) return StreamBias(config, shape, type);

        // Narrow models need larger values than 0.02 to pass a signal on.
        double deviation = name.EndsWith("_fn", StringComparison.Ordinal) || name == "embed.weight" ? Spread : Math.Max(Spread, 1 / Math.Sqrt(shape[^1]));
        if (name.EndsWith("wo_b.weight", StringComparison.Ordinal) || name.EndsWith("w2.weight", StringComparison.Ordinal)) deviation /= Math.Sqrt(2.0 * config.LayerCount);
        if (name == "embed.weight") deviation = 1;
        return randn(shape, type, generator: random) * deviation;
    }

    private static Tensor StreamBias(V4Config config, long[] shape, ScalarType type)
    {
        int s = config.HyperStreams;
        var values = new double[shape[0]];
        values.AsSpan(0, s).Fill(PreBias);
        for (int j = 0; values.Length > s && j < s; j++) values[(2 * s) + (j * s) + j] = CombDiagonal;
        return tensor(values, type);
    }

    // Distinct experts for each token id, and every expert as often as the others.
    private static Tensor HashTable(V4Config config, string name, long seed)
    {
        int k = config.ExpertsPerToken, experts = config.ExpertCount;
        ulong state = (ulong)seed;
        foreach (char c in name) state = (state ^ c) * 0x100000001B3UL;
        var random = new Random((int)(state ^ (state >> 32)));
        var table = new long[config.VocabularySize * k];
        var deck = new int[experts];
        int left = 0;
        for (int id = 0; id < config.VocabularySize; id++)
        {
            // A deck that runs short is shuffled anew, so that a token never gets an expert twice.
            if (left < k)
            {
                for (int e = 0; e < experts; e++) deck[e] = e;
                random.Shuffle(deck);
                left = experts;
            }

            for (int j = 0; j < k; j++) table[(id * k) + j] = deck[--left];
        }

        return tensor(table).reshape(config.VocabularySize, k);
    }
}
