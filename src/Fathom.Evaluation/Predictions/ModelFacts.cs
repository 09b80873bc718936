using System.Globalization;
using Fathom.Checkpoints;
using Fathom.Model.Streaming;

namespace Fathom.Evaluation.Predictions;

/// <summary>What a report says about a model beside its measurements.</summary>
/// <param name="Path">Folder or file.</param>
/// <param name="Config">Its architecture.</param>
/// <param name="Bytes">Bytes of its tensors.</param>
/// <param name="Weights">Parameters in them.</param>
/// <param name="Files">Its files.</param>
public sealed record ModelFacts(string Path, V4Config Config, long Bytes, long Weights, IReadOnlyList<string> Files)
{
    /// <summary>Bits of a parameter on average, scales included.</summary>
    public double BitsPerWeight => 8.0 * Bytes / Weights;

    /// <summary>Size and bits, for people.</summary>
    public string Size => string.Create(CultureInfo.InvariantCulture, $"{MemorySize.Format(Bytes)}, {BitsPerWeight:0.00} bits");

    /// <summary>Looks at a model; weights are not read.</summary>
    /// <param name="path">Checkpoint folder or .gguf file.</param>
    /// <exception cref="CheckpointException">There is no sound model.</exception>
    public static ModelFacts Of(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using Checkpoint checkpoint = Checkpoint.Open(path, looksAtExperts: false);
        string[] files = [.. checkpoint.Tensors.Select(tensor => tensor.File).Distinct(StringComparer.Ordinal)];
        if (Directory.Exists(path)) files = [.. files, .. Directory.EnumerateFiles(path)];
        long weights = TensorLayout.Of(checkpoint.Config, checkpoint.HasMultiTokenPrediction).Where(tensor => tensor.Role != TensorRole.ExpertTable).Sum(tensor => tensor.Count);
        return new ModelFacts(path, checkpoint.Config, checkpoint.TotalBytes, weights, files);
    }

    /// <summary>Refuses windows that the model has no positions for.</summary>
    /// <param name="context">Tokens of a window.</param>
    /// <exception cref="ArgumentException">They are too long, or shorter than two tokens.</exception>
    public void CheckContext(int context) => CheckContext(Path, Config, context);

    /// <summary>Refuses models that do not have the same tokens.</summary>
    /// <param name="other">Another model.</param>
    /// <exception cref="ArgumentException">Their vocabularies have different sizes.</exception>
    public void CheckSameVocabulary(ModelFacts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        CheckSameVocabulary(Path, Config, other.Path, other.Config);
    }

    internal static void CheckContext(string path, V4Config config, int context)
    {
        if (context < MeasurementOptions.LeastContext) throw new ArgumentException($"A window needs at least {MeasurementOptions.LeastContext} tokens, not {context}.");
        if (context > config.MaxPositions) throw new ArgumentException($"Windows of {context} tokens are longer than {path} allows: it has {config.MaxPositions} positions; choose a shorter context.");
    }

    internal static void CheckSameVocabulary(string first, V4Config one, string second, V4Config other)
    {
        if (one.VocabularySize != other.VocabularySize) throw new ArgumentException($"{first} has {one.VocabularySize} tokens and {second} {other.VocabularySize}; only models with one vocabulary can be compared.");
    }
}
