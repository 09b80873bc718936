using Fathom.Checkpoints;
using Fathom.Checkpoints.Conversion;
using Fathom.Compute;

namespace Fathom.Model.Tests;

/// <summary>Checkpoints whose experts are rounded to few bits.</summary>
public sealed class QuantizationTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    private string Source => Path.Combine(folder, "source");

    private string Target => Path.Combine(folder, "x.gguf");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(StoredType.Q4K, 0.13)]
    [InlineData(StoredType.Q2K, 0.35)]
    [InlineData(StoredType.Iq2Xxs, 0.42)]
    public void Files_open_and_give_finite_logits_near_the_original(StoredType type, double mostError)
    {
        Synthesize();
        using Checkpoint source = Checkpoint.Open(Source);
        ConversionResult result = Quantize(source, new QuantizationOptions { Experts = type });
        Assert.DoesNotContain(result.Notes, note => note.Contains("whole blocks", StringComparison.Ordinal));
        Assert.Equal(["source", "x.gguf"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order());
        using Checkpoint quantized = Checkpoint.Open(Target);
        Assert.Equal(type, quantized["layers.1.ffn.experts.3.w2.weight"].Type);
        Assert.Equal(StoredType.Q80, quantized["layers.1.attn.wq_b.weight"].Type);
        double error = RelativeError(source, quantized);
        TestContext.Current.SendDiagnosticMessage($"{type}: {error:f4}");
        Assert.InRange(error, 0.01, mostError);
        float[] expected = ConversionTests.Logits(Source, NumericProfile.Plain), found = ConversionTests.Logits(Target, NumericProfile.Fast);
        Assert.All(found, logit => Assert.True(float.IsFinite(logit)));
        Assert.InRange(expected.Zip(found, (a, b) => Math.Abs(a - b)).Average(), 0, 0.6 * expected.Average(Math.Abs));
    }

    [Theory]
    [InlineData(StoredType.Q4K, 0.09)]
    [InlineData(StoredType.Q2K, 0.29)]
    [InlineData(StoredType.Iq2Xxs, 0.37)]
    public void Rows_shorter_than_a_block_are_kept_or_joined(StoredType type, double mostError)
    {
        using Checkpoint minnow = Checkpoint.Open(Repository.PathOf("models", "builtin"));
        ConversionResult kept = Quantize(minnow, new QuantizationOptions { Experts = type });
        Assert.Contains(kept.Notes, note => note.Contains("whole blocks of 256", StringComparison.Ordinal));
        using (Checkpoint same = Checkpoint.Open(Target)) Assert.Equal(0, RelativeError(minnow, same));

        Quantize(minnow, new QuantizationOptions { Experts = type, Decoded = true });
        using Checkpoint rounded = Checkpoint.Open(Target);
        double error = RelativeError(minnow, rounded);
        TestContext.Current.SendDiagnosticMessage($"Minnow, {type}: {error:f4}");
        Assert.Equal(StoredType.F32, rounded["layers.0.ffn.experts.0.w1.weight"].Type);
        Assert.InRange(error, 0.01, mostError);
    }

    [Fact]
    public void An_importance_matrix_of_another_model_is_refused()
    {
        Synthesize();
        using Checkpoint source = Checkpoint.Open(Source);
        string file = Path.Combine(folder, "other.imatrix");
        new ImportanceMatrix(new Dictionary<string, float[]> { ["blk.0.ffn_up_exps.weight"] = [1, 2] }, new Dictionary<string, float[]> { ["blk.0.ffn_up_exps.weight"] = [2] }).Write(file, 1, 512);
        using ImportanceFile other = ImportanceFile.Open(file);
        Assert.Contains("fathom imatrix", Assert.Throws<CheckpointException>(() => Quantize(source, new QuantizationOptions { Experts = StoredType.Q2K, Importance = other })).Message, StringComparison.Ordinal);
    }

    private void Synthesize() => SyntheticCheckpoint.Write(Source, new SyntheticOptions { Shape = SyntheticShape.Tiny, Layers = [0, 4], ExpertWidth = 256, Vocabulary = 300, HasMultiTokenPrediction = false });

    private ConversionResult Quantize(Checkpoint source, QuantizationOptions options) => Quantization.Write(source, Target, ConversionTests.Vocabulary(source.Config), options with { MayReplace = true }, cancellation: TestContext.Current.CancellationToken);

    // Of all routed experts, against their root mean square.
    private static double RelativeError(Checkpoint a, Checkpoint b)
    {
        double error = 0, size = 0;
        foreach (ExpectedTensor expected in TensorLayout.MainModel(a.Config).Where(tensor => tensor.Role == TensorRole.Expert))
        {
            WeightMatrix left = a.Matrix(expected.Name), right = b.Matrix(expected.Name);
            float[] x = new float[left.Columns], y = new float[left.Columns];
            for (int row = 0; row < left.Rows; row++)
            {
                left.DecodeRow(row, x);
                right.DecodeRow(row, y);
                for (int i = 0; i < x.Length; i++) (error, size) = (error + ((x[i] - y[i]) * (x[i] - y[i])), size + (x[i] * x[i]));
            }
        }

        return Math.Sqrt(error / size);
    }
}
