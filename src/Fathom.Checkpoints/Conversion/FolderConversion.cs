namespace Fathom.Checkpoints.Conversion;

/// <summary>Turns a GGUF file into a folder of the official layout; see <see cref="FolderPlan"/> for what becomes of its formats.</summary>
public static class FolderConversion
{
    /// <summary>Writes the folder; it appears under its name only when it is complete. What a stopped run has done stays in <c>NAME.partial</c> and is gone on with.</summary>
    /// <param name="source">The opened GGUF file.</param>
    /// <param name="directory">The folder to make.</param>
    /// <param name="tokenizerJson">The text of tokenizer.json.</param>
    /// <param name="mayReplace">Whether the folder may hold an older checkpoint, and nothing else, that is replaced.</param>
    /// <param name="progress">Receives the share of the work that is done, 0 to 1.</param>
    /// <param name="news">Hears whether an earlier run is gone on with.</param>
    /// <param name="cancellation">Stops the work; the next run goes on with it.</param>
    /// <exception cref="CheckpointException">The source cannot be read any more.</exception>
    /// <exception cref="IOException">The folder is not empty, the disk is too small or cannot be written.</exception>
    public static ConversionResult Write(Checkpoint source, string directory, string tokenizerJson, bool mayReplace = false, IProgress<double>? progress = null, IProgress<string>? news = null, CancellationToken cancellation = default) =>
        Write(source, directory, tokenizerJson, mayReplace, ShardIndex.UsualShardBytes, progress, news, cancellation);

    internal static ConversionResult Write(Checkpoint source, string directory, string tokenizerJson, bool mayReplace, long shardBytes, IProgress<double>? progress, IProgress<string>? news, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(source);
        using var files = new WeightFiles(source);
        using var partial = FolderPartial.Open(directory, files, $"folder {shardBytes} {tokenizerJson}", mayReplace);
        using var reader = new SourceReader(source, files);
        var plan = new FolderPlan(source, reader, cancellation);
        (long least, long most) = plan.Bytes();
        FreeSpace.Check(partial.Folder, least - new DirectoryInfo(partial.Folder).EnumerateFiles().Sum(file => file.Length), "The checkpoint");

        // What is looked at counts as work too; until it is known how much there is to write, it is taken for the most.
        long lookedAt = plan.LookedAtBytes, all = lookedAt + most, done = 0;
        List<FolderTensor> tensors = plan.Tensors(bytes => progress?.Report((double)(done += bytes) / all));
        var shards = new FolderShards<FolderTensor>(partial.Folder, tensors, tensor => (tensor.Name, tensor.Type, tensor.Shape), partial.Mark, shardBytes);
        (long total, long there) = (shards.TotalBytes, shards.BytesThere);
        all = lookedAt + total;
        partial.Announce(news, there, total);
        FreeSpace.Check(partial.Folder, total - there, "The checkpoint");
        progress?.Report((double)(done += there) / all);

        OfficialFiles.Write(partial.Folder, source, tokenizerJson, tensors);
        using var writer = new FolderWriter(source, reader, cancellation);
        shards.Write((some, shard) => writer.Write(FolderTensor.After(some, shard.Written), shard, bytes => progress?.Report((double)(done += bytes) / all)));
        files.CheckUnchanged();
        partial.Publish();
        string[] notes = plan.Rounded > 0 ? [$"{plan.Rounded} matrices of block formats were rounded to BF16, because the official layout has no place for them."] : [];
        return new ConversionResult(total, tensors.GroupBy(tensor => tensor.Type).ToDictionary(group => group.Key, group => group.Sum(tensor => tensor.Bytes)), notes, [partial.Target]);
    }
}
