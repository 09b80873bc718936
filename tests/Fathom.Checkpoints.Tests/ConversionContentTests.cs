using System.Text.Json;
using Fathom.Checkpoints.Conversion;
using Fathom.Checkpoints.Gguf;

namespace Fathom.Checkpoints.Tests;

/// <summary>What conversions put into files besides the experts: matrices, metadata and the small files of a folder.</summary>
public sealed class ConversionContentTests : IDisposable
{
    private static readonly QuantizationOptions Q2 = new() { Experts = StoredType.Q2K };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Matrices_become_Q8_0_from_whatever_wider_format_they_come_in()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(original, folder["expected.gguf"], Q2);
        using Checkpoint expected = Checkpoint.Open(folder["expected.gguf"]);
        foreach (MatrixFormat format in (MatrixFormat[])[MatrixFormat.BF16, MatrixFormat.F32])
        {
            ConversionSample.ToGguf(original, folder["wide.gguf"], new GgufOptions { Matrices = format, MayReplace = true });
            using Checkpoint source = Checkpoint.Open(folder["wide.gguf"]);
            ConversionSample.ToGguf(source, folder["x.gguf"], Q2 with { MayReplace = true });
            using Checkpoint found = Checkpoint.Open(folder["x.gguf"]);

            // What has to be precise stays as wide as it comes.
            foreach (StoredTensor tensor in expected.Tensors.Where(tensor => tensor.Type != StoredType.BF16)) Assert.True(tensor.Type == found[tensor.Name].Type && tensor.Bytes.SequenceEqual(found[tensor.Name].Bytes), $"{format}: {tensor.Name}");
            Assert.Equal(StoredType.Q80, found["layers.1.attn.wq_b.weight"].Type);
            Assert.Equal(StoredType.BF16, expected["embed.weight"].Type);
        }
    }

    [Fact]
    public void Matrices_of_Base_checkpoints_become_Q8_0_too()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        WithFloatScales(original, folder["base"]);
        using Checkpoint source = Checkpoint.Open(folder["base"]);
        ConversionSample.ToGguf(original, folder["expected.gguf"], Q2);
        ConversionSample.ToGguf(source, folder["x.gguf"], Q2);
        using Checkpoint expected = Checkpoint.Open(folder["expected.gguf"]), found = Checkpoint.Open(folder["x.gguf"]);
        foreach (StoredTensor tensor in expected.Tensors) Assert.True(tensor.Type == found[tensor.Name].Type && tensor.Bytes.SequenceEqual(found[tensor.Name].Bytes), tensor.Name);
        Assert.Equal(StoredType.Q80, found["layers.1.attn.wq_b.weight"].Type);
    }

    [Fact]
    public void Rounding_what_was_rounded_is_remarked_on()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        Assert.DoesNotContain(ConversionSample.ToGguf(original, folder["q2.gguf"], Q2).Notes, note => note.Contains("rounded", StringComparison.Ordinal));
        using Checkpoint source = Checkpoint.Open(folder["q2.gguf"]);
        Assert.Contains("rounded to Q2_K before", Assert.Single(ConversionSample.ToGguf(source, folder["q4.gguf"], Q2 with { Experts = StoredType.Q4K }).Notes), StringComparison.Ordinal);
        Assert.Empty(ConversionSample.ToGguf(source, folder["same.gguf"], Q2).Notes);
    }

    [Fact]
    public void What_a_file_says_in_general_stays_in_files_made_of_it()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(original, folder["plain.gguf"]);
        KeyValuePair<string, object>[] more =
        [
            new("general.license", "mit"), new("general.tags", (string[])["a", "b"]), new("tokenizer.ggml.padding_token_id", 1u), new("tokenizer.ggml.scores", (float[])[0.5f, -1]),
            new("tokenizer.chat_template", "{{ messages }}"), new("deepseek4.of_somebody", 1u), new("general.file_type", 1u), new("general.name", "A model"),
        ];
        Rewrite(folder["plain.gguf"], folder["source.gguf"], more);
        using Checkpoint source = Checkpoint.Open(folder["source.gguf"]);
        ConversionSample.ToGguf(source, folder["x.gguf"], Q2);
        using GgufFile plain = GgufFile.Open(folder["plain.gguf"]), from = GgufFile.Open(folder["source.gguf"]), to = GgufFile.Open(folder["x.gguf"]);
        foreach (string key in more.Select(entry => entry.Key).Except(["general.file_type", "deepseek4.of_somebody"]))
        {
            (GgufValue before, GgufValue after) = (ValueOf(from, key), ValueOf(to, key));
            Assert.Equal(before.Type, after.Type);
            Assert.Equal(before.Bytes, after.Bytes);
        }

        Assert.False(to.Metadata.ContainsKey("deepseek4.of_somebody"));
        Assert.Equal("model", plain.Metadata["general.name"]);
        Assert.Equal("A model", to.Metadata["general.name"]);
        Assert.Equal(32L, plain.Metadata["general.file_type"]);
        Assert.Equal(10L, to.Metadata["general.file_type"]);

        ConversionSample.ToFolder(source, folder["back"]);
        Assert.Equal("{{ messages }}", Json("back/tokenizer_config.json").GetProperty("chat_template").GetString());
    }

    [Fact]
    public void A_folder_says_only_what_is_in_it()
    {
        using Checkpoint original = ConversionSample.Synthesize(folder["model"]);
        ConversionSample.ToGguf(original, folder["x.gguf"]);
        ConversionSample.ToGguf(original, folder["q2.gguf"], Q2);
        using (Checkpoint source = Checkpoint.Open(folder["x.gguf"])) ConversionSample.ToFolder(source, folder["official"]);
        using (Checkpoint source = Checkpoint.Open(folder["q2.gguf"])) ConversionSample.ToFolder(source, folder["rounded"]);
        JsonElement official = Json("official/config.json"), rounded = Json("rounded/config.json");
        Assert.Equal("fp4", official.GetProperty("expert_dtype").GetString());
        Assert.Equal("fp8", official.GetProperty("quantization_config").GetProperty("quant_method").GetString());
        Assert.False(rounded.TryGetProperty("expert_dtype", out _));
        Assert.False(rounded.TryGetProperty("quantization_config", out _));
        using Checkpoint opened = Checkpoint.Open(folder["rounded"]);
        Assert.Equal(StoredType.BF16, opened["layers.0.ffn.experts.0.w1.weight"].Type);

        JsonElement generation = Json("official/generation_config.json"), tokenizer = Json("official/tokenizer_config.json");
        Assert.Equal(original.Config.EosTokenId, generation.GetProperty("eos_token_id").GetInt32());
        Assert.True(generation.GetProperty("do_sample").GetBoolean());
        Assert.Equal($"t{original.Config.EosTokenId}", tokenizer.GetProperty("eos_token").GetString());
        Assert.Equal($"t{original.Config.BosTokenId}", tokenizer.GetProperty("bos_token").GetString());
        Assert.False(tokenizer.GetProperty("add_bos_token").GetBoolean());
        Assert.False(tokenizer.TryGetProperty("chat_template", out _));
    }

    private JsonElement Json(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(folder[name]));
        return document.RootElement.Clone();
    }

    private static GgufValue ValueOf(GgufFile file, string key)
    {
        using var files = new WeightFiles(file.Path, [file]);
        return file.ValueOf(key, files)!;
    }

    // The same file with other metadata.
    private static void Rewrite(string from, string to, KeyValuePair<string, object>[] more)
    {
        using GgufFile file = GgufFile.Open(from);
        string[] others = [.. more.Select(entry => entry.Key)];
        using var writer = new GgufWriter(to, [.. file.Metadata.Keys.Except(others).Select(key => new KeyValuePair<string, object>(key, ValueOf(file, key))), .. more], [.. file.Tensors.Values.Select(tensor => (tensor.Name, tensor.Type, tensor.Shape.ToArray()))]);
        foreach (StoredTensor tensor in file.Tensors.Values)
        {
            writer.Write(tensor.Bytes);
            writer.EndTensor();
        }

        writer.Complete();
    }

    // Base checkpoints have the same weights under scales of 32 bits; here they are the same powers of two.
    private static void WithFloatScales(Checkpoint source, string path)
    {
        Directory.CreateDirectory(path);
        File.Copy(Path.Combine(source.Location, "config.json"), Path.Combine(path, "config.json"));
        using var writer = new SafetensorsWriter(Path.Combine(path, "model.safetensors"), [.. source.Tensors.Select(tensor => (tensor.Name, tensor.Type == StoredType.F8E8M0 ? StoredType.F32 : tensor.Type, tensor.Shape.ToArray()))]);
        foreach (StoredTensor tensor in source.Tensors)
        {
            if (tensor.Type == StoredType.F8E8M0) writer.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(Array.ConvertAll(tensor.Bytes.ToArray(), Compute.Numbers.E8M0.Decode)));
            else writer.Write(tensor.Bytes);
        }

        writer.Complete();
    }
}
