using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Writes the parts of a GGUF checkpoint one after the other, and gives them their names together at the end.</summary>
internal sealed class GgufPartWriters(IReadOnlyList<GgufPart> parts, bool isResumable) : IDisposable
{
    private readonly List<GgufWriter> writers = [];

    /// <summary>Starts the next part, or goes on with it.</summary>
    public GgufWriter Open(int index)
    {
        GgufPart part = parts[index];
        var writer = new GgufWriter(part.Path, part.Metadata, [.. part.Tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape))], isResumable);
        writers.Add(writer);
        return writer;
    }

    /// <summary>Bytes that an earlier run left of the parts after one.</summary>
    public long BytesAfter(int index) => isResumable ? parts.Skip(index + 1).Select(part => new FileInfo(GgufWriter.PartialOf(part.Path))).Where(file => file.Exists).Sum(file => file.Length) : 0;

    /// <summary>Gives all parts their names. Older files of these names go first, so that at no time parts of two checkpoints stand together.</summary>
    public void Publish()
    {
        if (parts.Count > 1)
        {
            foreach (GgufPart part in parts) File.Delete(part.Path);
        }

        foreach (GgufWriter writer in writers) writer.Publish();
    }

    /// <summary>Closes all parts; those that are not to be gone on with and have no name yet are removed.</summary>
    public void Dispose()
    {
        foreach (GgufWriter writer in writers) writer.Dispose();
    }
}
