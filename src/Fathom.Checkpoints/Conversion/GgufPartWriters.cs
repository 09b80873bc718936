using System.Globalization;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Conversion;

/// <summary>Writes the parts of a GGUF checkpoint one after the other, and gives them their names together at the end. What a stopped run has done is gone on with.</summary>
internal sealed class GgufPartWriters : IDisposable
{
    private readonly string path;
    private readonly IReadOnlyList<GgufPart> parts;
    private readonly GgufPartial[] partials;
    private readonly List<GgufWriter> writers = [];
    private readonly List<string> older;
    private readonly bool mayReplace;

    /// <summary>Looks at what is there, and refuses to destroy it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="parts">Its parts.</param>
    /// <param name="fingerprint">What it is made of.</param>
    /// <param name="sources">The files that are read.</param>
    /// <exception cref="IOException">A part exists and may not be replaced, or is one of the source's.</exception>
    public GgufPartWriters(PlannedFile file, IReadOnlyList<GgufPart> parts, Fingerprint fingerprint, IReadOnlyCollection<string> sources)
    {
        path = Path.GetFullPath(file.Path);
        this.parts = parts;
        mayReplace = file.MayReplace;
        OutputFiles.CheckPlace(path);
        partials = [.. parts.Select(part => new GgufPartial(part.Path, part.Metadata, [.. part.Tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape))], fingerprint))];
        foreach (GgufPartial partial in partials) partial.TakeBack();

        // Parts of another number belong to the same name and would stand beside the new ones; those of the source stay.
        HashSet<string> read = new(sources.Select(Path.GetFullPath), OutputFiles.Paths), written = new(parts.Select(part => part.Path), OutputFiles.Paths);
        older = [.. GgufFamily.Find(path).Where(found => !written.Contains(found) && !read.Contains(found))];
        OutputFiles.Check(written.Concat(older), sources, mayReplace);
    }

    /// <summary>Bytes on the disk that the parts take over, or give back, whatever an earlier run left in them.</summary>
    public long BytesThere => partials.Select(partial => new FileInfo(partial.Data)).Where(file => file.Exists).Sum(file => file.Length);

    /// <summary>Removes what runs with another division into parts left, and says whether there is something to go on with.</summary>
    /// <param name="news">Hears it.</param>
    /// <returns>Bytes of the tensors that are whole.</returns>
    public long Prepare(IProgress<string>? news)
    {
        HashSet<string> kept = new(parts.Select(part => part.Path), OutputFiles.Paths);
        string[] stale = [.. GgufFamily.Find(path, GgufPartial.DataExtension).Concat(GgufFamily.Find(path, GgufPartial.DoneExtension)).Where(left => !kept.Contains(left[..left.LastIndexOf(GgufPartial.DataExtension, StringComparison.OrdinalIgnoreCase)]))];
        foreach (string left in stale) Remove(left);

        Earlier[] before = [.. partials.Select(partial => partial.Before())];
        long there = parts.Zip(before, (part, earlier) => part.Tensors.Take(earlier.Tensors).Sum(tensor => tensor.Bytes)).Sum(), total = parts.Sum(part => part.Tensors.Sum(tensor => tensor.Bytes));
        string? whyNot = before.Select(earlier => earlier.WhyNot).FirstOrDefault(why => why is not null) ?? (stale.Length > 0 ? "the parts have another size" : null);
        if (there > 0) news?.Report(string.Create(CultureInfo.InvariantCulture, $"Going on at {100.0 * there / total:f0} %, where an earlier run stopped."));
        else if (whyNot is not null) news?.Report($"Beginning anew and not where an earlier run stopped, because {whyNot}.");
        return there;
    }

    /// <summary>Starts the next part, or goes on with it.</summary>
    public GgufWriter Open(int index)
    {
        var writer = new GgufWriter(partials[index]);
        writers.Add(writer);
        return writer;
    }

    /// <summary>Gives all parts their names. Older files go first, so that at no time parts of two checkpoints stand together.</summary>
    public void Publish()
    {
        if (mayReplace)
        {
            foreach (string file in older) File.Delete(file);
            foreach (GgufPart part in parts.Where(_ => parts.Count > 1)) File.Delete(part.Path);
        }

        foreach (GgufWriter writer in writers) writer.Publish(mayReplace);
        foreach (GgufPartial partial in partials) partial.Forget();
    }

    /// <summary>Closes all parts; what is not finished stays for the next run.</summary>
    public void Dispose()
    {
        foreach (GgufWriter writer in writers) writer.Dispose();
    }

    // Opened alone first: what another process is still writing stays.
    private static void Remove(string file) => OutputFiles.Alone(file, () => new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose)).Dispose();
}
