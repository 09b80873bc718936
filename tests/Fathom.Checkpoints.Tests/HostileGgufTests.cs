using CsCheck;
using Fathom.Checkpoints.Conversion;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Tests;

/// <summary>Whole GGUF checkpoints, split ones and importance files with damage: each opens, or is refused in one sentence, and takes no memory to speak of.</summary>
public sealed class HostileGgufTests : IDisposable
{
    private static readonly object[] Values =
    [
        0L, -1L, 1L, 3L, 1L << 31, long.MaxValue, long.MinValue, double.NaN, double.PositiveInfinity, -1.5, 1e300, true, false, "", "yarn", new string('x', 5000),
        Array.Empty<long>(), new[] { -1L, long.MaxValue }, new[] { double.NaN }, new[] { double.PositiveInfinity, double.PositiveInfinity }, new[] { "a", "" }, new[] { true },
    ];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Headers_of_whole_checkpoints_with_random_damage()
    {
        string path = Whole().Path;
        RandomDamage(path, HeaderBytes(path), 600, () => Checkpoint.Open(path).Dispose());
        Checkpoint.Open(path).Dispose();
    }

    [Fact]
    public void Metadata_of_the_wrong_kind()
    {
        LooseFile whole = Whole();
        foreach (string key in whole.Metadata.Select(entry => entry.Key).ToList())
        {
            foreach (object value in Values) OpenOrRefuse(whole with { Metadata = [.. whole.Metadata.Select(entry => entry.Key == key ? new(key, value) : entry)] });
            OpenOrRefuse(whole with { Metadata = [.. whole.Metadata.Where(entry => entry.Key != key)] });
        }
    }

    [Fact]
    public void Tensors_of_other_names_shapes_and_formats()
    {
        LooseFile whole = Whole();
        for (int i = 0; i < whole.Tensors.Count; i++)
        {
            // Those of later layers are like these.
            (string name, uint type, long[] shape, long bytes) = whole.Tensors[i];
            if (name.StartsWith("blk.", StringComparison.Ordinal) && !name.StartsWith("blk.1.", StringComparison.Ordinal) && !name.Contains("nextn", StringComparison.Ordinal)) continue;
            OpenOrRefuse(whole.With(i, ("x", type, shape, bytes)));
            OpenOrRefuse(whole.With(i, (name, type, [0, .. shape[1..]], 0)));
            OpenOrRefuse(whole.With(i, (name, type, [.. shape.Reverse()], bytes)));
            OpenOrRefuse(whole.With(i, (name, type, [shape.Aggregate((a, b) => a * b)], bytes)));
            OpenOrRefuse(whole.With(i, (name, StoredTypes.GgmlOf(StoredType.I32), shape, bytes)));
        }

        // The MTP block's joined matrix without any rows.
        int joined = whole.Tensors.FindIndex(tensor => tensor.Name.EndsWith("nextn.eh_proj.weight", StringComparison.Ordinal));
        OpenOrRefuse(whole.With(joined, (whole.Tensors[joined].Name, whole.Tensors[joined].Type, [0, whole.Tensors[joined].Shape[1]], 0)), "expected shape [");
    }

    [Fact]
    public void Parts_with_random_damage_and_with_numbers_of_the_wrong_kind()
    {
        using (Checkpoint source = Checkpoint.Open(Repository.Golden("model", "tiny-fp4")))
            GgufConversion.Write(source, folder["s.gguf"], Vocabulary(source.Config), new GgufOptions { PartBytes = 4 << 20 }, cancellation: TestContext.Current.CancellationToken);
        string[] parts = [.. Directory.EnumerateFiles(folder.Path, "s-*.gguf").Order(StringComparer.Ordinal)];
        Assert.InRange(parts.Length, 2, 9);
        void Open() => Checkpoint.Open(parts[0]).Dispose();
        Open();
        for (int i = 0; i < 2; i++)
        {
            var part = LooseFile.Read(parts[i]);
            RandomDamage(parts[i], HeaderBytes(parts[i]), 150, Open);
            foreach (string key in part.Metadata.Select(entry => entry.Key).Where(key => key.StartsWith("split.", StringComparison.Ordinal)).ToList())
            {
                foreach (object value in Values)
                {
                    (part with { Metadata = [.. part.Metadata.Select(entry => entry.Key == key ? new(key, value) : entry)] }).Write();
                    Mutations.ClearlyOrWell(Open);
                }
            }

            part.Write();
        }

        Open();
    }

