using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Conversion;

/// <summary>What came out of a conversion.</summary>
/// <param name="Bytes">Bytes of all tensors.</param>
/// <param name="Formats">Bytes of each format.</param>
/// <param name="Notes">What a person should know, one sentence each.</param>
public sealed record ConversionResult(long Bytes, IReadOnlyDictionary<StoredType, long> Formats, IReadOnlyList<string> Notes);

/// <summary>Turns a folder of the official layout into a GGUF file: FP4 exactly into MXFP4 blocks, everything else as <see cref="GgufPlan"/> says.</summary>
public static class GgufConversion
{
    /// <summary>Writes the file; it appears under its name only when it is complete.</summary>
    /// <param name="source">The checkpoint.</param>
    /// <param name="path">The file to make.</param>
    /// <param name="vocabulary">The tokenizer.</param>
    /// <param name="matrices">The format for what is FP8.</param>
    /// <param name="progress">Receives the written share, 0 to 1.</param>
    /// <param name="cancellation">Stops the work; nothing is left behind.</param>
    /// <exception cref="CheckpointException">The checkpoint has what a GGUF file cannot hold.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static ConversionResult Write(Checkpoint source, string path, GgufVocabulary vocabulary, MatrixFormat matrices = MatrixFormat.BF16, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(vocabulary);
        List<PlannedTensor> tensors = new GgufPlan(source, matrices).Tensors();
        return Write(source, path, GgufMetadata.Of(source.Config, vocabulary), tensors, null, false, progress, cancellation);
    }

    internal static ConversionResult Write(
        Checkpoint source, string path, List<KeyValuePair<string, object>> metadata, List<PlannedTensor> tensors, ImportanceMatrix? importance, bool isResumable, IProgress<double>? progress, CancellationToken cancellation)
    {
        long total = tensors.Sum(tensor => tensor.Bytes), done = 0;
        using (var writer = new GgufWriter(path, metadata, [.. tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape))], isResumable))
        {
            done = tensors.Take(writer.NextTensor).Sum(tensor => tensor.Bytes);
            FreeSpace.Check(Path.GetDirectoryName(Path.GetFullPath(path))!, total - done, "The file");
            using var encoder = new TensorEncoder(source, importance, cancellation);
            foreach (PlannedTensor tensor in tensors.Skip(writer.NextTensor))
            {
                cancellation.ThrowIfCancellationRequested();
                encoder.Write(tensor, writer, bytes => progress?.Report((double)(done += bytes) / total));
            }

            writer.Complete();
        }

        string[] notes = source.HasMultiTokenPrediction ? ["The multi-token-prediction block is left out: GGUF files have no settled place for it."] : [];
        return new ConversionResult(total, tensors.GroupBy(tensor => tensor.Type).ToDictionary(group => group.Key, group => group.Sum(tensor => tensor.Bytes)), notes);
    }
}
