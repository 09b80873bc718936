namespace Fathom.Checkpoints;

/// <summary>Writes new checkpoint folders: safetensors shards, their index where there are several, and what lies beside them.</summary>
internal static class ShardedFolder
{
    /// <summary>Makes a folder; it appears under its name only when it is complete.</summary>
    /// <param name="directory">The folder; it must not exist, or be empty.</param>
    /// <param name="tensors">The tensors in their order.</param>
    /// <param name="declare">Name, format and shape of one.</param>
    /// <param name="advice">What may help besides freeing space where the disk is too small, or empty.</param>
    /// <param name="writeOthers">Writes the other files into a folder.</param>
    /// <param name="write">Writes the bytes of a tensor.</param>
    /// <returns>Bytes of all tensors.</returns>
    /// <exception cref="IOException">The folder is not empty, the disk is too small or cannot be written.</exception>
    public static long Write<T>(
        string directory, IReadOnlyList<T> tensors, Func<T, (string Name, StoredType Type, long[] Shape)> declare, string advice, Action<string> writeOthers, Action<T, SafetensorsWriter> write)
    {
        directory = Path.GetFullPath(directory);
        if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any()))
            throw new IOException($"{directory} is a file, or a folder that is not empty; name a new folder.");
        long BytesOf(T tensor) => declare(tensor) is var (_, type, shape) ? StoredTypes.BytesOf(type, shape) : 0;
        long total = tensors.Sum(BytesOf);
        string parent = Path.GetDirectoryName(directory)!;
        Directory.CreateDirectory(parent);
        FreeSpace.Check(parent, total, "The checkpoint", advice);

        string temporary = directory + "." + Path.GetRandomFileName() + ".tmp";
        Directory.CreateDirectory(temporary);
        try
        {
            writeOthers(temporary);
            WriteShards(temporary, ShardIndex.Split(tensors, BytesOf), declare, total, write);
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

    private static void WriteShards<T>(string folder, List<List<T>> shards, Func<T, (string Name, StoredType Type, long[] Shape)> declare, long total, Action<T, SafetensorsWriter> write)
    {
        var places = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (int s = 0; s < shards.Count; s++)
        {
            string name = ShardIndex.NameOf(s, shards.Count);
            using var writer = new SafetensorsWriter(Path.Combine(folder, name), [.. shards[s].Select(declare)]);
            foreach (T tensor in shards[s])
            {
                places.Add(declare(tensor).Name, name);
                write(tensor, writer);
            }

            writer.Complete();
        }

        if (shards.Count > 1) ShardIndex.Write(folder, places, total);
    }
}
