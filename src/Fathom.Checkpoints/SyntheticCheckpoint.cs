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
        return Write(directory, options.ToConfig(), options.Seed, tokenizer, progress, cancellation: cancellation);
    }

    /// <summary>Writes a random checkpoint of any architecture, with an MTP block when the config announces one. It appears under its name only when it is complete.</summary>
    /// <param name="directory">The folder to make; it must not exist, or be empty.</param>
    /// <param name="config">What to write.</param>
    /// <param name="seed">Same seed, same bytes.</param>
    /// <param name="tokenizer">A tokenizer.json to put beside it, or null.</param>
    /// <param name="progress">Receives the written share, 0 to 1.</param>
    /// <param name="matrices">Format of matrices outside the experts: F8E4M3 as in the official layout, BF16 or F32.</param>
    /// <param name="cancellation">Stops the work; nothing is left behind.</param>
    /// <returns>Bytes of all tensors.</returns>
    /// <exception cref="ArgumentException">Matrices cannot have that format.</exception>
    /// <exception cref="IOException">The folder is not empty, the disk is too small or cannot be written.</exception>
    public static long Write(string directory, V4Config config, int seed = 1, string? tokenizer = null, IProgress<double>? progress = null, StoredType matrices = StoredType.F8E4M3, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (matrices is not (StoredType.F8E4M3 or StoredType.BF16 or StoredType.F32)) throw new ArgumentException($"Matrices are F8E4M3, BF16 or F32, not {matrices}.", nameof(matrices));
        List<SyntheticTensor> tensors = [.. TensorLayout.Of(config, config.MtpLayerCount > 0).SelectMany(expected => SyntheticTensor.For(expected, config, matrices))];
        long total = tensors.Sum(tensor => tensor.Bytes), done = 0;
        var buffer = new byte[ChunkBytes];
        return ShardedFolder.Write(
            directory,
            tensors,
            tensor => (tensor.Name, tensor.Type, tensor.Shape),
            " or choose fewer layers or experts",
            folder =>
            {
                File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJson());
                if (tokenizer is not null) File.Copy(tokenizer, Path.Combine(folder, "tokenizer.json"));
            },
            (tensor, writer) =>
            {
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
            });
    }
}
