using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Conversion;

/// <summary>What came out of a conversion.</summary>
/// <param name="Bytes">Bytes of all tensors.</param>
/// <param name="Formats">Bytes of each format.</param>
/// <param name="Notes">What a person should know, one sentence each.</param>
/// <param name="Places">The files that were made; of a conversion to the official layout, its folder.</param>
public sealed record ConversionResult(long Bytes, IReadOnlyDictionary<StoredType, long> Formats, IReadOnlyList<string> Notes, IReadOnlyList<string> Places);

/// <summary>A GGUF file in the making.</summary>
/// <param name="Path">Where it is to appear, or its parts beside it.</param>
/// <param name="Metadata">Its metadata.</param>
/// <param name="Tensors">Its tensors in their order.</param>
internal sealed record PlannedFile(string Path, List<KeyValuePair<string, object>> Metadata, List<PlannedTensor> Tensors)
{
    /// <summary>As <see cref="GgufOptions.PartBytes"/>.</summary>
    public long? PartBytes { get; init; }

    /// <summary>What a person should know of it.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What an unfinished file must have in its header to be gone on with; null where nothing is kept.</summary>
    public string? Fingerprint { get; init; }
}

/// <summary>Turns a folder of the official layout into a GGUF file: FP4 exactly into MXFP4 blocks, everything else as <see cref="GgufPlan"/> says.</summary>
public static class GgufConversion
{
    /// <summary>Writes the file, or files; they appear under their names only when all are complete.</summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="path">The file to make.</param>
    /// <param name="vocabulary">The tokenizer.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="progress">Receives the written share, 0 to 1.</param>
    /// <param name="cancellation">Stops the work; nothing is left behind.</param>
    /// <exception cref="ArgumentException">Parts so small are too many.</exception>
    /// <exception cref="CheckpointException">The checkpoint has what a GGUF file cannot hold.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static ConversionResult Write(Checkpoint source, string path, GgufVocabulary vocabulary, GgufOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(vocabulary);
        options ??= new GgufOptions();
        var plan = new GgufPlan(source, options);
        var file = new PlannedFile(path, GgufMetadata.Of(source.Config, plan.HasPrediction, vocabulary), plan.Tensors()) { PartBytes = options.PartBytes, Notes = plan.Notes };
        return Write(source, file, null, progress, cancellation);
    }

    internal static ConversionResult Write(Checkpoint source, PlannedFile file, ImportanceMatrix? importance, IProgress<double>? progress, CancellationToken cancellation)
    {
        List<GgufPart> parts = GgufPart.Of(file);
        long total = file.Tensors.Sum(tensor => tensor.Bytes), done = 0;
        using var encoder = new TensorEncoder(source, importance, cancellation);
        using var writers = new GgufPartWriters(parts, isResumable: file.Fingerprint is not null);
        for (int i = 0; i < parts.Count; i++)
        {
            GgufWriter writer = writers.Open(i);
            done += parts[i].Tensors.Take(writer.NextTensor).Sum(tensor => tensor.Bytes);
            FreeSpace.Check(Path.GetDirectoryName(parts[i].Path)!, total - done - writers.BytesAfter(i), "The file");
            foreach (PlannedTensor tensor in parts[i].Tensors.Skip(writer.NextTensor))
            {
                cancellation.ThrowIfCancellationRequested();
                encoder.Write(tensor, writer, bytes => progress?.Report((double)(done += bytes) / total));
            }

            writer.Finish();
        }

        writers.Publish();
        return new ConversionResult(total, file.Tensors.GroupBy(tensor => tensor.Type).ToDictionary(group => group.Key, group => group.Sum(tensor => tensor.Bytes)), file.Notes, [.. parts.Select(part => part.Path)]);
    }
}
