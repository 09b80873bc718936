using Fathom.Checkpoints.Transformers;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Makes a folder of another naming: of an official one a transformers-style one, and back, with the same bytes; or a transformers-style one of a GGUF file.</summary>
public static class NamingConversion
{
    // What belongs to a checkpoint besides weights and config; the rest of a folder is about the other naming, or not needed to run it.
    private static readonly string[] Beside = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja", "LICENSE"];

    // Bytes of a tensor that are copied at once.
    private const int CopiedBytes = 8 << 20;

    /// <summary>Writes the folder; it appears under its name only when it is complete. What a stopped run has done stays in <c>NAME.partial</c> and is gone on with.</summary>
    /// <param name="source">The checkpoint, of another naming.</param>
    /// <param name="directory">The folder to make.</param>
    /// <param name="naming">What the tensors are to be called.</param>
    /// <param name="tokenizerJson">The text of tokenizer.json for what a GGUF file becomes; a folder's files are copied.</param>
    /// <param name="mayReplace">Whether the folder may hold an older checkpoint, and nothing else, that is replaced.</param>
    /// <param name="progress">Receives the share of the work that is done, 0 to 1.</param>
    /// <param name="news">Hears whether an earlier run is gone on with.</param>
    /// <param name="cancellation">Stops the work; the next run goes on with it.</param>
    /// <exception cref="CheckpointException">The checkpoint has what the other naming cannot say, or a file of it changed.</exception>
    /// <exception cref="IOException">The folder is not empty, the disk is too small or cannot be written.</exception>
    public static ConversionResult Write(Checkpoint source, string directory, TensorNaming naming, string? tokenizerJson = null, bool mayReplace = false, IProgress<double>? progress = null, IProgress<string>? news = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var files = new WeightFiles(source);
        string config = ConfigOf(source, naming);
        using var partial = FolderPartial.Open(directory, files, $"{naming} names {config} {tokenizerJson}", mayReplace);
        using var reader = new SourceReader(source, files);
        var plan = new NamingPlan(source, naming, reader, cancellation);

        // Until it is known how much there is to write, it is taken for as much as there is to look at.
        long lookedAt = plan.LookedAtBytes, all = 2 * lookedAt, done = 0;
        void Advance(long bytes) => progress?.Report((double)(done += bytes) / all);
        List<NamedTensor> tensors = plan.Tensors(Advance);
        var shards = new FolderShards<NamedTensor>(partial.Folder, tensors, tensor => (tensor.Name, tensor.Type, tensor.Shape), partial.Mark);
        (long total, long there) = (shards.TotalBytes, shards.BytesThere);
        all = lookedAt + total;
        partial.Announce(news, there, total);
        FreeSpace.Check(partial.Folder, total - there, "The checkpoint");
        Advance(there);

        WriteSmallFiles(source, partial.Folder, config, tokenizerJson);
        using var writer = new FolderWriter(source, reader, cancellation);
        var buffer = new byte[CopiedBytes];
        shards.Write((some, shard) =>
        {
            foreach (FolderTensor part in FolderTensor.After(some.SelectMany(tensor => tensor.Parts), shard.Written))
            {
                if (source.Vocabulary is not null || source[part.Source].ByteLength != part.Bytes) writer.Write([part], shard, Advance);
                else Copy(files, source[part.Source], shard, buffer, Advance, cancellation);
            }
        });
        files.CheckUnchanged();
        partial.Publish();
        return new ConversionResult(total, tensors.GroupBy(tensor => tensor.Type).ToDictionary(group => group.Key, group => group.Sum(tensor => StoredTypes.BytesOf(tensor.Type, tensor.Shape))), [.. plan.Notes], [partial.Target]);
    }

    private static string ConfigOf(Checkpoint source, TensorNaming naming)
    {
        string file = Path.Combine(source.Location, "config.json");
        V4Config config = source.Config with { HasDraftBlockKeys = source.Vocabulary?.HasDraftBlockKeys ?? source.Config.HasDraftBlockKeys };
        return TransformersConfigWriter.Write(source.Vocabulary is null ? File.ReadAllBytes(file) : System.Text.Encoding.UTF8.GetBytes(config.ToJson()), config, naming, file);
    }

    private static void WriteSmallFiles(Checkpoint source, string folder, string config, string? tokenizerJson)
    {
        AtomicFile.Write(Path.Combine(folder, "config.json"), config);
        if (tokenizerJson is not null) AtomicFile.Write(Path.Combine(folder, Beside[0]), tokenizerJson);
        if (source.Vocabulary is not null) return;
        foreach (string name in Beside.Where(name => File.Exists(Path.Combine(source.Location, name)))) File.Copy(Path.Combine(source.Location, name), Path.Combine(folder, name), overwrite: true);
    }

    private static void Copy(WeightFiles files, StoredTensor tensor, SafetensorsWriter writer, byte[] buffer, Action<long> written, CancellationToken cancellation)
    {
        for (long at = 0; at < tensor.ByteLength;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(buffer.Length, tensor.ByteLength - at);
            files.Read(tensor, at, buffer.AsSpan(0, count));
            writer.Write(buffer.AsSpan(0, count));
            at += count;
            if (at == tensor.ByteLength) writer.EndPart();
            written(count);
        }
    }
}