    [Fact]
    public void Importance_files_with_damage()
    {
        string path = folder["x.imatrix"];
        var sums = new Dictionary<string, float[]> { ["blk.0.ffn_up_exps.weight"] = [1, 2, 3, 4], ["blk.0.ffn_gate_exps.weight"] = [1, 2, 3, 4] };
        new ImportanceMatrix(sums, sums.ToDictionary(pair => pair.Key, _ => (float[])[5, 6])).Write(path, 1, 64);
        byte[] sound = File.ReadAllBytes(path);
        void Read()
        {
            var read = ImportanceMatrix.Read(path);
            foreach (string tensor in read.Sums.Keys) Assert.All(read.ColumnsOf(tensor, 1), column => Assert.True(float.IsFinite(column) || column > 0));
        }

        Read();
        Gen.Select(Gen.Int[0, sound.Length - 1].Array[1, 4], Gen.Byte.Array[4], Gen.Int[0, 4]).Sample(
            (places, values, kind) =>
            {
                File.WriteAllBytes(path, Mutations.Damage([.. sound], places, values, kind));
                Mutations.ClearlyOrWell(Read);
            },
            iter: 800,
            threads: 1);
        File.WriteAllBytes(path, sound);
        var whole = LooseFile.Read(path);
        for (int i = 0; i < whole.Tensors.Count; i++)
        {
            (string name, uint type, long[] shape, long bytes) = whole.Tensors[i];
            foreach ((string Name, uint Type, long[] Shape, long Bytes) tensor in (ReadOnlySpan<(string, uint, long[], long)>)[(name, type, [0, shape[1]], 0), (name, type, [shape[1], shape[0], 1], bytes), ("x", type, shape, bytes), (name, StoredTypes.GgmlOf(StoredType.I32), shape, bytes)])
            {
                whole.With(i, tensor).Write();
                Mutations.ClearlyOrWell(Read);
            }
        }
    }

    [Fact]
    public void Arrays_take_little_more_than_their_bytes_and_are_bounded()
    {
        string path = folder["x.gguf"];
        WriteArray(path, type: 0, elements: 2 << 20);
        Mutations.ClearlyOrWell(() =>
        {
            using GgufFile file = GgufFile.Open(path);
            Assert.Equal(2 << 20, Assert.IsType<long[]>(file.Metadata["a"]).Length);
        });
        WriteArray(path, type: 0, elements: 5 << 20);
        Assert.Contains("arrays of at most 4194304 elements together", Assert.Throws<CheckpointException>(() => GgufFile.Open(path).Dispose()).Message, StringComparison.Ordinal);
        WriteArray(path, type: 99, elements: 0);
        Assert.Contains("a value type from 0 to 12", Assert.Throws<CheckpointException>(() => GgufFile.Open(path).Dispose()).Message, StringComparison.Ordinal);
    }

    private static void WriteArray(string path, uint type, int elements)
    {
        using var writer = new BinaryWriter(File.Create(path));
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write(0UL);
        writer.Write(1UL);
        writer.Write(1UL);
        writer.Write("a"u8);
        writer.Write(9u);
        writer.Write(type);
        writer.Write((ulong)elements);
        writer.Write(new byte[elements]);
    }

    private LooseFile Whole()
    {
        string path = folder["whole.gguf"];
        using Checkpoint source = Checkpoint.Open(Repository.Golden("model", "tiny-fp4"));
        GgufConversion.Write(source, path, Vocabulary(source.Config), new GgufOptions { MultiTokenPrediction = true }, cancellation: TestContext.Current.CancellationToken);
        return LooseFile.Read(path);
    }

    private static GgufVocabulary Vocabulary(V4Config config) =>
        new([.. Enumerable.Range(0, config.VocabularySize).Select(id => $"t{id}")], [.. Enumerable.Repeat(1L, config.VocabularySize)], ["a b"], "test");

    private static void OpenOrRefuse(LooseFile file, string? message = null)
    {
        file.Write();
        Mutations.ClearlyOrWell(() =>
        {
            if (message is null) Checkpoint.Open(file.Path).Dispose();
            else Assert.Contains(message, Assert.Throws<CheckpointException>(() => Checkpoint.Open(file.Path)).Message, StringComparison.Ordinal);
        });
    }

    private static int HeaderBytes(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        return (int)file.Tensors.Values.Min(tensor => tensor.FileOffset);
    }

    // The file is patched in place and mended afterwards: its data need not be written again.
    private static void RandomDamage(string path, int headerBytes, int times, Action open) => Gen.Select(Gen.Int[0, headerBytes - 1], Gen.Byte).Sample(
        (place, value) =>
        {
            byte before = Mutations.Exchange(path, place, value);
            Mutations.ClearlyOrWell(open);
            Mutations.Exchange(path, place, before);
        },
        iter: times,
        threads: 1);

    // A GGUF file in pieces that may be exchanged. Its data become zeros that take no room on disk.
    private sealed record LooseFile(string Path, List<KeyValuePair<string, object>> Metadata, List<(string Name, uint Type, long[] Shape, long Bytes)> Tensors, long DataBytes)
    {
        public static LooseFile Read(string path)
        {
            using GgufFile file = GgufFile.Open(path);
            StoredTensor[] tensors = [.. file.Tensors.Values.OrderBy(tensor => tensor.FileOffset)];
            return new LooseFile(path, [.. file.Metadata], [.. tensors.Select(tensor => (tensor.Name, StoredTypes.GgmlOf(tensor.Type), tensor.Shape.ToArray(), tensor.ByteLength))], new FileInfo(path).Length - HeaderBytes(path));
        }

        public LooseFile With(int index, (string Name, uint Type, long[] Shape, long Bytes) tensor) => this with { Tensors = [.. Tensors[..index], tensor, .. Tensors[(index + 1)..]] };

        public void Write()
        {
            using FileStream stream = File.Create(Path);
            stream.Write(GgufHeader.ToBytes(Metadata, Tensors));
            stream.SetLength(stream.Position + DataBytes);
        }
    }
}
