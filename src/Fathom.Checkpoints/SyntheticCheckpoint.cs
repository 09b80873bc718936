namespace Fathom.Checkpoints;

/// <summary>
/// Writes random checkpoints in the official layout (routed experts FP4, other matrices FP8, the rest BF16 and F32),
/// for tests and benchmarks where real weights are not at hand. Values are scaled so that activations stay as lively
/// as in a trained model; the text that comes out is noise.
/// </summary>
public static class SyntheticCheckpoint
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Writes a checkpoint folder. It appears under its name only when it is complete.</summary>
    /// <param name="directory">The folder to make; it must not exist, or be empty.</param>
    /// <param name="options">What to write.</param>
    /// <param name="tokenizer">A tokenizer.json to put beside it, or null.</param>
    /// <param name="progress">Receives the written share, 0 to 1.</param>
    /// <param name="cancellation">Stops the work; nothing is left behind.</param>
    /// <returns>Bytes of all tensors.</returns>
    /// <exception cref="IOException">The folder is not empty, the disk is too small or cannot be written.</exception>
    /// <exception cref="CheckpointException">The options do not go together.</exception>
    public static long Write(string directory, SyntheticOptions options, string? tokenizer = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Write(directory, options.ToConfig(), options.Seed, tokenizer, progress, cancellation);
    }

    /// <summary>Writes a random checkpoint of any architecture, with an MTP block when the config announces one. It appears under its name only when it is complete.</summary>
    /// <param name="directory">The folder to make; it must not exist, or be empty.</param>
    /// <param name="config">What to write.</param>
    /// <param name="seed">Same seed, same bytes.</param>
    /// <param name="tokenizer">A tokenizer.json to put beside it, or null.</param>
    /// <param name="progress">Receives the written share, 0 to 1.</param>
    /// <param name="cancellation">Stops the work; nothing is left behind.</param>
    /// <returns>Bytes of all tensors.</returns>
    /// <exception cref="IOException">The folder is not empty, the disk is too small or cannot be written.</exception>
    public static long Write(string directory, V4Config config, int seed = 1, string? tokenizer = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        directory = Path.GetFullPath(directory);
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
            throw new IOException($"The folder {directory} is not empty; name a new one.");

        List<List<SyntheticTensor>> shards = ShardIndex.Split(Tensors(config), tensor => tensor.Bytes);
        long total = shards.Sum(shard => shard.Sum(tensor => tensor.Bytes));
        string parent = Path.GetDirectoryName(directory)!;
        Directory.CreateDirectory(parent);
        FreeSpace.Check(parent, total, "The checkpoint", " or choose fewer layers or experts");

        string temporary = directory + "." + Path.GetRandomFileName() + ".tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            File.WriteAllText(Path.Combine(temporary, "config.json"), config.ToJson());
            if (tokenizer is not null) File.Copy(tokenizer, Path.Combine(temporary, "tokenizer.json"));
            WriteShards(temporary, shards, total, seed, progress, cancellation);
            if (Directory.Exists(directory)) Directory.Delete(directory);
            Directory.Move(temporary, directory);
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }

        return total;
    }

    private static IEnumerable<SyntheticTensor> Tensors(V4Config config) =>
        TensorLayout.Of(config, config.MtpLayerCount > 0).SelectMany(expected => SyntheticTensor.For(expected, config));

    private static void WriteShards(
        string folder, List<List<SyntheticTensor>> shards, long total, int seed, IProgress<double>? progress, CancellationToken cancellation)
    {
        var buffer = new byte[ChunkBytes];
        long done = 0;
        var places = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (int s = 0; s < shards.Count; s++)
        {
            string name = ShardIndex.NameOf(s, shards.Count);
            using var writer = new SafetensorsWriter(
                Path.Combine(folder, name), [.. shards[s].Select(tensor => (tensor.Name, tensor.Type, tensor.Shape))]);
            foreach (SyntheticTensor tensor in shards[s])
            {
                places.Add(tensor.Name, name);
                var random = new SyntheticRandom(tensor.Name, seed);
                for (long left = tensor.Bytes; left > 0;)
                {
                    cancellation.ThrowIfCancellationRequested();
                    Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
                    tensor.Fill(chunk, random);
                    writer.Write(chunk);
                    left -= chunk.Length;
                    done += chunk.Length;
                    progress?.Report((double)done / total);
                }
            }

            writer.Complete();
        }

        if (shards.Count > 1) ShardIndex.Write(folder, places, total);
    }
}
