using Fathom.Checkpoints.Conversion;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Tests;

/// <summary>Importance that is read from its file as it is needed.</summary>
public sealed class ImportanceFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void It_says_what_the_matrix_in_memory_says_and_quantises_to_the_same_bytes()
    {
        var random = new Random(7);
        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() * 9)];
        string[] names = [.. ((string[])["up", "gate", "down"]).SelectMany(kind => ((int[])[0, 1]).Select(layer => $"blk.{layer}.ffn_{kind}_exps.weight"))];
        var memory = new ImportanceMatrix(names.ToDictionary(name => name, _ => Values(8 * 256)), names.ToDictionary(name => name, _ => (float[])[3, 0, .. Values(6)]));
        memory.Write(folder["x.imatrix"], 1, 512);
        using ImportanceFile file = ImportanceFile.Open(folder["x.imatrix"]);
        Assert.Equal(names.Order(StringComparer.Ordinal), file.Tensors.Order(StringComparer.Ordinal));
        foreach (string name in names)
        {
            Assert.Equal((8, 256), file.SizeOf(name));
            for (int expert = 0; expert < 9; expert++) Assert.Equal(memory.ColumnsOf(name, expert), file.ColumnsOf(name, expert));
        }

        Assert.Empty(file.ColumnsOf(names[0], 1));
        Assert.Empty(file.ColumnsOf("blk.9.ffn_up_exps.weight", 0));
        Assert.Null(file.SizeOf("blk.9.ffn_up_exps.weight"));
        ImportanceMatrix read = ImportanceMatrix.Read(folder["x.imatrix"]);
        Assert.Equal(memory.Identity, read.Identity);
        Assert.Equal(memory.Identity, file.Identity);
        using Checkpoint source = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(source, folder["a.gguf"], new QuantizationOptions { Experts = StoredType.Q2K, Importance = memory });
        ConversionSample.ToGguf(source, folder["b.gguf"], new QuantizationOptions { Experts = StoredType.Q2K, Importance = file });
        ConversionSample.ToGguf(source, folder["c.gguf"], new QuantizationOptions { Experts = StoredType.Q2K });
        Assert.Equal(File.ReadAllBytes(folder["a.gguf"]), File.ReadAllBytes(folder["b.gguf"]));
        Assert.NotEqual(File.ReadAllBytes(folder["a.gguf"]), File.ReadAllBytes(folder["c.gguf"]));
    }

    [Fact]
    public void A_large_file_takes_little_memory()
    {
        const int experts = 64, columns = 1 << 16;
        new ImportanceMatrix(new Dictionary<string, float[]> { ["x"] = new float[experts * columns] }, new Dictionary<string, float[]> { ["x"] = [.. Enumerable.Repeat(1f, experts)] }).Write(folder["x.imatrix"], 1, 512);
        Assert.InRange(new FileInfo(folder["x.imatrix"]).Length, 16 << 20, 20 << 20);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using ImportanceFile file = ImportanceFile.Open(folder["x.imatrix"]);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
        Assert.Equal(columns, file.ColumnsOf("x", experts - 1).Length);
    }

    [Fact]
    public void Damage_is_one_sentence()
    {
        Assert.Contains("imatrix", Refused([new("general.type", "model")], [("x.in_sum2", [1, 4]), ("x.counts", [1, 1])]), StringComparison.Ordinal);
        Assert.Contains("x.counts", Refused(Type, [("x.in_sum2", [1, 4])]), StringComparison.Ordinal);
        Assert.Contains("as many values", Refused(Type, [("x.in_sum2", [1, 4]), ("x.counts", [3, 1])]), StringComparison.Ordinal);
        Assert.Contains("finite", Refused(Type, [("x.in_sum2", [1, 4]), ("x.counts", [1, 1])], float.NaN), StringComparison.Ordinal);
        Assert.Contains("finite", Refused(Type, [("x.in_sum2", [1, 4]), ("x.counts", [1, 1])], -1), StringComparison.Ordinal);

        // More than 2 GiB of counts, which nothing but the header takes room for.
        byte[] header = GgufHeader.ToBytes(Type, [("x.counts", 0, [1L << 30], 4L << 30), ("x.in_sum2", 0, [1L << 30], 4L << 30)]);
        using (FileStream stream = File.Create(folder["huge.imatrix"]))
        {
            stream.Write(header);
            stream.SetLength(header.Length + (8L << 30));
        }

        Assert.Contains("counts of 1 to", Assert.Throws<CheckpointException>(() => ImportanceFile.Open(folder["huge.imatrix"])).Message, StringComparison.Ordinal);
    }

    private static List<KeyValuePair<string, object>> Type => [new("general.type", "imatrix")];

    private string Refused(List<KeyValuePair<string, object>> metadata, (string Name, long[] Shape)[] tensors, float value = 1)
    {
        using (var writer = new GgufWriter(folder["x.imatrix"], metadata, [.. tensors.Select(tensor => (tensor.Name, StoredType.F32, tensor.Shape))]))
        {
            foreach ((_, long[] shape) in tensors)
            {
                writer.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(Enumerable.Repeat(value, (int)(shape[0] * shape[1])).ToArray()));
                writer.EndTensor();
            }

            writer.Complete();
        }

        string message = Assert.Throws<CheckpointException>(() => ImportanceFile.Open(folder["x.imatrix"])).Message;
        Assert.Equal(message, Assert.Throws<CheckpointException>(() => ImportanceMatrix.Read(folder["x.imatrix"])).Message);
        return message;
    }
}
