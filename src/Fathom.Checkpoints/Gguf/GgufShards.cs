using System.Globalization;
using System.Text.RegularExpressions;

namespace Fathom.Checkpoints.Gguf;

/// <summary>Opens a GGUF checkpoint, all of its parts when it was split, and gives its tensors their official names.</summary>
internal static partial class GgufShards
{
    private const long MostParts = 10_000;

    /// <summary>Opens the file or files.</summary>
    /// <param name="path">The file, or any part of a split one.</param>
    /// <param name="files">Receives what was opened, first part first; the caller disposes it, also after an error.</param>
    public static void Open(string path, List<GgufFile> files)
    {
        GgufFile first = GgufFile.Open(path);
        files.Add(first);
        if (first.Metadata.GetValueOrDefault("split.count") is not long count || count <= 1) return;
        Match match = PartName().Match(Path.GetFileName(path));
        if (count > MostParts || !match.Success)
            throw new CheckpointException(path, "split.count", "a name that ends in -00001-of-000NN.gguf, because the file is one part of several", Path.GetFileName(path));
        files.Clear();
        first.Dispose();
        for (long part = 1; part <= count; part++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{match.Groups[1].Value}-{part:d5}-of-{count:d5}.gguf"), file = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, name);
            if (!File.Exists(file)) throw new CheckpointException(path, null, $"the part {name} beside it", "no such file", "the download is incomplete, fetch the missing part");
            files.Add(GgufFile.Open(file));
        }

        CheckParts(files);
    }

    // Parts of two files that bear one name would make a model that nobody wrote.
    private static void CheckParts(List<GgufFile> files)
    {
        for (int i = 0; i < files.Count; i++)
        {
            if (files[i].Metadata.GetValueOrDefault("split.no") is long number && number != i)
                throw new CheckpointException(files[i].Path, "split.no", $"{i}, as the name says", $"{number}", "the file was renamed, fetch it again");
            if (files[i].Metadata.GetValueOrDefault("split.count") is not long count || count != files.Count)
                throw new CheckpointException(files[i].Path, "split.count", $"{files.Count}, as in the other parts", $"{files[i].Metadata.GetValueOrDefault("split.count") ?? "none"}", "the parts are of different files, fetch them again");
        }

        long tensors = files.Sum(file => (long)file.Tensors.Count);
        if (files[0].Metadata.GetValueOrDefault("split.tensors.count") is long all && all != tensors)
            throw new CheckpointException(files[0].Path, "split.tensors.count", $"{all} tensors in {files.Count} parts", $"{tensors}", "the parts are of different files, fetch them again");
    }

    /// <summary>The tensors of all parts by their names in the files.</summary>
    public static Dictionary<string, StoredTensor> Join(List<GgufFile> files)
    {
        var found = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (GgufFile file in files)
        {
            foreach ((string name, StoredTensor tensor) in file.Tensors)
            {
                if (!found.TryAdd(name, tensor)) throw new CheckpointException(file.Path, name, "each tensor in one part", $"it in {found[name].File} too");
            }
        }

        return found;
    }

    /// <summary>The tensors that a config implies, under their official names; those of the MTP block when the config has one.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="found">The tensors of all parts by their names in the files.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="files">Reads what is copied.</param>
    /// <param name="copies">Receives memory that tensors lie in which do not lie in the files; the caller disposes it, also after an error.</param>
    public static Dictionary<string, StoredTensor> Name(string path, Dictionary<string, StoredTensor> found, V4Config config, WeightFiles files, List<ICheckpointFile> copies)
    {
        var named = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        var used = new HashSet<string>(StringComparer.Ordinal);
        bool hasPrediction = config.MtpLayerCount > 0;
        if (hasPrediction && found.TryGetValue(GgufNames.JoinedProjections(config.LayerCount), out StoredTensor? joined))
        {
            var halves = new ColumnHalves(joined, config.HiddenSize, files);
            copies.Add(halves);
            used.Add(joined.Name);
            named.Add("mtp.0.e_proj.weight", halves.Left("mtp.0.e_proj.weight"));
            named.Add("mtp.0.h_proj.weight", halves.Right("mtp.0.h_proj.weight"));
        }

        foreach (ExpectedTensor expected in TensorLayout.Of(config, hasPrediction))
        {
            if (named.ContainsKey(expected.Name)) continue;
            (IEnumerable<string> names, int expert) = GgufNames.Of(expected.Name, config.LayerCount);
            string? name = names.FirstOrDefault(found.ContainsKey);
            if (name is null) throw new CheckpointException(path, names.First(), "this tensor", "none", "the file is incomplete, or of another converter whose names are not known");
            used.Add(name);
            named.Add(expected.Name, expert < 0 ? found[name].Part(expected.Name) : Expert(found[name], expected, expert, config.ExpertCount));
        }

        foreach ((string name, StoredTensor tensor) in found)
        {
            if (!used.Contains(name) && !IsIgnored(name, config.LayerCount))
                throw new CheckpointException(tensor.File, name, "only tensors of the architecture that the metadata describe", "a tensor that does not belong to it");
        }

        return named;
    }

    // Experts are stacked: [experts, out, in].
    private static StoredTensor Expert(StoredTensor stacked, ExpectedTensor expected, int expert, int experts)
    {
        if (stacked.Shape.Count != 3 || stacked.Shape[0] != experts)
            throw new CheckpointException(stacked.File, stacked.Name, $"shape [{experts}, {string.Join(", ", expected.Shape)}]", $"[{string.Join(", ", stacked.Shape)}]");
        long bytes = stacked.ByteLength / experts;
        return stacked.Part(expected.Name, [.. stacked.Shape.Skip(1)], expert * bytes, bytes);
    }

    private static bool IsIgnored(string name, int layers) =>
        name.StartsWith("mtp.", StringComparison.Ordinal) || name.StartsWith($"blk.{layers}.", StringComparison.Ordinal) || name == "rope_freqs.weight";

    /// <summary>The name of a part; the first group is what all parts of a file have in common.</summary>
    [GeneratedRegex("^(.+)-[0-9]{5}-of-[0-9]{5}\\.gguf$")]
    internal static partial Regex PartName();
}
