using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;

namespace Fathom.Model.Tests;

/// <summary>A model with transformers-style names says bit for bit what it says with official ones.</summary>
public sealed class NamingTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public static TheoryData<string> Checkpoints => ConversionTests.Checkpoints;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Logits_have_the_same_bits_there_and_back(string path)
    {
        string named = Named(path), back = Path.Combine(folder, "back");
        using (Checkpoint copy = Checkpoint.Open(named)) NamingConversion.Write(copy, back, TensorNaming.Official, cancellation: TestContext.Current.CancellationToken);
        foreach (NumericProfile profile in Enum.GetValues<NumericProfile>())
        {
            float[] found = ConversionTests.Logits(named, profile);
            Assert.Equal(ConversionTests.Logits(path, profile)[..found.Length], found);
            Assert.Equal(found, ConversionTests.Logits(back, profile));
        }
    }

    [Theory]
    [InlineData("tiny-fp4", MatrixFormat.BF16)]
    [InlineData("tiny-fp4", MatrixFormat.F32)]
    [InlineData("tiny-bf16", MatrixFormat.BF16)]
    public void A_gguf_file_goes_there_and_comes_from_there(string name, MatrixFormat matrices)
    {
        string path = Repository.Golden("model", name), file = Path.Combine(folder, "x.gguf"), other = Path.Combine(folder, "y.gguf"), named = Path.Combine(folder, "of-gguf");
        float[] expected = ConversionTests.Logits(path, NumericProfile.Plain);
        using (Checkpoint source = Checkpoint.Open(Named(path))) GgufConversion.Write(source, file, ConversionTests.Vocabulary(source.Config), new GgufOptions { Matrices = matrices }, cancellation: TestContext.Current.CancellationToken);
        using (Checkpoint source = Checkpoint.Open(path)) GgufConversion.Write(source, other, ConversionTests.Vocabulary(source.Config), new GgufOptions { Matrices = matrices }, cancellation: TestContext.Current.CancellationToken);
        Assert.True(File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(other)));

        using (Checkpoint gguf = Checkpoint.Open(file)) NamingConversion.Write(gguf, named, TensorNaming.Transformers, "{}", cancellation: TestContext.Current.CancellationToken);
        using (Checkpoint checkpoint = Checkpoint.Open(named)) Assert.Equal(TensorNaming.Transformers, checkpoint.Naming);
        Assert.Equal("{}", File.ReadAllText(Path.Combine(named, "tokenizer.json")));
        float[] found = ConversionTests.Logits(named, NumericProfile.Plain);
        Assert.Equal(expected[..found.Length], found);
    }

    [Fact]
    public void A_stack_of_a_gguf_file_has_one_format_that_holds_all_its_experts()
    {
        // Zeros are FP8 exactly, and the other experts of the layer are not.
        string zeros = Path.Combine(folder, "zeros"), file = Path.Combine(folder, "x.gguf"), golden = Repository.Golden("model", "tiny-bf16");
        Directory.CreateDirectory(zeros);
        foreach (string name in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(golden, name), Path.Combine(zeros, name));
        long offset, bytes;
        using (Checkpoint source = Checkpoint.Open(zeros)) (offset, bytes) = (source["layers.1.ffn.experts.2.w1.weight"].FileOffset, source["layers.1.ffn.experts.2.w1.weight"].ByteLength);
        using (FileStream stream = File.OpenWrite(Path.Combine(zeros, "model.safetensors")))
        {
            stream.Position = offset;
            stream.Write(new byte[bytes]);
        }

        using (Checkpoint source = Checkpoint.Open(zeros)) GgufConversion.Write(source, file, ConversionTests.Vocabulary(source.Config), cancellation: TestContext.Current.CancellationToken);
        string official = Path.Combine(folder, "official"), named = Path.Combine(folder, "of-gguf");
        using (Checkpoint gguf = Checkpoint.Open(file))
        {
            FolderConversion.Write(gguf, official, "{}", cancellation: TestContext.Current.CancellationToken);
            NamingConversion.Write(gguf, named, TensorNaming.Transformers, "{}", cancellation: TestContext.Current.CancellationToken);
        }

        using (Checkpoint apart = Checkpoint.Open(official), stacked = Checkpoint.Open(named))
        {
            Assert.Equal(StoredType.F8E4M3, apart["layers.1.ffn.experts.2.w1.weight"].Type);
            Assert.Equal(StoredType.BF16, apart["layers.1.ffn.experts.2.w3.weight"].Type);
            foreach (string matrix in (string[])["w1", "w3"])
            {
                Assert.Equal(StoredType.BF16, stacked[$"layers.1.ffn.experts.2.{matrix}.weight"].Type);
                Assert.False(stacked.TryGet($"layers.1.ffn.experts.2.{matrix}.scale", out _));
            }
        }

        Assert.Equal(ConversionTests.Logits(file, NumericProfile.Plain), ConversionTests.Logits(named, NumericProfile.Plain));
    }

    [Theory]
    [InlineData(0, NumericProfile.Fast)]
    [InlineData(9, NumericProfile.Plain)]
    public void Streamed_experts_of_stacks_have_the_same_bits(int moreSlots, NumericProfile profile)
    {
        string path = SmallStream.Write(folder), named = Named(path);
        using V4Model official = SmallStream.OpenResident(path, profile), resident = SmallStream.OpenResident(named, profile), streamed = SmallStream.Open(named, moreSlots, profile);
        int[] tokens = EquivalenceTests.Tokens(official, 120, 1);
        float[] expected = Sequence.Logits(official, tokens, Sequence.Even(120, 60));
        Assert.Equal(expected, Sequence.Logits(resident, tokens, Sequence.Even(120, 60)));
        foreach (int piece in (int[])[60, 1]) Assert.Equal(expected, Sequence.Logits(streamed, tokens, Sequence.Even(120, piece)));
        Assert.True(streamed.Streaming!.Misses > 0);
    }

    private string Named(string path)
    {
        // GGUF files are named by the folder that they are made of.
        string named = Path.Combine(folder, "named", Path.GetFileName(path));
        using Checkpoint source = Checkpoint.Open(path);
        NamingConversion.Write(source, named, TensorNaming.Transformers, cancellation: TestContext.Current.CancellationToken);
        return named;
    }
}
