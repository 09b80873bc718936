using System.Security.Cryptography;
using Fathom.Checkpoints.Gguf;
using Fathom.Compute;
using Fathom.Compute.Quantizing;

namespace Fathom.Checkpoints.Conversion;

/// <summary>How a checkpoint is quantised.</summary>
public sealed record QuantizationOptions : GgufOptions
{
    /// <summary>Q8_0 for what is FP8 outside the experts, as most published files have it.</summary>
    public QuantizationOptions() => Matrices = MatrixFormat.Q80;

    /// <summary>The format of the routed experts' matrices: Q4_K, Q2_K or IQ2_XXS.</summary>
    public required StoredType Experts { get; init; }

    /// <summary>The format of their last matrix (down), which many files keep in more bits; null for <see cref="Experts"/>.</summary>
    public StoredType? Down { get; init; }

    /// <summary>What the experts' inputs were like, or null.</summary>
    public ImportanceMatrix? Importance { get; init; }

    /// <summary>
    /// Stores the experts' rounded values as 32-bit numbers: no smaller, but with the same predictions, and for rows of any
    /// length (neighbours share a block where rows are shorter than one). For measurements on small models.
    /// </summary>
    public bool Decoded { get; init; }
}

/// <summary>Writes a GGUF file whose routed experts are rounded to few bits; all else stays as <see cref="GgufPlan"/> says.</summary>
public static class Quantization
{
    /// <summary>The formats that experts can be brought into.</summary>
    public static IReadOnlyList<StoredType> Formats { get; } = [StoredType.Q4K, StoredType.Q2K, StoredType.Iq2Xxs];

    /// <summary>Writes the file. What a stopped run has done stays beside it and is not done again by the next with the same source and options.</summary>
    /// <param name="source">The checkpoint, a folder or a GGUF file.</param>
    /// <param name="path">The file to make.</param>
    /// <param name="vocabulary">The tokenizer.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Receives the written share, 0 to 1.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentException">A format is none of <see cref="Formats"/>.</exception>
    /// <exception cref="CheckpointException">The importance matrix is of another model, or a weight is not finite.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static ConversionResult Write(Checkpoint source, string path, GgufVocabulary vocabulary, QuantizationOptions options, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(options);
        foreach (StoredType type in (StoredType[])[options.Experts, options.Down ?? options.Experts])
        {
            if (!Formats.Contains(type)) throw new ArgumentException($"Experts can become {string.Join(", ", Formats.Select(StoredTypes.NameOf))}, not {StoredTypes.NameOf(type)}.", nameof(options));
        }

        var tooShort = new HashSet<string>(StringComparer.Ordinal);
        var plan = new GgufPlan(source, options, (expected, kept) => FormatOf(expected, kept, options, tooShort));
        List<PlannedTensor> tensors = plan.Tensors();
        if (options.Importance is { } importance) CheckImportance(source, tensors, importance);
        var file = new PlannedFile(path, GgufMetadata.Of(source.Config, plan.HasPrediction, vocabulary), tensors) { PartBytes = options.PartBytes, Notes = plan.Notes, Fingerprint = Fingerprint(source, tensors, options) };
        ConversionResult result = GgufConversion.Write(source, file, options.Importance, progress, cancellation);
        return tooShort.Count == 0 ? result : result with { Notes = [.. result.Notes, $"Experts' matrices {string.Join(", ", tooShort.Order())} stay as they are, because their rows are no whole blocks of 256."] };
    }

    private static (StoredType Type, WeightFormat? RoundsThrough) FormatOf(ExpectedTensor expected, StoredType kept, QuantizationOptions options, HashSet<string> tooShort)
    {
        bool isDown = expected.Name.EndsWith(".w2.weight", StringComparison.Ordinal);
        StoredType wanted = isDown ? options.Down ?? options.Experts : options.Experts;
        if (options.Decoded) return (StoredType.F32, wanted switch { StoredType.Q4K => WeightFormat.Q4K, StoredType.Q2K => WeightFormat.Q2K, _ => WeightFormat.Iq2Xxs });
        if (StoredTypes.BytesOf(wanted, expected.Shape) >= 0) return (wanted, null);
        tooShort.Add(isDown ? "w2" : "w1 and w3");
        return (kept, null);
    }

    private static void CheckImportance(Checkpoint source, List<PlannedTensor> tensors, ImportanceMatrix importance)
    {
        foreach (PlannedTensor tensor in tensors.Where(tensor => tensor.Shape.Length == 3))
        {
            // The MTP block reads no text when importance is measured.
            if (tensor.Sources[0].StartsWith("mtp.", StringComparison.Ordinal) && !importance.Sums.ContainsKey(tensor.Name)) continue;
            if (!importance.Sums.TryGetValue(tensor.Name, out float[]? sums)) throw new CheckpointException(source.Location, tensor.Name, "this tensor in the importance matrix", "none", "make one of this model with 'fathom imatrix'");
            if (importance.Counts[tensor.Name].Length != tensor.Shape[0] || sums.Length != tensor.Shape[0] * tensor.Shape[2])
                throw new CheckpointException(source.Location, tensor.Name, $"an importance matrix for {tensor.Shape[0]} experts of {tensor.Shape[2]} columns", $"one for {importance.Counts[tensor.Name].Length} experts and {sums.Length} columns in all", "make one of this model with 'fathom imatrix'");
        }
    }

    // In the header of the unfinished file, so that a run with another source or importance begins anew.
    private static string Fingerprint(Checkpoint source, List<PlannedTensor> tensors, QuantizationOptions options)
    {
        // As many bytes as the system brings when one is touched.
        const int touched = 64 << 10;
        var pages = new MappedPages(source);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (PlannedTensor tensor in tensors)
        {
            foreach (string name in tensor.Sources)
            {
                // The beginning of each tensor tells models apart without reading them.
                StoredTensor stored = source[name];
                hash.AppendData(BitConverter.GetBytes(stored.ByteLength));
                unsafe
                {
                    hash.AppendData(new ReadOnlySpan<byte>(stored.Data, (int)Math.Min(stored.ByteLength, 64)));
                }

                pages.Read(touched);
            }

            if (options.Importance?.Sums.TryGetValue(tensor.Name, out float[]? sums) == true) hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(sums));
        }

        hash.AppendData([(byte)options.Experts, (byte)(options.Down ?? options.Experts), (byte)options.Matrices, options.Decoded ? (byte)1 : (byte)0]);
        hash.AppendData(BitConverter.GetBytes(options.PartBytes ?? 0));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
