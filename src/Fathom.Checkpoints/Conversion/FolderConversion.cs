using System.Runtime.InteropServices;
using Fathom.Compute;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Turns a GGUF file into a folder of the official layout; see <see cref="FolderPlan"/> for what becomes of its formats.</summary>
public static class FolderConversion
{
    internal const int PieceBytes = 16 << 20;

    /// <summary>Writes the folder; it appears under its name only when it is complete.</summary>
    /// <param name="source">The opened GGUF file.</param>
    /// <param name="directory">The folder to make; it must not exist, or be empty.</param>
    /// <param name="tokenizerJson">The text of tokenizer.json.</param>
    /// <param name="progress">Receives the written share, 0 to 1.</param>
    /// <param name="cancellation">Stops the work; nothing is left behind.</param>
    /// <exception cref="IOException">The folder is not empty, the disk is too small or cannot be written.</exception>
    public static ConversionResult Write(Checkpoint source, string directory, string tokenizerJson, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        directory = Path.GetFullPath(directory);
        if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
            throw new IOException($"{directory} is a file, or a folder that is not empty; name a new folder.");
        var plan = new FolderPlan(source, cancellation);
        List<FolderTensor> tensors = plan.Tensors();
        long total = tensors.Sum(tensor => tensor.Bytes);
        string parent = Path.GetDirectoryName(directory)!;
        Directory.CreateDirectory(parent);
        FreeSpace.Check(parent, total, "The checkpoint");

        string temporary = directory + "." + Path.GetRandomFileName() + ".tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            V4Config config = source.Config with { HasDraftBlockKeys = source.Vocabulary?.HasDraftBlockKeys ?? source.Config.HasDraftBlockKeys };
            File.WriteAllText(Path.Combine(temporary, "config.json"), config.ToJson());
            File.WriteAllText(Path.Combine(temporary, "tokenizer.json"), tokenizerJson);
            WriteShards(source, temporary, tensors, total, progress, cancellation);
            if (Directory.Exists(directory)) Directory.Delete(directory);
            Directory.Move(temporary, directory);
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }

        string[] notes = plan.Rounded > 0 ? [$"{plan.Rounded} matrices of block formats were rounded to BF16, because the official layout has no place for them."] : [];
        return new ConversionResult(total, tensors.GroupBy(tensor => tensor.Type).ToDictionary(group => group.Key, group => group.Sum(tensor => tensor.Bytes)), notes, [directory]);
    }

    private static void WriteShards(Checkpoint source, string folder, List<FolderTensor> tensors, long total, IProgress<double>? progress, CancellationToken cancellation)
    {
        List<List<FolderTensor>> shards = ShardIndex.Split(tensors, tensor => tensor.Bytes);
        var places = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var buffer = new byte[PieceBytes];
        var pages = new MappedPages(source);
        long done = 0;
        for (int s = 0; s < shards.Count; s++)
        {
            string name = shards.Count == 1 ? "model.safetensors" : $"model-{s + 1:d5}-of-{shards.Count:d5}.safetensors";
            using var writer = new SafetensorsWriter(Path.Combine(folder, name), [.. shards[s].Select(tensor => (tensor.Name, tensor.Type, tensor.Shape))]);
            foreach (FolderTensor tensor in shards[s])
            {
                places.Add(tensor.Name, name);
                Write(source, tensor, writer, pages, ref buffer, cancellation);
                progress?.Report((double)(done += tensor.Bytes) / total);
            }

            writer.Complete();
        }

        if (shards.Count > 1) ShardIndex.Write(folder, places, total);
    }

    internal static void Write(Checkpoint source, FolderTensor tensor, SafetensorsWriter writer, MappedPages pages, ref byte[] buffer, CancellationToken cancellation)
    {
        if (tensor.Type == StoredType.I64)
        {
            WriteTable(source[tensor.Source], writer);
            return;
        }

        if (tensor.Type == StoredType.F8E8M0 && tensor.Scales is { } scales)
        {
            writer.Write(scales);
            return;
        }

        WeightMatrix matrix = TensorEncoder.Matrix(source, tensor.Source);
        int rowBytes = checked((int)(tensor.Bytes / matrix.Rows)), most = Math.Max(1, PieceBytes / rowBytes);
        if (buffer.Length < rowBytes) buffer = new byte[rowBytes];
        byte[] piece = buffer;
        for (int first = 0; first < matrix.Rows; first += most)
        {
            const int rowsOfItem = 16;
            int start = first, rows = Math.Min(most, matrix.Rows - first);
            Parallel.For(0, (rows + rowsOfItem - 1) / rowsOfItem, new ParallelOptions { CancellationToken = cancellation }, item =>
            {
                int row = item * rowsOfItem, count = Math.Min(rowsOfItem, rows - row);
                Encode(matrix, tensor, start + row, count, piece.AsSpan(row * rowBytes, count * rowBytes));
            });
            writer.Write(piece.AsSpan(0, rows * rowBytes));
            pages.Read(rows * matrix.RowBytes);
        }
    }

    private static void Encode(WeightMatrix matrix, FolderTensor tensor, int firstRow, int rows, Span<byte> target)
    {
        switch (tensor.Type)
        {
            case StoredType.I8 or StoredType.F8E8M0:
                for (int row = 0; row < rows; row++) Unpack(matrix, firstRow + row, tensor.Type == StoredType.I8, target.Slice(row * (target.Length / rows), target.Length / rows));
                break;
            case StoredType.F8E4M3:
                Fp8Blocks.Encode(matrix, tensor.Scales!, firstRow, rows, target);
                break;
            default:
                new RowEncoder().Encode(matrix, firstRow, rows, tensor.Type, null, [], target);
                break;
        }
    }

    // The other way round than in RowEncoder: neighbours share a byte again, and scales stand alone.
    private static unsafe void Unpack(WeightMatrix mxfp4, int row, bool wantsCodes, Span<byte> target)
    {
        byte* block = mxfp4.Data + (row * mxfp4.RowBytes);
        for (int group = 0; group < mxfp4.Columns / WeightMatrix.Fp4Group; group++, block += 17)
        {
            if (!wantsCodes)
            {
                target[group] = block[0];
                continue;
            }

            for (int j = 0; j < 16; j += 2)
            {
                target[(group * 16) + (j / 2)] = (byte)((block[1 + j] & 15) | ((block[2 + j] & 15) << 4));
                target[(group * 16) + 8 + (j / 2)] = (byte)((block[1 + j] >> 4) | (block[2 + j] & 0xF0));
            }
        }
    }

    private static void WriteTable(StoredTensor table, SafetensorsWriter writer)
    {
        if (table.Type == StoredType.I64) writer.Write(table.Bytes);
        else writer.Write(MemoryMarshal.AsBytes<long>(Array.ConvertAll(MemoryMarshal.Cast<byte, int>(table.Bytes).ToArray(), id => (long)id)));
    }
}
