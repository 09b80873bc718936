using System.Text.Json.Nodes;

namespace Fathom.Checkpoints.Tests;

/// <summary>Whole folders: what opens, and what is refused and how.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("tiny-bf16")]
    [InlineData("tiny-fp4")]
    public void Golden_checkpoints_open(string name)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Repository.Golden("model", name));
        Assert.True(checkpoint.HasMultiTokenPrediction);
        Assert.True(checkpoint.ExpertScalesAreChecked);
        Assert.Equal(checkpoint.Tensors.Sum(tensor => tensor.ByteLength), checkpoint.TotalBytes);
    }

    [Fact]
    public void Shards_open_as_one_file_does()
    {
        string shards = Shards();
        using Checkpoint whole = Checkpoint.Open(Repository.Golden("model", "tiny-fp4")), parts = Checkpoint.Open(shards);
        Assert.Equal(whole.Tensors.Count, parts.Tensors.Count);
        foreach (StoredTensor tensor in whole.Tensors) Assert.True(tensor.Bytes.SequenceEqual(parts[tensor.Name].Bytes), tensor.Name);
    }

    [Fact]
    public void A_folder_of_symbolic_links_opens()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights there that not every account has.");
        string source = Repository.Golden("model", "tiny-fp4"), links = Directory.CreateDirectory(Path.Combine(folder.Path, "links")).FullName;
        foreach (string file in (string[])["config.json", "model.safetensors"]) File.CreateSymbolicLink(Path.Combine(links, file), Path.Combine(source, file));
        using Checkpoint checkpoint = Checkpoint.Open(links);
        Assert.True(checkpoint.HasMultiTokenPrediction);
    }

    [Fact]
    public void An_absent_shard_is_named()
    {
        string shards = Shards();
        File.Delete(Path.Combine(shards, "model-00002-of-00002.safetensors"));
        Refused(shards, "model-00002-of-00002.safetensors", "index.json");
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("sub\\\\x.safetensors")]
    public void An_index_cannot_lead_out_of_the_folder(string shard)
    {
        string shards = Shards();
        string index = Path.Combine(shards, "model.safetensors.index.json");
        File.WriteAllText(index, File.ReadAllText(index).Replace("model-00002-of-00002.safetensors", shard, StringComparison.Ordinal));
        Refused(shards, "index.json", "plain file name");
    }

    [Fact]
    public void A_missing_and_an_extra_tensor_are_named()
    {
        Refused(Copy(tensors => tensors.RemoveAll(tensor => tensor.Name == "layers.1.attn.wkv.weight")), "layers.1.attn.wkv.weight", "none");
        Refused(Copy(tensors => tensors.Add(("layers.9.odd", StoredType.F32, [1], new byte[4]))), "layers.9.odd");
    }

    [Fact]
    public void Wrong_types_and_shapes_are_named()
    {
        Refused(Copy(Change("norm.weight", tensor => tensor with { Type = StoredType.I32, Bytes = new byte[4 * tensor.Shape[0]] })), "norm.weight", "dtype", "I32");
        Refused(Copy(Change("head.weight", tensor => tensor with { Shape = [tensor.Shape[1], tensor.Shape[0]] })), "head.weight", "shape");
    }

    [Fact]
    public void A_scale_that_is_no_number_is_named()
    {
        Refused(Copy(Change("layers.0.attn.wq_a.scale", tensor => tensor with { Bytes = With(tensor.Bytes, 0, 255) })), "layers.0.attn.wq_a.scale", "NaN");
        Refused(Copy(Change("layers.2.ffn.experts.3.w2.scale", tensor => tensor with { Bytes = With(tensor.Bytes, 5, 255) })), "layers.2.ffn.experts.3.w2.scale", "index 5");
    }

    [Fact]
    public void An_expert_table_that_points_nowhere_is_named() =>
        Refused(Copy(Change("layers.0.ffn.gate.tid2eid", tensor => tensor with { Bytes = With(tensor.Bytes, 8, 200) })), "layers.0.ffn.gate.tid2eid", "200");

    [Fact]
    public void Without_its_first_tensor_the_prediction_block_is_not_there_and_nothing_asks_for_it()
    {
        string path = Copy(tensors => tensors.RemoveAll(tensor => tensor.Name.StartsWith("mtp.", StringComparison.Ordinal)));
        using Checkpoint checkpoint = Checkpoint.Open(path);
        Assert.False(checkpoint.HasMultiTokenPrediction);
    }

    [Fact]
    public void Base_checkpoints_with_float_scales_open()
    {
        string path = Copy(tensors =>
        {
            for (int i = 0; i < tensors.Count; i++)
            {
                if (tensors[i].Type != StoredType.F8E8M0) continue;
                float[] scales = Array.ConvertAll(tensors[i].Bytes, code => MathF.ScaleB(1f, code - 127));
                tensors[i] = tensors[i] with { Type = StoredType.F32, Bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(scales).ToArray() };
            }
        });
        using Checkpoint checkpoint = Checkpoint.Open(path);
        Assert.Equal(StoredType.F32, checkpoint["layers.0.attn.wq_a.scale"].Type);
    }

    [Theory]
    [InlineData("model_type", "\"deepseek_v41\"", "deepseek_v41")]
    [InlineData("model_type", "\"llama\"", "llama")]
    [InlineData("hidden_size", "-4", "hidden_size")]
    [InlineData("hidden_size", "\"x\"", "hidden_size")]
    [InlineData("vocab_size", "99999999999", "vocab_size")]
    [InlineData("num_hidden_layers", "2000000000", "num_hidden_layers")]
    [InlineData("compress_ratios", "[3,1]", "compress_ratios")]
    [InlineData("n_routed_experts", "65536", "n_routed_experts")]
    [InlineData("rms_norm_eps", "0", "rms_norm_eps")]
    public void A_config_that_makes_no_sense_is_named(string key, string value, string expected)
    {
        JsonNode config = JsonNode.Parse(File.ReadAllText(Repository.Golden("model", "tiny-fp4", "config.json")))!;
        config[key] = JsonNode.Parse(value);
        CheckpointException error = Assert.Throws<CheckpointException>(() => V4Config.Parse(System.Text.Encoding.UTF8.GetBytes(config.ToJsonString()), "config.json"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("config.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_and_an_absent_folder_are_named()
    {
        Refused(folder["nowhere"], "nowhere", "neither");
        Directory.CreateDirectory(folder["empty"]);
        Refused(folder["empty"], "config.json");
        File.Copy(Repository.Golden("model", "tiny-fp4", "config.json"), Path.Combine(folder["empty"], "config.json"));
        Refused(folder["empty"], "model.safetensors", "neither");
    }

    [Fact]
    public void A_synthetic_checkpoint_opens_and_the_same_seed_gives_the_same_bytes()
    {
        var options = new SyntheticOptions { Shape = SyntheticShape.Tiny, Vocabulary = 300 };
        long bytes = SyntheticCheckpoint.Write(folder["one"], options);
        SyntheticCheckpoint.Write(folder["two"], options);
        SyntheticCheckpoint.Write(folder["three"], options with { Seed = 2 });
        using Checkpoint checkpoint = Checkpoint.Open(folder["one"]);
        Assert.Equal(bytes, checkpoint.TotalBytes);
        Assert.Equal(new ModelSummary(checkpoint.Config).TotalBytes, checkpoint.TotalBytes);
        byte[] one = File.ReadAllBytes(Path.Combine(folder["one"], "model.safetensors"));
        Assert.Equal(one, File.ReadAllBytes(Path.Combine(folder["two"], "model.safetensors")));
        Assert.NotEqual(one, File.ReadAllBytes(Path.Combine(folder["three"], "model.safetensors")));
        Assert.Throws<IOException>(() => SyntheticCheckpoint.Write(folder["one"], options));
    }

    [Fact]
    public void A_stopped_synthesis_leaves_nothing_behind()
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => SyntheticCheckpoint.Write(folder["x"], new SyntheticOptions { Shape = SyntheticShape.Tiny }, cancellation: cancellation.Token));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static void Refused(string path, params string[] expected)
    {
        CheckpointException error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(path).Dispose());
        foreach (string part in expected) Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static byte[] With(byte[] bytes, int place, byte value)
    {
        bytes[place] = value;
        return bytes;
    }

    private static Action<List<TensorData>> Change(string name, Func<TensorData, TensorData> change) => tensors =>
    {
        int place = tensors.FindIndex(tensor => tensor.Name == name);
        tensors[place] = change(tensors[place]);
    };

    // A copy of the FP4 golden checkpoint with its tensors changed.
    private string Copy(Action<List<TensorData>> change)
    {
        List<TensorData> tensors = TensorData.Read(Repository.Golden("model", "tiny-fp4", "model.safetensors"));
        change(tensors);
        string path = folder[$"copy{Guid.NewGuid():N}"];
        Directory.CreateDirectory(path);
        File.Copy(Repository.Golden("model", "tiny-fp4", "config.json"), Path.Combine(path, "config.json"));
        TensorData.Write(Path.Combine(path, "model.safetensors"), tensors);
        return path;
    }

    private string Shards()
    {
        List<TensorData> tensors = TensorData.Read(Repository.Golden("model", "tiny-fp4", "model.safetensors"));
        string path = folder[$"shards{Guid.NewGuid():N}"];
        Directory.CreateDirectory(path);
        File.Copy(Repository.Golden("model", "tiny-fp4", "config.json"), Path.Combine(path, "config.json"));
        var map = new JsonObject();
        int half = tensors.Count / 2;
        for (int shard = 0; shard < 2; shard++)
        {
            string name = $"model-0000{shard + 1}-of-00002.safetensors";
            List<TensorData> part = shard == 0 ? tensors[..half] : tensors[half..];
            TensorData.Write(Path.Combine(path, name), part);
            foreach (TensorData tensor in part) map[tensor.Name] = name;
        }

        File.WriteAllText(Path.Combine(path, "model.safetensors.index.json"), new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString());
        return path;
    }
}
