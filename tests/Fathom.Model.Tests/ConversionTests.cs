using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Checkpoints.Gguf;
using Fathom.Compute;

namespace Fathom.Model.Tests;

/// <summary>Official folder to GGUF and back.</summary>
public sealed class ConversionTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public static TheoryData<string> Checkpoints => [Repository.Golden("model", "tiny-fp4"), Repository.Golden("model", "tiny-bf16"), Repository.PathOf("models", "builtin")];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void There_and_back_gives_the_same_tensors_and_logits(string path)
    {
        using Checkpoint source = Checkpoint.Open(path);
        string file = Path.Combine(folder, "x.gguf"), back = Path.Combine(folder, "back");
        GgufConversion.Write(source, file, Vocabulary(source.Config), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(["x.gguf"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName));
        using (Checkpoint gguf = Checkpoint.Open(file))
        {
            FolderConversion.Write(gguf, back, gguf.Vocabulary!.Json!, cancellation: TestContext.Current.CancellationToken);
            SameValues(source, gguf);
        }

        using Checkpoint returned = Checkpoint.Open(back);
        Assert.Equal(source.Config with { MtpLayerCount = 0, CompressRatios = [] }, returned.Config with { CompressRatios = [] });
        Assert.Equal(source.Config.CompressRatios.Take(source.Config.LayerCount), returned.Config.CompressRatios);
        Assert.Equal("{}", File.ReadAllText(Path.Combine(back, "tokenizer.json")));
        SameValues(source, returned);
        int otherScales = 0;
        foreach (StoredTensor tensor in returned.Tensors)
        {
            Assert.Equal(source[tensor.Name].Type, tensor.Type);
            bool isSame = source[tensor.Name].Bytes.SequenceEqual(tensor.Bytes);

            // A block whose largest value is just 448 times a power of two may have been written in two ways; the values are the same.
            if (!isSame && tensor.Type == StoredType.F8E4M3) otherScales++;
            else Assert.True(isSame || (tensor.Type == StoredType.F8E8M0 && source[tensor.Name.Replace(".scale", ".weight", StringComparison.Ordinal)].Type == StoredType.F8E4M3), $"{tensor.Name} has other bytes");
        }

        float[] expected = Logits(path, NumericProfile.Plain);
        Assert.Equal(expected, Logits(file, NumericProfile.Plain));
        Assert.Equal(expected, Logits(back, NumericProfile.Plain));
        Assert.Equal(Logits(path, NumericProfile.Official), Logits(back, NumericProfile.Official));
        Assert.InRange(otherScales, 0, path.EndsWith("tiny-fp4", StringComparison.Ordinal) ? 2 : 0);
        if (otherScales == 0) Assert.Equal(Logits(path, NumericProfile.Fast), Logits(back, NumericProfile.Fast));
    }

    [Fact]
    public void Matrices_in_Q8_0_are_rounded_a_little()
    {
        using Checkpoint source = Checkpoint.Open(Repository.PathOf("models", "builtin"));
        string file = Path.Combine(folder, "x.gguf");
        ConversionResult result = GgufConversion.Write(source, file, Vocabulary(source.Config), MatrixFormat.Q80, cancellation: TestContext.Current.CancellationToken);
        Assert.Contains("prediction block is left out", Assert.Single(result.Notes), StringComparison.Ordinal);
        using Checkpoint gguf = Checkpoint.Open(file);
        Assert.Equal(StoredType.Q80, gguf["layers.0.attn.wq_a.weight"].Type);
        Assert.Equal(StoredType.Mxfp4, gguf["layers.0.ffn.experts.7.w1.weight"].Type);
        float[] expected = Logits(source.Location, NumericProfile.Plain), found = Logits(file, NumericProfile.Plain);
        Assert.InRange(expected.Zip(found, (a, b) => Math.Abs(a - b)).Average(), 1e-5, 0.1);
        FolderConversion.Write(gguf, Path.Combine(folder, "back"), "{}", cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(found.Length, Logits(Path.Combine(folder, "back"), NumericProfile.Plain).Length);
    }

    [Fact]
    public void All_weights_in_32_bits_give_the_same_logits()
    {
        using Checkpoint source = Checkpoint.Open(Repository.PathOf("models", "builtin"));
        string file = Path.Combine(folder, "x.gguf");
        ConversionResult result = GgufConversion.Write(source, file, Vocabulary(source.Config), MatrixFormat.F32, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([StoredType.F32, StoredType.I32], result.Formats.Keys.Order());
        Assert.Equal(Logits(source.Location, NumericProfile.Plain), Logits(file, NumericProfile.Plain));
    }

    [Fact]
    public void A_stopped_conversion_leaves_nothing_behind()
    {
        using Checkpoint source = Checkpoint.Open(Repository.PathOf("models", "builtin"));
        using var stop = new CancellationTokenSource();
        var progress = new StopAt(0.3, stop);
        Assert.ThrowsAny<OperationCanceledException>(() => GgufConversion.Write(source, Path.Combine(folder, "x.gguf"), Vocabulary(source.Config), progress: progress, cancellation: stop.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    private static void SameValues(Checkpoint a, Checkpoint b)
    {
        foreach (ExpectedTensor expected in TensorLayout.MainModel(a.Config).Where(tensor => tensor.Shape.Length == 2 && tensor.Role != TensorRole.ExpertTable))
        {
            WeightMatrix left = a.Matrix(expected.Name), right = b.Matrix(expected.Name);
            float[] x = new float[left.Columns], y = new float[left.Columns];
            for (int row = 0; row < left.Rows; row++)
            {
                left.DecodeRow(row, x);
                right.DecodeRow(row, y);
                Assert.True(x.AsSpan().SequenceEqual(y), $"{expected.Name}, row {row}");
            }
        }
    }

    internal static float[] Logits(string path, NumericProfile profile)
    {
        using V4Model model = V4Model.Open(path, new V4ModelOptions { Profile = profile });
        using ISession session = model.CreateSession();
        int[] tokens = [.. Enumerable.Range(0, 150).Select(i => ((i * 37) + 5) % model.VocabularySize)];
        Logits logits = model.Forward(new Batch().Add(session, tokens, LogitRows.All));
        return [.. Enumerable.Range(0, tokens.Length).SelectMany(row => logits[row].ToArray())];
    }

    internal static GgufVocabulary Vocabulary(V4Config config) =>
        new([.. Enumerable.Range(0, config.VocabularySize).Select(id => $"t{id}")], [.. Enumerable.Repeat(1L, config.VocabularySize)], ["a b"], "test") { Json = "{}", HasDraftBlockKeys = config.HasDraftBlockKeys };

    private sealed class StopAt(double share, CancellationTokenSource stop) : IProgress<double>
    {
        public void Report(double value)
        {
            if (value >= share) stop.Cancel();
        }
    }
}
