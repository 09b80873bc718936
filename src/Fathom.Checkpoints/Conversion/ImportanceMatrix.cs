using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Conversion;

/// <summary>An importance matrix in memory, as it is measured and written; to quantise by one, <see cref="ImportanceFile"/> takes less memory.</summary>
/// <param name="Sums">Sums of squared inputs by tensor of the GGUF file, [experts·columns].</param>
/// <param name="Counts">Inputs that each expert had, [experts].</param>
public sealed record ImportanceMatrix(IReadOnlyDictionary<string, float[]> Sums, IReadOnlyDictionary<string, float[]> Counts) : IImportance
{
    /// <inheritdoc/>
    public string Identity
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach ((string name, float[] sums) in Sums.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                hash.AppendData(Encoding.UTF8.GetBytes(name));
                hash.AppendData(MemoryMarshal.AsBytes<float>(Counts[name]));
                hash.AppendData(MemoryMarshal.AsBytes<float>(sums));
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>The name under which a matrix of routed experts stands in a GGUF file, and which of the experts it is.</summary>
    /// <param name="official">Its official name.</param>
    /// <param name="layers">Main layers of the model.</param>
    public static (string Tensor, int Expert) PlaceOf(string official, int layers)
    {
        (IEnumerable<string> names, int expert) = GgufNames.Of(official, layers);
        return (names.First(), expert);
    }

    /// <inheritdoc/>
    public (int Experts, int Columns)? SizeOf(string tensor) => Sums.TryGetValue(tensor, out float[]? sums) ? (Counts[tensor].Length, sums.Length / Counts[tensor].Length) : null;

    /// <inheritdoc/>
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
            tensors.Add((name + ImportanceFile.SumsEnding, StoredType.F32, [experts, sums.Length / experts]));
            tensors.Add((name + ImportanceFile.CountsEnding, StoredType.F32, [experts, 1]));
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

    /// <summary>Reads it, all of it into memory.</summary>
    /// <exception cref="CheckpointException">The file is none of this type, or damaged.</exception>
    public static ImportanceMatrix Read(string path)
    {
        using ImportanceFile file = ImportanceFile.Open(path);
        Dictionary<string, float[]> sums = new(StringComparer.Ordinal), counts = new(StringComparer.Ordinal);
        foreach (string tensor in file.Tensors)
        {
            (int experts, int columns) = file.SizeOf(tensor)!.Value;
            if ((long)experts * columns > Array.MaxLength) throw new CheckpointException(path, tensor, $"at most {Array.MaxLength} values", $"{(long)experts * columns}");
            var all = new float[experts * columns];
            for (int expert = 0; expert < experts; expert++) file.SumsOf(tensor, expert).CopyTo(all.AsSpan(expert * columns));
            (sums[tensor], counts[tensor]) = (all, file.CountsOf(tensor).ToArray());
        }

        return new ImportanceMatrix(sums, counts);
    }
}
