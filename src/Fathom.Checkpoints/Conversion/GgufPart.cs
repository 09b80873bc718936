using System.Globalization;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Conversion;

/// <summary>One of the files that a GGUF checkpoint is split over, or all of it; the first one has the metadata.</summary>
/// <param name="Path">Where it is to appear.</param>
/// <param name="Metadata">Its metadata.</param>
/// <param name="Tensors">Its tensors.</param>
internal sealed record GgufPart(string Path, List<KeyValuePair<string, object>> Metadata, List<PlannedTensor> Tensors)
{
    // Names have five digits, and every part is a mapping of its reader.
    private const int MostParts = 9999;

    /// <summary>The parts of a file; one of the file's own name when all fits into it.</summary>
    /// <exception cref="ArgumentException">They are too small, or too many.</exception>
    public static List<GgufPart> Of(PlannedFile file)
    {
        if (file.PartBytes is <= 0) throw new ArgumentException($"Parts of {file.PartBytes} bytes cannot be; choose larger ones.");
        string path = System.IO.Path.GetFullPath(file.Path);
        List<List<PlannedTensor>> split = ShardIndex.Split(file.Tensors, tensor => GgufHeader.Padded(tensor.Bytes), file.PartBytes ?? long.MaxValue);
        if (split.Count > MostParts) throw new ArgumentException($"Parts of {file.PartBytes} bytes would be {split.Count} files; choose larger ones, so that at most {MostParts} are needed.");
        return [.. split.Select((tensors, index) => new GgufPart(split.Count == 1 ? path : NameOf(path, index, split.Count), MetadataOf(file, index, split.Count), tensors))];
    }

    private static string NameOf(string path, int index, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{System.IO.Path.ChangeExtension(path, null)}-{index + 1:d5}-of-{count:d5}.gguf");

    // Other engines look at the widths of these three numbers.
    private static List<KeyValuePair<string, object>> MetadataOf(PlannedFile file, int index, int count)
    {
        List<KeyValuePair<string, object>> entries = index == 0 ? [.. file.Metadata] : [];
        if (count > 1) entries.AddRange([new("split.no", (ushort)index), new("split.count", (ushort)count), new("split.tensors.count", file.Tensors.Count)]);
        return entries;
    }
}
