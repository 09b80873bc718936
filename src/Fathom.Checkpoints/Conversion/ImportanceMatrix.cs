using System.Runtime.InteropServices;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Conversion;

/// <summary>
/// How much each input column of routed experts matters: the mean of its squared inputs while a text was read. In a
/// file it is GGUF of the type "imatrix", as other engines write it: for each tensor sums of squares and counts.
/// </summary>
/// <param name="Sums">Sums of squared inputs by tensor of the GGUF file, [experts·columns].</param>
/// <param name="Counts">Inputs that each expert had, [experts].</param>
public sealed record ImportanceMatrix(IReadOnlyDictionary<string, float[]> Sums, IReadOnlyDictionary<string, float[]> Counts)
{
    private const string SumsEnding = ".in_sum2", CountsEnding = ".counts";

    /// <summary>The name under which a matrix of routed experts stands in a GGUF file, and which of the experts it is.</summary>
    /// <param name="official">Its official name.</param>
    /// <param name="layers">Main layers of the model.</param>
    public static (string Tensor, int Expert) PlaceOf(string official, int layers)
    {
        (IEnumerable<string> names, int expert) = GgufNames.Of(official, layers);
        return (names.First(), expert);
    }

    /// <summary>The mean square of each column's inputs; empty when the expert had none, or the tensor is not known.</summary>
    /// <param name="tensor">The tensor's name in a GGUF file, such as <c>blk.0.ffn_up_exps.weight</c>.</param>
    /// <param name="expert">Which of its experts.</param>
    public float[] ColumnsOf(string tensor, int expert)
    {
        if (!Sums.TryGetValue(tensor, out float[]? sums)) return [];
        float[] counts = Counts[tensor];
        if (expert >= counts.Length || counts[expert] <= 0) return [];
        int columns = sums.Length / counts.Length;
        return Array.ConvertAll(sums[(expert * columns)..((expert + 1) * columns)], sum => sum / counts[expert]);
    }

    /// <summary>Writes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="chunks">Pieces of text that were read.</param>
    /// <param name="chunkTokens">Tokens of a piece.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path, int chunks, int chunkTokens)
    {
        List<KeyValuePair<string, object>> metadata = [new("general.type", "imatrix"), new("imatrix.datasets", (string[])[]), new("imatrix.chunk_count", (uint)chunks), new("imatrix.chunk_size", (uint)chunkTokens)];
        var tensors = new List<(string Name, StoredType Type, long[] Shape)>();
        foreach ((string name, float[] sums) in Sums)
        {
            int experts = Counts[name].Length;
            tensors.Add((name + SumsEnding, StoredType.F32, [experts, sums.Length / experts]));
            tensors.Add((name + CountsEnding, StoredType.F32, [experts, 1]));
        }

        using var writer = new GgufWriter(path, metadata, tensors);
        foreach ((string name, float[] sums) in Sums)
        {
            writer.Write(MemoryMarshal.AsBytes<float>(sums));
            writer.EndTensor();
            writer.Write(MemoryMarshal.AsBytes<float>(Counts[name]));
            writer.EndTensor();
        }

        writer.Complete();
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="CheckpointException">The file is none of this type, or damaged.</exception>
    public static ImportanceMatrix Read(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        if (file.Metadata.GetValueOrDefault("general.type") is not "imatrix") throw new CheckpointException(path, "general.type", "imatrix", $"{file.Metadata.GetValueOrDefault("general.type") ?? "none"}", "make one with 'fathom imatrix'");
        Dictionary<string, float[]> sums = new(StringComparer.Ordinal), counts = new(StringComparer.Ordinal);
        foreach ((string name, StoredTensor tensor) in file.Tensors)
        {
            if (!name.EndsWith(SumsEnding, StringComparison.Ordinal)) continue;
            string of = name[..^SumsEnding.Length];
            if (!file.Tensors.TryGetValue(of + CountsEnding, out StoredTensor? count)) throw new CheckpointException(path, of + CountsEnding, "this tensor", "none");
            float[] values = Floats(tensor), inputs = Floats(count);
            if (inputs.Length == 0 || values.Length % inputs.Length != 0) throw new CheckpointException(path, name, $"as many values for each of {inputs.Length} experts", $"{values.Length}");
            if (values.Concat(inputs).Any(value => !(value >= 0) || !float.IsFinite(value))) throw new CheckpointException(path, name, "finite sums of squares and counts", "others");
            (sums[of], counts[of]) = (values, inputs);
        }

        return new ImportanceMatrix(sums, counts);
    }

    private static float[] Floats(StoredTensor tensor)
    {
        if (tensor.Type != StoredType.F32) throw new CheckpointException(tensor.File, tensor.Name, "F32", StoredTypes.NameOf(tensor.Type));
        return tensor.ByteLength <= int.MaxValue ? tensor.ToFloats() : throw new CheckpointException(tensor.File, tensor.Name, "at most 2 GiB", $"{tensor.ByteLength} bytes");
    }
}
