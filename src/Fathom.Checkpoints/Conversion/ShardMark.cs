using System.Globalization;

namespace Fathom.Checkpoints.Conversion;

/// <summary>
/// Says in a file of an unfinished folder how much of the shard in the making is on the disk. Parts that are whole are
/// counted alone, so that the next run goes on between two of them.
/// </summary>
/// <param name="folder">The unfinished folder.</param>
internal sealed class ShardMark(string folder)
{
    /// <summary>What the file is called.</summary>
    public const string FileName = "unfinished.shard";

    private const int MostBytes = 4096;

    private string Place => Path.Combine(folder, FileName);

    /// <summary>Bytes of a shard's data that are on the disk; 0 where the mark is of another shard, or none.</summary>
    /// <param name="shard">The shard's name.</param>
    public long Before(string shard) =>
        new FileInfo(Place) is { Exists: true, Length: <= MostBytes } && File.ReadAllText(Place).Split('\n') is [var name, var number, ..]
        && name == shard && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? bytes : 0;

    /// <summary>Says that so many bytes are there.</summary>
    public void Set(string shard, long bytes) => AtomicFile.Write(Place, string.Create(CultureInfo.InvariantCulture, $"{shard}\n{bytes}\n"));

    /// <summary>Takes it back.</summary>
    public void Forget()
    {
        File.Delete(Place);
        File.Delete(Place + AtomicFile.TemporaryExtension);
    }
}
