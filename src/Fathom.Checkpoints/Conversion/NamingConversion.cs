using Fathom.Checkpoints.Transformers;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Makes a folder of another naming: of an official one a transformers-style one, and back, with the same bytes; or a transformers-style one of a GGUF file.</summary>
public static class NamingConversion
{
    // What belongs to a checkpoint besides weights and config; the rest of a folder is about the other naming, or not needed to run it.
    private static readonly string[] Beside = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja", "LICENSE"];

    /// <summary>Writes the folder; it appears under its name only when it is complete.</summary>
    /// <param name="source">The checkpoint, of another naming.</param>
    /// <param name="directory">The folder to make; it must not exist, or be empty.</param>
    /// <param name="naming">What the tensors are to be called.</param>
    /// <param name="tokenizerJson">The text of tokenizer.json for what a GGUF file becomes; a folder's files are copied.</param>
    /// <param name="progress">Receives the written share, 0 to 1.</param>
    /// <param name="cancellation">Stops the work; nothing is left behind.</param>
    /// <exception cref="CheckpointException">The checkpoint has what the other naming cannot say, or a file of it changed.</exception>
    /// <exception cref="IOException">The folder is not empty, the disk is too small or cannot be written.</exception>
    public static ConversionResult Write(Checkpoint source, string directory, TensorNaming naming, string? tokenizerJson = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var plan = new NamingPlan(source, naming, cancellation);
        List<NamedTensor> tensors = plan.Tensors();
        long total = tensors.Sum(tensor => StoredTypes.BytesOf(tensor.Type, tensor.Shape)), done = 0;
        string configFile = Path.Combine(source.Location, "config.json");
        bool isGguf = source.Vocabulary is not null;
        V4Config config = source.Config with { HasDraftBlockKeys = source.Vocabulary?.HasDraftBlockKeys ?? source.Config.HasDraftBlockKeys };
        string json = TransformersConfigWriter.Write(isGguf ? System.Text.Encoding.UTF8.GetBytes(config.ToJson()) : File.ReadAllBytes(configFile), config, naming, configFile);
        using var bytes = new SourceBytes();
        var pages = new MappedPages(source);
        byte[] buffer = isGguf ? new byte[FolderConversion.PieceBytes] : [];
        ShardedFolder.Write(
            directory,
            tensors,
            tensor => (tensor.Name, tensor.Type, tensor.Shape),
            string.Empty,
            folder =>
            {
                File.WriteAllText(Path.Combine(folder, "config.json"), json);
                if (tokenizerJson is not null) File.WriteAllText(Path.Combine(folder, Beside[0]), tokenizerJson);
                foreach (string name in Beside.Where(name => !isGguf && File.Exists(Path.Combine(source.Location, name)))) File.Copy(Path.Combine(source.Location, name), Path.Combine(folder, name));
            },
            (tensor, writer) =>
            {
                foreach (FolderTensor part in tensor.Parts)
                {
                    cancellation.ThrowIfCancellationRequested();
                    if (!isGguf && source[part.Source].ByteLength == part.Bytes)
                    {
                        bytes.Copy(source[part.Source], writer, count => progress?.Report((double)(done += count) / total), cancellation);
                        continue;
                    }

                    FolderConversion.Write(source, part, writer, pages, ref buffer, cancellation);
                    progress?.Report((double)(done += part.Bytes) / total);
                }
            });
        return new ConversionResult(total, tensors.GroupBy(tensor => tensor.Type).ToDictionary(group => group.Key, group => group.Sum(tensor => StoredTypes.BytesOf(tensor.Type, tensor.Shape))), [.. plan.Notes], [Path.GetFullPath(directory)]);
    }
}
