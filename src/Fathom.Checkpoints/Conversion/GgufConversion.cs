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

    /// <summary>As <see cref="GgufOptions.MayReplace"/>.</summary>
    public bool MayReplace { get; init; }

    /// <summary>The options by which its tensors are made, as <see cref="Fingerprint.Of"/> has it.</summary>
    public required string Options { get; init; }
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
    /// <param name="news">Hears whether an earlier run is gone on with.</param>
    /// <param name="cancellation">Stops the work; the next run goes on with it.</param>
    /// <exception cref="ArgumentException">Parts so small are too many.</exception>
    /// <exception cref="CheckpointException">The checkpoint has what a GGUF file cannot hold, or cannot be read any more.</exception>
    /// <exception cref="IOException">The file exists, is one of the source's, or cannot be written.</exception>
    public static ConversionResult Write(Checkpoint source, string path, GgufVocabulary vocabulary, GgufOptions? options = null, IProgress<double>? progress = null, IProgress<string>? news = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(vocabulary);
        options ??= new GgufOptions();
        var plan = new GgufPlan(source, options);
        List<PlannedTensor> tensors = plan.Tensors();
        var file = new PlannedFile(path, GgufMetadata.Of(source, plan.HasPrediction, vocabulary, tensors.Select(tensor => (tensor.Type, tensor.Bytes))), tensors) { PartBytes = options.PartBytes, Notes = plan.Notes, MayReplace = options.MayReplace, Options = Fingerprint.Of($"convert {options.Matrices}") };
        return Write(source, file, null, progress, news, cancellation);
    }

    internal static ConversionResult Write(Checkpoint source, PlannedFile file, IImportance? importance, IProgress<double>? progress, IProgress<string>? news, CancellationToken cancellation)
    {
        List<GgufPart> parts = GgufPart.Of(file);
        long total = file.Tensors.Sum(tensor => tensor.Bytes);
        using var files = new WeightFiles(source);
        var fingerprint = new Fingerprint(files.Identity(), file.Options);
        if (importance is not null) fingerprint = fingerprint with { Importance = importance.Identity };
        using var writers = new GgufPartWriters(file, parts, fingerprint, [.. files.Paths, .. importance?.Files ?? []]);
        long done = writers.Prepare(news);
        FreeSpace.Check(Path.GetDirectoryName(parts[0].Path)!, total - writers.BytesThere, "The file");
        progress?.Report((double)done / total);
        using var encoder = new TensorEncoder(source, files, importance, cancellation);
        for (int i = 0; i < parts.Count; i++)
        {
            GgufWriter writer = writers.Open(i);
            encoder.Write([.. parts[i].Tensors.Skip(writer.NextTensor)], writer, bytes => progress?.Report((double)(done += bytes) / total));
            writer.Finish();
        }

        files.CheckUnchanged();
        writers.Publish();
        return new ConversionResult(total, file.Tensors.GroupBy(tensor => tensor.Type).ToDictionary(group => group.Key, group => group.Sum(tensor => tensor.Bytes)), file.Notes, [.. parts.Select(part => part.Path)]);
    }
}
