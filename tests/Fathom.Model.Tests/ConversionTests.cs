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
        GgufConversion.Write(source, file, Vocabulary(source.Config), new GgufOptions { MultiTokenPrediction = true }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(["x.gguf"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName));
        using (Checkpoint gguf = Checkpoint.Open(file))
        {
            FolderConversion.Write(gguf, back, gguf.Vocabulary!.Json!, cancellation: TestContext.Current.CancellationToken);
            SameValues(source, gguf);
        }

        using Checkpoint returned = Checkpoint.Open(back);
        Assert.True(returned.HasMultiTokenPrediction);
        Assert.Equal(source.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), returned.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        Assert.Equal(source.Config with { CompressRatios = [] }, returned.Config with { CompressRatios = [] });
        Assert.Equal(source.Config.CompressRatios, returned.Config.CompressRatios);
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
        ConversionResult result = GgufConversion.Write(source, file, Vocabulary(source.Config), new GgufOptions { Matrices = MatrixFormat.Q80 }, cancellation: TestContext.Current.CancellationToken);
        Assert.Contains("prediction block is left out", Assert.Single(result.Notes), StringComparison.Ordinal);
        using Checkpoint gguf = Checkpoint.Open(file);
        Assert.Equal(StoredType.Q80, gguf["layers.0.attn.wq_a.weight"].Type);
        Assert.Equal(StoredType.Mxfp4, gguf["layers.0.ffn.experts.7.w1.weight"].Type);
        float[] found = Logits(file, NumericProfile.Plain), expected = Logits(source.Location, NumericProfile.Plain)[..found.Length];
        Assert.InRange(expected.Zip(found, (a, b) => Math.Abs(a - b)).Average(), 1e-5, 0.1);
        FolderConversion.Write(gguf, Path.Combine(folder, "back"), "{}", cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(found.Length, Logits(Path.Combine(folder, "back"), NumericProfile.Plain).Length);
    }

    [Fact]
    public void All_weights_in_32_bits_give_the_same_logits()
    {
        using Checkpoint source = Checkpoint.Open(Repository.PathOf("models", "builtin"));
        string file = Path.Combine(folder, "x.gguf");
        ConversionResult result = GgufConversion.Write(source, file, Vocabulary(source.Config), new GgufOptions { Matrices = MatrixFormat.F32, MultiTokenPrediction = true }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([StoredType.F32, StoredType.I32], result.Formats.Keys.Order());
        Assert.Equal(Logits(source.Location, NumericProfile.Plain), Logits(file, NumericProfile.Plain));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_the_prediction_block_the_rest_is_the_same(bool isQuantized)
    {
        using Checkpoint source = Checkpoint.Open(Repository.PathOf("models", "builtin"));
        string file = Path.Combine(folder, "x.gguf");
        if (isQuantized) Quantization.Write(source, file, Vocabulary(source.Config), new QuantizationOptions { Experts = StoredType.Q2K, Matrices = MatrixFormat.BF16 }, cancellation: TestContext.Current.CancellationToken);
        else GgufConversion.Write(source, file, Vocabulary(source.Config), cancellation: TestContext.Current.CancellationToken);
        using Checkpoint gguf = Checkpoint.Open(file);
        Assert.False(gguf.HasMultiTokenPrediction);
        Assert.Equal(0, gguf.Config.MtpLayerCount);
        Assert.DoesNotContain(gguf.Tensors, tensor => tensor.Name.StartsWith("mtp.", StringComparison.Ordinal));
        float[] found = Logits(file, NumericProfile.Plain);
        Assert.Equal(Logits(source.Location, NumericProfile.Plain)[..found.Length], found);
    }

    [Fact]
    public void Other_converters_prediction_blocks_are_read()
    {
        // Two projections of their own, and no head but the main model's.
        using Checkpoint source = Checkpoint.Open(Repository.PathOf("models", "builtin"));
        string whole = Path.Combine(folder, "whole.gguf"), other = Path.Combine(folder, "other.gguf");
        GgufConversion.Write(source, whole, Vocabulary(source.Config), new GgufOptions { MultiTokenPrediction = true }, cancellation: TestContext.Current.CancellationToken);
        int layers = source.Config.LayerCount;
        using (GgufFile file = GgufFile.Open(whole))
        {
            StoredTensor[] kept = [.. file.Tensors.Values.Where(tensor => !tensor.Name.Contains(".nextn.eh_proj", StringComparison.Ordinal) && !tensor.Name.Contains(".nextn.hc_head", StringComparison.Ordinal))];
            StoredTensor joined = file.Tensors[$"blk.{layers}.nextn.eh_proj.weight"];
            byte[] left = new byte[joined.ByteLength / 2], right = new byte[left.Length];
            int half = left.Length / (int)joined.Shape[0];
            for (int row = 0; row < joined.Shape[0]; row++)
            {
                joined.Bytes.Slice(2 * row * half, half).CopyTo(left.AsSpan(row * half));
                joined.Bytes.Slice(((2 * row) + 1) * half, half).CopyTo(right.AsSpan(row * half));
            }

            long[] shape = [joined.Shape[0], joined.Shape[1] / 2];
            using var writer = new GgufWriter(other, [.. file.Metadata], [.. kept.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape.ToArray())), ($"blk.{layers}.nextn.e_proj.weight", joined.Type, shape), ($"blk.{layers}.nextn.h_proj.weight", joined.Type, shape)]);
            foreach (ReadOnlyMemory<byte> bytes in kept.Select(tensor => new ReadOnlyMemory<byte>(tensor.Bytes.ToArray())).Concat([left, right]))
            {
                writer.Write(bytes.Span);
                writer.EndTensor();
            }

            writer.Complete();
        }

        using Checkpoint found = Checkpoint.Open(other);
        Assert.True(found.HasMultiTokenPrediction);
        foreach (string name in (string[])["e_proj.weight", "h_proj.weight"]) Assert.Equal(Decoded(source.Matrix("mtp.0." + name)), Decoded(found.Matrix("mtp.0." + name)));
        Assert.Equal(found["hc_head_fn"].Bytes, found["mtp.0.hc_head_fn"].Bytes);
        Assert.Equal(Logits(source.Location, NumericProfile.Plain).Length, Logits(other, NumericProfile.Plain).Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Parts_hold_together_what_one_file_holds(bool isQuantized)
    {
        using Checkpoint source = Checkpoint.Open(Repository.PathOf("models", "builtin"));
        string whole = Path.Combine(folder, "whole.gguf"), split = Path.Combine(folder, "split.gguf");
        ConversionResult Write(string path, long? partBytes) => isQuantized
            ? Quantization.Write(source, path, Vocabulary(source.Config), new QuantizationOptions { Experts = StoredType.Q4K, PartBytes = partBytes }, cancellation: TestContext.Current.CancellationToken)
            : GgufConversion.Write(source, path, Vocabulary(source.Config), new GgufOptions { PartBytes = partBytes, MultiTokenPrediction = true }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([whole], Write(whole, 1L << 40).Places);
        long largest = new FileInfo(whole).Length / 3;
        IReadOnlyList<string> parts = Write(split, largest).Places;
        Assert.InRange(parts.Count, 3, 6);
        Assert.Equal(parts.Select((_, i) => $"split-{i + 1:d5}-of-{parts.Count:d5}.gguf"), parts.Select(Path.GetFileName));
        Assert.Equal([.. parts.Select(Path.GetFileName).Order(StringComparer.Ordinal), "whole.gguf"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach ((string part, int index) in parts.Select((part, index) => (part, index)))
        {
            using GgufFile file = GgufFile.Open(part);
            Assert.InRange(file.Tensors.Values.Sum(tensor => tensor.ByteLength), 1, largest);
            Assert.Equal((long)index, file.Metadata["split.no"]);
            Assert.Equal((long)parts.Count, file.Metadata["split.count"]);
            Assert.Equal(index == 0, file.Metadata.ContainsKey("general.architecture"));
        }

        using Checkpoint expected = Checkpoint.Open(whole), found = Checkpoint.Open(parts[^1]);
        Assert.Equal(expected.Tensors.Count, found.Tensors.Count);
        foreach (StoredTensor tensor in expected.Tensors) Assert.True(tensor.Bytes.SequenceEqual(found[tensor.Name].Bytes), tensor.Name);
        Assert.Equal(expected.Vocabulary!.Tokens, found.Vocabulary!.Tokens);
        if (!isQuantized) Assert.Equal(Logits(whole, NumericProfile.Plain), Logits(parts[0], NumericProfile.Plain));
    }

    [Fact]
    public void Parts_that_do_not_belong_together_are_refused()
    {
        using Checkpoint source = Checkpoint.Open(Repository.PathOf("models", "builtin"));
        string file = Path.Combine(folder, "x.gguf");
        IReadOnlyList<string> parts = GgufConversion.Write(source, file, Vocabulary(source.Config), new GgufOptions { PartBytes = 1_000_000 }, cancellation: TestContext.Current.CancellationToken).Places;
        File.Copy(parts[1], parts[2], overwrite: true);
        string message = Assert.Throws<CheckpointException>(() => Checkpoint.Open(parts[0])).Message;
        Assert.Contains("split.no", message, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(parts[2]), message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => GgufConversion.Write(source, file, Vocabulary(source.Config), new GgufOptions { PartBytes = 0 }, cancellation: TestContext.Current.CancellationToken));
    }

    private static float[] Decoded(WeightMatrix matrix)
    {
        var values = new float[matrix.Rows * matrix.Columns];
        for (int row = 0; row < matrix.Rows; row++) matrix.DecodeRow(row, values.AsSpan(row * matrix.Columns, matrix.Columns));
        return values;
    }

    private static void SameValues(Checkpoint a, Checkpoint b)
    {
        foreach (ExpectedTensor expected in TensorLayout.Of(a.Config, a.HasMultiTokenPrediction).Where(tensor => tensor.Shape.Length == 2 && tensor.Role != TensorRole.ExpertTable))
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

    // Of the main model, and of the MTP block where there is one.
    internal static float[] Logits(string path, NumericProfile profile)
    {
        using V4Model model = V4Model.Open(path, new V4ModelOptions { Profile = profile });
        using ISession session = model.CreateSession();
        int[] tokens = [.. Enumerable.Range(0, 150).Select(i => ((i * 37) + 5) % model.VocabularySize)];
        Logits logits = model.Forward(new Batch().Add(session, tokens, LogitRows.All));
        float[] main = [.. Enumerable.Range(0, tokens.Length).SelectMany(row => logits[row].ToArray())];
        if (!model.HasMultiTokenPrediction) return main;
        Logits predicted = model.PredictAfterNext([.. tokens[1..], 7]);
        return [.. main, .. Enumerable.Range(0, tokens.Length).SelectMany(row => predicted[row].ToArray())];
    }

    internal static GgufVocabulary Vocabulary(V4Config config) =>
        new([.. Enumerable.Range(0, config.VocabularySize).Select(id => $"t{id}")], [.. Enumerable.Repeat(1L, config.VocabularySize)], ["a b"], "test") { Json = "{}", HasDraftBlockKeys = config.HasDraftBlockKeys };
}
