using System.Globalization;
using Fathom.Checkpoints.Conversion;

namespace Fathom.Checkpoints.Gguf;

/// <summary>
/// A GGUF file in the making that outlives its process: <c>NAME.gguf.partial</c>, and in <c>NAME.gguf.partial.done</c> how
/// many of its tensors are on the disk and what they were made of.
/// </summary>
/// <param name="path">Where the file is to appear.</param>
/// <param name="metadata">As for <see cref="GgufHeader.ToBytes"/>.</param>
/// <param name="tensors">Names, formats and shapes in their order.</param>
/// <param name="fingerprint">What it is made of.</param>
internal sealed class GgufPartial(string path, IReadOnlyList<KeyValuePair<string, object>> metadata, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors, Fingerprint fingerprint)
{
    /// <summary>What the names of unfinished files end in.</summary>
    public const string DataExtension = ".partial", DoneExtension = ".partial.done";

    private const int MostDoneBytes = 4096;

    /// <summary>Where the file is to appear.</summary>
    public string Path => path;

    /// <summary>Where it is until then.</summary>
    public string Data => path + DataExtension;

    /// <summary>What comes before the data.</summary>
    public byte[] Header { get; } = HeaderOf(metadata, tensors);

    /// <summary>Names, formats and shapes in their order.</summary>
    public IReadOnlyList<(string Name, StoredType Type, long[] Shape)> Tensors => tensors;

    private string Done => path + DoneExtension;

    /// <summary>The header of a file.</summary>
    /// <exception cref="ArgumentException">A format is none of GGUF's, or a shape is impossible.</exception>
    public static byte[] HeaderOf(IReadOnlyList<KeyValuePair<string, object>> metadata, IReadOnlyList<(string Name, StoredType Type, long[] Shape)> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        return GgufHeader.ToBytes(metadata, [.. tensors.Select(tensor => (tensor.Name, StoredTypes.GgmlOf(tensor.Type), tensor.Shape, BytesOf(tensor)))]);
    }

    /// <summary>Bytes of a tensor.</summary>
    /// <exception cref="ArgumentException">Its format cannot hold its shape.</exception>
    public static long BytesOf((string Name, StoredType Type, long[] Shape) tensor) => StoredTypes.BytesOf(tensor.Type, tensor.Shape) is >= 0 and var bytes
        ? bytes
        : throw new ArgumentException($"The tensor '{tensor.Name}' has a shape that {StoredTypes.NameOf(tensor.Type)} cannot hold.");

    /// <summary>What an earlier run left.</summary>
    public Earlier Before() => Before(Data);

    /// <summary>Takes the name away again from a file that was stopped between getting it and being told of.</summary>
    public void TakeBack()
    {
        if (File.Exists(path) && File.Exists(Done) && !File.Exists(Data) && Before(path).Tensors == tensors.Count) File.Move(path, Data);
    }

    /// <summary>Says that so many tensors are on the disk.</summary>
    public void Mark(int finished) => AtomicFile.Write(Done, string.Create(CultureInfo.InvariantCulture, $"{finished}\n{fingerprint}\n"));

    /// <summary>Takes back what was said.</summary>
    public void Forget() => File.Delete(Done);

    private Earlier Before(string data)
    {
        if (!File.Exists(Done) || !File.Exists(data)) return default;
        if (new FileInfo(Done).Length > MostDoneBytes || File.ReadAllText(Done).Split('\n') is not [var number, var made, ..] || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int finished))
            return new(0, "what is there is of another version of Fathom");
        if (fingerprint.DifferenceFrom(made) is { } difference) return new(0, difference);

        // The writer that goes on with it has it open.
        using FileStream stream = OutputFiles.Alone(path, () => new FileStream(data, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var found = new byte[Header.Length];
        if (stream.ReadAtLeast(found, found.Length, throwOnEndOfStream: false) < found.Length || !found.AsSpan().SequenceEqual(Header)) return new(0, "the tensors or the metadata are others");
        long end = Header.Length + tensors.Take(finished).Sum(tensor => GgufHeader.Padded(BytesOf(tensor)));
        return finished <= tensors.Count && stream.Length >= end ? new(finished, null) : new(0, "what is there is damaged");
    }
}
