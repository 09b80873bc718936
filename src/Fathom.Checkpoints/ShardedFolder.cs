using Fathom.Checkpoints.Conversion;

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
            new FolderShards<T>(temporary, tensors, declare).Write((some, writer) =>
            {
                foreach (T tensor in some) write(tensor, writer);
            });
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
}
