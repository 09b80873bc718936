using Fathom.Checkpoints;
using Fathom.Model.Weights;

namespace Fathom.Model.Streaming;

/// <summary>Finds where a checkpoint's routed experts lie and sets up their stream.</summary>
internal static class ExpertStreamFactory
{
    /// <summary>A stream of all routed experts of a model.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="weights">Its weights; the routed experts' matrices are moved by the stream from now on.</param>
    /// <param name="plan">Slots.</param>
    /// <param name="openFiles">Opens the files; null for files past the page cache.</param>
    public static ExpertStream Create(Checkpoint checkpoint, V4Weights weights, MemoryPlan plan, Func<IReadOnlyList<string>, IExpertFiles>? openFiles)
    {
        V4Config config = checkpoint.Config;
        LayerWeights[] layers = weights.Prediction is { } prediction ? [.. weights.Layers, prediction.Block] : weights.Layers;
        var paths = new List<string>();
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        int FileOf(string path)
        {
            if (numbers.TryGetValue(path, out int number)) return number;
            paths.Add(path);
            return numbers[path] = paths.Count - 1;
        }

        (StoredTensor, StoredTensor?) Tensor(string name) => (checkpoint[name + ".weight"], checkpoint.TryGet(name + ".scale", out StoredTensor scale) ? scale : null);
        var places = new ExpertPlace[layers.Length * config.ExpertCount];
        for (int id = 0; id < places.Length; id++)
        {
            int layer = id / config.ExpertCount, expert = id % config.ExpertCount;
            string prefix = $"{(layer < config.LayerCount ? $"layers.{layer}." : "mtp.0.")}ffn.experts.{expert}.";
            places[id] = new ExpertPlace(layers[layer].Mixture.Routed[expert], [Tensor(prefix + "w1"), Tensor(prefix + "w3"), Tensor(prefix + "w2")], FileOf);
        }

        IExpertFiles files = (openFiles ?? (all => new UnbufferedFiles(all)))(paths);
        return new ExpertStream(layers, places, config.ExpertsPerToken, files, plan.Slots, plan.SlotBytes, checkpoint.ExpertScalesAreChecked);
    }
}
