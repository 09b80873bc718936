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
    public IImportance? Importance { get; init; }

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
    /// <param name="news">Hears whether an earlier run is gone on with.</param>
    /// <param name="cancellation">Stops the work; the next run goes on with it.</param>
    /// <exception cref="ArgumentException">A format is none of <see cref="Formats"/>.</exception>
    /// <exception cref="CheckpointException">The importance matrix is of another model, a weight is not finite, or the checkpoint cannot be read any more.</exception>
    /// <exception cref="IOException">The file exists, is one of the source's, or cannot be written.</exception>
    public static ConversionResult Write(Checkpoint source, string path, GgufVocabulary vocabulary, QuantizationOptions options, IProgress<double>? progress = null, IProgress<string>? news = null, CancellationToken cancellation = default)
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
        string made = Fingerprint.Of($"quantize {options.Experts} {options.Down ?? options.Experts} {options.Matrices} {options.Decoded}");
        var file = new PlannedFile(path, GgufMetadata.Of(source, plan.HasPrediction, vocabulary, tensors.Select(tensor => (tensor.Type, tensor.Bytes))), tensors) { PartBytes = options.PartBytes, Notes = [.. plan.Notes, .. NotesOf(source, tensors, tooShort)], MayReplace = options.MayReplace, Options = made };
        return GgufConversion.Write(source, file, options.Importance, progress, news, cancellation);
    }

    private static IEnumerable<string> NotesOf(Checkpoint source, List<PlannedTensor> tensors, HashSet<string> tooShort)
    {
        if (tooShort.Count > 0) yield return $"Experts' matrices {string.Join(", ", tooShort.Order())} stay as they are, because their rows are no whole blocks of 256.";
        StoredType[] rounded = [.. tensors.Where(tensor => tensor.Shape.Length == 3).Select(tensor => (From: source[tensor.Sources[0]].Type, tensor.Type)).Where(pair => pair.From != pair.Type && IsRounded(pair.From)).Select(pair => pair.From).Distinct().Order()];
        if (rounded.Length > 0) yield return $"The source's experts were rounded to {string.Join(" and ", rounded.Select(StoredTypes.NameOf))} before, and that error stays in them; a file made of the original checkpoint is better.";
    }

    // MXFP4 holds what DeepSeek's own experts say, and Q8_0 nearly so.
    private static bool IsRounded(StoredType type) => StoredTypes.IsGgufBlock(type) && type is not (StoredType.Mxfp4 or StoredType.Q80);

    private static (StoredType Type, WeightFormat? RoundsThrough) FormatOf(ExpectedTensor expected, StoredType kept, QuantizationOptions options, HashSet<string> tooShort)
    {
        bool isDown = expected.Name.EndsWith(".w2.weight", StringComparison.Ordinal);
        StoredType wanted = isDown ? options.Down ?? options.Experts : options.Experts;
        if (options.Decoded) return (StoredType.F32, wanted switch { StoredType.Q4K => WeightFormat.Q4K, StoredType.Q2K => WeightFormat.Q2K, _ => WeightFormat.Iq2Xxs });
        if (StoredTypes.BytesOf(wanted, expected.Shape) >= 0) return (wanted, null);
        tooShort.Add(isDown ? "w2" : "w1 and w3");
        return (kept, null);
    }

    private static void CheckImportance(Checkpoint source, List<PlannedTensor> tensors, IImportance importance)
    {
        foreach (PlannedTensor tensor in tensors.Where(tensor => tensor.Shape.Length == 3))
        {
            (int Experts, int Columns)? size = importance.SizeOf(tensor.Name);

            // The MTP block reads no text when importance is measured.
            if (tensor.Sources[0].StartsWith("mtp.", StringComparison.Ordinal) && size is null) continue;
            if (size is not { } found) throw new CheckpointException(source.Location, tensor.Name, "this tensor in the importance matrix", "none", "make one of this model with 'fathom imatrix'");
            if (found.Experts != tensor.Shape[0] || found.Columns != tensor.Shape[2])
                throw new CheckpointException(source.Location, tensor.Name, $"an importance matrix for {tensor.Shape[0]} experts of {tensor.Shape[2]} columns", $"one for {found.Experts} experts of {found.Columns} columns", "make one of this model with 'fathom imatrix'");
        }
    }
}
