using System.Runtime.InteropServices;
using System.Text.Json;
using Fathom.Checkpoints;

namespace Fathom.Cli.Tests;

/// <summary><c>fathom logits</c> and <c>fathom synth</c>, from the outside.</summary>
public sealed class LogitsCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("fathom-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Logits_are_the_golden_ones()
    {
        using SafetensorsFile expected = SafetensorsFile.Open(Repository.Golden("model", "tiny-fp4", "expected-plain.safetensors"));
        await WriteIds(expected, "ids.400");
        FathomProcess.Result result = await FathomProcess.RunAsync(
            ["logits", "--model", Repository.Golden("model", "tiny-fp4"), "--ids", At("ids.json"), "--out", At("out.safetensors"), "--every", "8", "--chunk", "129", "--mtp"]);
        Assert.Equal((0, string.Empty), (result.ExitCode, result.Output));
        using SafetensorsFile found = SafetensorsFile.Open(At("out.safetensors"));
        AssertNear(Floats(expected, "logits.400"), Floats(found, "logits"), 5e-4f);
        AssertNear(Floats(expected, "mtp_logits.400"), Floats(found, "mtp_logits"), 5e-4f);
    }

    [Fact]
    public async Task The_greedy_continuation_is_the_golden_one()
    {
        using SafetensorsFile expected = SafetensorsFile.Open(Repository.Golden("model", "tiny-bf16", "expected-plain.safetensors"));
        await WriteIds(expected, "decode.prompt");
        FathomProcess.Result result = await FathomProcess.RunAsync(
            ["logits", "--model", Repository.Golden("model", "tiny-bf16"), "--ids", At("ids.json"), "--out", At("out.safetensors"), "--every", "100", "--greedy", "64"]);
        Assert.Equal(0, result.ExitCode);
        using SafetensorsFile found = SafetensorsFile.Open(At("out.safetensors"));
        Assert.Equal(Integers(expected, "decode.tokens"), Integers(found, "tokens"));
        Assert.True(found.TryGet("logits", out StoredTensor logits));
        Assert.Equal(3, logits.Shape[0]);
        float[] all = Floats(found, "decode_logits");
        int width = all.Length / 64;
        float[] everyEighth = [.. Enumerable.Range(0, 8).SelectMany(i => all.AsSpan(i * 8 * width, width).ToArray())];
        AssertNear(Floats(expected, "decode.logits"), everyEighth, 5e-4f);
    }

    [Fact]
    public async Task A_synthetic_checkpoint_can_be_inspected_and_run()
    {
        FathomProcess.Result synth = await FathomProcess.RunAsync(["synth", "--shape", "tiny", "--layers", "0,4,128,4", "--experts", "3", "--out", At("slice")]);
        Assert.Equal(0, synth.ExitCode);
        FathomProcess.Result inspect = await FathomProcess.RunAsync(["inspect", At("slice")]);
        Assert.Contains("4: 1 window, 2 CSA, 1 HCA", inspect.Output, StringComparison.Ordinal);
        FathomProcess.Result run = await FathomProcess.RunAsync(["run", "hello", "--model", At("slice"), "--tokenizer", Repository.PathOf("tests", "models", "random", "tokenizer.json"), "--max-tokens", "4", "--profile", "official"]);
        Assert.Equal(0, run.ExitCode);
        FathomProcess.Result again = await FathomProcess.RunAsync(["synth", "--shape", "tiny", "--out", At("slice")]);
        Assert.Contains("not empty", again.Error, StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(folder, name);

    private Task WriteIds(SafetensorsFile file, string tensor) => File.WriteAllTextAsync(At("ids.json"), JsonSerializer.Serialize(Integers(file, tensor)));

    private static long[] Integers(SafetensorsFile file, string name) => MemoryMarshal.Cast<byte, long>(Bytes(file, name)).ToArray();

    private static float[] Floats(SafetensorsFile file, string name) => MemoryMarshal.Cast<byte, float>(Bytes(file, name)).ToArray();

    private static ReadOnlySpan<byte> Bytes(SafetensorsFile file, string name)
    {
        Assert.True(file.TryGet(name, out StoredTensor tensor), name);
        return tensor.Bytes;
    }

    private static void AssertNear(float[] expected, float[] found, float tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < expected.Length; i++) Assert.True(MathF.Abs(expected[i] - found[i]) <= tolerance, $"value {i}: expected {expected[i]}, found {found[i]}");
    }
}
