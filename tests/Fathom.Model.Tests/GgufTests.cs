using Fathom.Checkpoints;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Model.Tests;

/// <summary>Golden checkpoints as GGUF files.</summary>
public sealed class GgufTests : IDisposable
{
    private const float Tolerance = 5e-4f;

    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("tiny-fp4", false)]
    [InlineData("tiny-fp4", true)]
    [InlineData("tiny-bf16", false)]
    public void A_converted_checkpoint_gives_the_golden_logits(string checkpoint, bool isSplit)
    {
        using var golden = new GoldenModel(checkpoint);
        byte[][] files = SmallGguf.Convert(golden.Directory, isSplit: isSplit);
        for (int i = 0; i < files.Length; i++) File.WriteAllBytes(PathOf(i, files.Length), files[i]);
        using V4Model model = V4Model.Open(PathOf(files.Length - 1, files.Length), new V4ModelOptions { Profile = NumericProfile.Plain });
        Assert.Equal(golden.Model.Config with { MtpLayerCount = 0, CompressRatios = [] }, model.Config with { CompressRatios = [] });
        Assert.Equal(golden.Model.Config.CompressRatios.Take(golden.Model.Config.LayerCount), model.Config.CompressRatios);
        using ISession session = model.CreateSession();
        Logits logits = model.Forward(new Batch().Add(session, golden.Integers("ids.40"), LogitRows.All));
        float[] expected = golden.Floats("logits.40");
        for (int row = 0; row < 40; row++)
        {
            for (int i = 0; i < logits.Width; i++) Assert.InRange(logits[row][i] - expected[(row * logits.Width) + i], -Tolerance, Tolerance);
        }

        Assert.Equal("ab", model.Checkpoint.Vocabulary!.Tokens[258]);
    }

    [Fact]
    public void Parts_and_files_of_another_kind_are_refused_clearly()
    {
        byte[][] files = SmallGguf.Convert(Repository.Golden("model", "tiny-bf16"), isSplit: true);
        File.WriteAllBytes(PathOf(0, 2), files[0]);
        Assert.Contains("part x-00002-of-00002.gguf", Refused(PathOf(0, 2)), StringComparison.Ordinal);
        File.WriteAllBytes(PathOf(1, 2), files[0]);
        Assert.Contains("'split.no': expected 1, as the name says, found 0", Refused(PathOf(0, 2)), StringComparison.Ordinal);

        string other = Path.Combine(folder, "other.gguf");
        File.WriteAllBytes(other, new GgufBytes().Add("general.architecture", "llama").ToArray());
        Assert.Contains("'general.architecture': expected deepseek4, found llama", Refused(other), StringComparison.Ordinal);
        File.WriteAllBytes(other, SmallGguf.Convert(Repository.Golden("model", "tiny-bf16"), tokenizerModel: "llama")[0]);
        Assert.Contains("byte-level BPE", Refused(other), StringComparison.Ordinal);
        File.WriteAllBytes(other, new GgufBytes().Tensor("x", 19, [256], new byte[50]).ToArray());
        Assert.Contains("found ggml type 19", Refused(other), StringComparison.Ordinal);
    }

    private string PathOf(int part, int parts) => Path.Combine(folder, parts == 1 ? "x.gguf" : $"x-{part + 1:d5}-of-{parts:d5}.gguf");

    private static string Refused(string path) => Assert.Throws<CheckpointException>(() => Checkpoint.Open(path)).Message;
}
