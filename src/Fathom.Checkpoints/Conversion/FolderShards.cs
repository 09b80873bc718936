namespace Fathom.Checkpoints.Conversion;

/// <summary>The shards of an unfinished folder: those that an earlier run wrote whole, the one that it was writing, and those that are to be written.</summary>
/// <param name="folder">The unfinished folder.</param>
/// <param name="tensors">All tensors in their order.</param>
/// <param name="declare">Name, format and shape of one.</param>
/// <param name="mark">Says how much of the shard in the making is there; null where nothing is to be resumed.</param>
/// <param name="shardBytes">Bytes of a shard.</param>
internal sealed class FolderShards<T>(string folder, IReadOnlyList<T> tensors, Func<T, (string Name, StoredType Type, long[] Shape)> declare, ShardMark? mark = null, long shardBytes = ShardIndex.UsualShardBytes)
{
    private readonly List<List<T>> shards = ShardIndex.Split(tensors, tensor => BytesOf(declare(tensor)), shardBytes);

    /// <summary>Bytes of all tensors.</summary>
    public long TotalBytes => tensors.Sum(tensor => BytesOf(declare(tensor)));

    /// <summary>Bytes of tensors that are there, in whole shards and in the one in the making.</summary>
    public long BytesThere => Enumerable.Range(0, shards.Count).Sum(index => IsThere(index)
        ? shards[index].Sum(tensor => BytesOf(declare(tensor)))
        : mark is null ? 0 : SafetensorsWriter.BytesThere(PathOf(index), Declared(index), mark));

    /// <summary>Writes the shards that are not there, and the index of several.</summary>
    /// <param name="write">Writes tensors of one shard, but for what the writer has already.</param>
    public void Write(Action<IReadOnlyList<T>, SafetensorsWriter> write)
    {
        var places = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < shards.Count; i++)
        {
            foreach (T tensor in shards[i]) places.Add(declare(tensor).Name, ShardIndex.NameOf(i, shards.Count));
            if (IsThere(i)) continue;
            using var writer = new SafetensorsWriter(PathOf(i), Declared(i), mark);
            write(shards[i], writer);
            writer.Complete();
        }

        mark?.Forget();
        if (shards.Count > 1) ShardIndex.Write(folder, places, TotalBytes);
    }

    private static long BytesOf((string Name, StoredType Type, long[] Shape) tensor) => StoredTypes.BytesOf(tensor.Type, tensor.Shape);

    private bool IsThere(int index) => SafetensorsWriter.IsWhole(PathOf(index), Declared(index));

    private string PathOf(int index) => Path.Combine(folder, ShardIndex.NameOf(index, shards.Count));

    private List<(string Name, StoredType Type, long[] Shape)> Declared(int index) => shards[index].ConvertAll(tensor => declare(tensor));
}
