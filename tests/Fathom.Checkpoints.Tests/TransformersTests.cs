using System.Runtime.InteropServices;
using CsCheck;
using Fathom.Checkpoints.Conversion;

namespace Fathom.Checkpoints.Tests;

/// <summary>Folders with transformers-style names: what they become, what opens, and what is refused and how.</summary>
public sealed class TransformersTests : IDisposable
{
    private const string Stack = "model.layers.2.mlp.experts.gate_up_proj", Down = "model.layers.2.mlp.experts.down_proj";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("tiny-bf16")]
    [InlineData("tiny-fp4")]
    public void There_and_back_gives_the_same_bytes(string name) => ThereAndBack(Repository.Golden("model", name));

    [Theory]
    [InlineData(StoredType.F8E8M0)]
    [InlineData(StoredType.F32)]
    public void Experts_in_FP8_go_there_and_back(StoredType scales)
    {
        // As Base checkpoints have them, in blocks of 128 × 128.
        byte[] scale = scales == StoredType.F32 ? [.. MemoryMarshal.AsBytes<float>([0.25f, 3])] : [125, 128];
        string path = Official(tensors =>
        {
            for (int i = 0; i < tensors.Count; i++)
            {
                if (!tensors[i].Name.Contains(".experts.", StringComparison.Ordinal)) continue;
                (long rows, long columns) = (tensors[i].Shape[0], 2 * tensors[i].Shape[1]);
                tensors[i] = tensors[i].Name.EndsWith(".scale", StringComparison.Ordinal)
                    ? tensors[i] with { Type = scales, Shape = rows == 128 ? [1, 2] : [2, 1], Bytes = scale }
                    : tensors[i] with { Type = StoredType.F8E4M3, Shape = [rows, columns], Bytes = [.. Enumerable.Range(i, (int)(rows * columns)).Select(value => (byte)(value % 120))] };
            }
        });
        ThereAndBack(path);
    }

    [Fact]
    public void Stacks_hold_gate_before_up_expert_by_expert()
    {
        Dictionary<string, TensorData> official = TensorData.Read(Repository.Golden("model", "tiny-fp4", "model.safetensors")).ToDictionary(tensor => tensor.Name);
        List<TensorData> named = Named();
        byte[] Of(string matrix, string kind) => [.. Enumerable.Range(0, 8).SelectMany(expert => matrix.Split('+').SelectMany(name => official[$"layers.2.ffn.experts.{expert}.{name}.{kind}"].Bytes))];
        foreach ((string stack, string matrix) in ((string, string)[])[(Stack, "w1+w3"), (Down, "w2")])
        {
            Assert.Equal(Of(matrix, "weight"), named.Single(tensor => tensor.Name == stack).Bytes);
            Assert.Equal(Of(matrix, "scale"), named.Single(tensor => tensor.Name == stack + "_scale_inv").Bytes);
        }

        Assert.Equal([8, 256, 128], named.Single(tensor => tensor.Name == Stack).Shape);
        Assert.Contains(named, tensor => tensor.Name == "lm_head.weight");
        Assert.Contains(named, tensor => tensor.Name == "model.layers.0.mlp.gate.tid2eid");
        Assert.DoesNotContain(named, tensor => tensor.Name.Contains("mtp", StringComparison.Ordinal));
    }

    [Fact]
    public void Other_ways_to_write_the_names_open_alike()
    {
        Opens(Changed(tensors => Rename(tensors, name => name.Replace("model.", string.Empty, StringComparison.Ordinal))));
        Opens(Changed(tensors => Rename(tensors, name => name.Replace("indexer.scorer.", "indexer.", StringComparison.Ordinal))));
        Opens(Changed(tensors => Rename(tensors, name => name.Replace("up_proj_scale_inv", "up_proj.weight_scale_inv", StringComparison.Ordinal))));
        Opens(Changed(tensors => Rename(tensors, name => name.EndsWith("experts.down_proj", StringComparison.Ordinal) ? name + ".weight" : name)));
        Opens(Changed(tensors => tensors.AddRange([("model.mtp.0.enorm.weight", StoredType.F32, [1], new byte[4]), ("model.rotary_emb.main_inv_freq", StoredType.F32, [1], new byte[4])])));
    }

    [Fact]
    public void Experts_of_their_own_open_alike() => Opens(Changed(tensors =>
    {
        foreach (TensorData stack in tensors.Where(tensor => tensor.Name.Contains("mlp.experts.", StringComparison.Ordinal)).ToArray())
        {
            tensors.Remove(stack);
            string suffix = stack.Name.EndsWith("_scale_inv", StringComparison.Ordinal) ? ".weight_scale_inv" : ".weight", prefix = stack.Name[..(stack.Name.IndexOf("experts.", StringComparison.Ordinal) + 8)];
            string[] parts = stack.Name.Contains("gate_up", StringComparison.Ordinal) ? ["gate_proj", "up_proj"] : ["down_proj"];
            int bytes = stack.Bytes.Length / 8 / parts.Length;
            for (int i = 0; i < 8 * parts.Length; i++)
                tensors.Add(($"{prefix}{i / parts.Length}.{parts[i % parts.Length]}{suffix}", stack.Type, [stack.Shape[1] / parts.Length, stack.Shape[2]], stack.Bytes[(i * bytes)..((i + 1) * bytes)]));
        }
    }));

    [Theory]
    [InlineData(StoredType.U8)]
    [InlineData(StoredType.F4)]
    public void Formats_of_converted_copies_open_and_become_official_again(StoredType packed)
    {
        string path = Changed(tensors =>
        {
            for (int i = 0; i < tensors.Count; i++)
            {
                TensorData tensor = tensors[i];
                tensors[i] = tensor.Type switch
                {
                    StoredType.I8 => tensor with { Type = packed, Shape = packed == StoredType.F4 ? [.. tensor.Shape[..2], 2 * tensor.Shape[2]] : tensor.Shape },
                    StoredType.F8E8M0 => tensor with { Type = StoredType.U8 },
                    StoredType.I64 => tensor with { Type = StoredType.I32, Bytes = [.. MemoryMarshal.AsBytes<int>(Array.ConvertAll(MemoryMarshal.Cast<byte, long>(tensor.Bytes).ToArray(), id => (int)id))] },
                    _ => tensor,
                };
            }
        });
        using Checkpoint copy = Checkpoint.Open(path);
        Assert.Equal(packed, copy["layers.2.ffn.experts.0.w1.weight"].Type);
        NamingConversion.Write(copy, folder["again"], TensorNaming.Official, cancellation: TestContext.Current.CancellationToken);
        Same(TensorData.Read(Repository.Golden("model", "tiny-fp4", "model.safetensors")), TensorData.Read(Path.Combine(folder["again"], "model.safetensors")));
    }

    [Fact]
    public void Official_names_with_the_prefix_open()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Official(tensors => Rename(tensors, name => "model." + name)));
        Assert.Equal(TensorNaming.Official, checkpoint.Naming);
        Assert.True(checkpoint.HasMultiTokenPrediction);
        Refused(Official(tensors => tensors.Add(tensors.Single(tensor => tensor.Name == "norm.weight") with { Name = "model.norm.weight" })), "'norm.weight' once", "it twice");
    }

    [Fact]
    public void Stacks_of_a_wrong_shape_are_named()
    {
        Refused(Changed(tensors => Change(tensors, Stack, tensor => tensor with { Shape = [8, 128, 256] })), Stack, "[8, 256, 128]", "[8, 128, 256]");
        Refused(Changed(tensors => Change(tensors, Stack, tensor => tensor with { Shape = [7, 256, 128], Bytes = tensor.Bytes[..(7 * 256 * 128)] })), Stack, "[7, 256, 128]");
        Refused(Changed(tensors => Change(tensors, Stack, tensor => tensor with { Shape = [8, 128, 128], Bytes = tensor.Bytes[..(8 * 128 * 128)] })), Stack, "[8, 256, 128]");
        Refused(Changed(tensors => Change(tensors, Down, tensor => tensor with { Shape = [8 * 256, 64] })), Down, "[8, 256, 64]");
        Refused(Changed(tensors => Change(tensors, Stack + "_scale_inv", tensor => tensor with { Shape = [8, 8, 256] })), Stack + "_scale_inv", "[8, 256, 8]");
        Refused(Changed(tensors => Change(tensors, Stack, tensor => tensor with { Shape = [0, 256, 128], Bytes = [] })), Stack, "[0, 256, 128]");
        Refused(Changed(tensors => Change(tensors, Stack, tensor => tensor with { Type = StoredType.I64, Shape = [8, 256, 16] })), Stack, "[8, 256, 16]");
    }

    [Fact]
    public void What_is_missing_or_too_much_is_named_as_it_is_called_there()
    {
        string[] names = [Stack, Down, Stack + "_scale_inv", "model.layers.1.self_attn.q_a_proj.weight", "model.layers.1.self_attn.q_a_proj.weight_scale_inv", "lm_head.weight"];
        foreach (string name in names) Refused(Changed(tensors => tensors.RemoveAll(tensor => tensor.Name == name)), $"'{name}'", "none", "transformers-style");
        Refused(Changed(tensors => tensors.Add(("model.layers.0.mlp.odd", StoredType.F32, [1], new byte[4]))), "model.layers.0.mlp.odd", "does not belong");
        Refused(Changed(tensors => tensors.Add(tensors.Single(tensor => tensor.Name == Down) with { Name = Down + ".weight" })), Down + ".weight", "twice");
        Refused(Changed(tensors => Change(tensors, Stack + "_scale_inv", tensor => tensor with { Bytes = [255, .. tensor.Bytes[1..]] })), "layers.2.ffn.experts.0.w1.scale", "NaN");
    }

    [Fact]
    public void Both_namings_at_once_and_neither_are_refused()
    {
        Refused(Official(tensors => Rename(tensors, name => name.Replace("attn.wq_a.", "self_attn.q_a_proj.", StringComparison.Ordinal))), "layers.0.self_attn.q_a_proj", "official names throughout", "beside it");
        Refused(Official(tensors => Rename(tensors, name => "encoder." + name)), "'encoder.", "neither", "model.embed_tokens.weight");
    }

    [Fact]
    public void Headers_with_random_damage_are_refused_clearly_or_open()
    {
        string path = Changed(_ => { }), file = Path.Combine(path, "model.safetensors");
        int headerBytes = (int)BitConverter.ToInt64(File.ReadAllBytes(file).AsSpan(0, 8)) + 8;
        Gen.Select(Gen.Int[0, headerBytes - 1], Gen.Byte).Sample(
            (place, value) =>
            {
                byte before = Mutations.Exchange(file, place, value);
                try
                {
                    Checkpoint.Open(path).Dispose();
                }
                catch (CheckpointException error)
                {
                    Assert.DoesNotContain('\n', error.Message);
                }

                Mutations.Exchange(file, place, before);
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void A_stopped_change_of_names_is_gone_on_with_and_one_into_a_full_folder_leaves_nothing_behind()
    {
        using Checkpoint source = Checkpoint.Open(Repository.Golden("model", "tiny-bf16"));
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => NamingConversion.Write(source, folder["x"], TensorNaming.Transformers, cancellation: cancellation.Token));
        Assert.Equal(["x.partial"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
        NamingConversion.Write(source, folder["x"], TensorNaming.Transformers, cancellation: TestContext.Current.CancellationToken);
        NamingConversion.Write(source, folder["whole"], TensorNaming.Transformers, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(["whole", "x"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
        Assert.Equal(Directory.GetFiles(folder["whole"]).Select(Path.GetFileName).Order(), Directory.GetFiles(folder["x"]).Select(Path.GetFileName).Order());
        foreach (string file in Directory.GetFiles(folder["whole"])) Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(folder["x"], Path.GetFileName(file))));
        folder.Write("full/x", "x");
        Assert.Throws<IOException>(() => NamingConversion.Write(source, folder["full"], TensorNaming.Transformers, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(["full", "whole", "x"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Experts_of_one_layer_in_two_formats_cannot_be_stacked()
    {
        string path = Official(tensors =>
        {
            tensors.RemoveAll(tensor => tensor.Name == "layers.2.ffn.experts.3.w1.scale");
            Change(tensors, "layers.2.ffn.experts.3.w1.weight", tensor => tensor with { Type = StoredType.BF16, Shape = [128, 256], Bytes = new byte[2 * 128 * 256] });
        });
        using Checkpoint source = Checkpoint.Open(path);
        CheckpointException error = Assert.Throws<CheckpointException>(() => NamingConversion.Write(source, folder["x"], TensorNaming.Transformers));
        Assert.Contains("layers.2.ffn.experts.3.w1.weight", error.Message, StringComparison.Ordinal);
        Assert.Contains("keep the official names", error.Message, StringComparison.Ordinal);
    }

    private void ThereAndBack(string path)
    {
        string there = folder["there"], back = folder["back"];
        using (Checkpoint source = Checkpoint.Open(path))
        {
            var steps = new List<double>();
            ConversionResult result = NamingConversion.Write(source, there, TensorNaming.Transformers, progress: new Steps(steps), cancellation: TestContext.Current.CancellationToken);
            Assert.Contains("mtp.*", Assert.Single(result.Notes), StringComparison.Ordinal);
            Assert.Equal(1, steps[^1], 9);
            Assert.Equal(steps.Order(), steps);
            using Checkpoint copy = Checkpoint.Open(there);
            Assert.Equal(TensorNaming.Transformers, copy.Naming);
            Assert.False(copy.HasMultiTokenPrediction);
            foreach (StoredTensor tensor in copy.Tensors) Assert.True(tensor.Bytes.SequenceEqual(source[tensor.Name].Bytes), tensor.Name);
            NamingConversion.Write(copy, back, TensorNaming.Official, cancellation: TestContext.Current.CancellationToken);
            using Checkpoint returned = Checkpoint.Open(back);
            Assert.Equal(source.Config with { CompressRatios = [], MtpLayerCount = 0 }, returned.Config with { CompressRatios = [] });
            Assert.Equal(source.Config.CompressRatios.SkipLast(1), returned.Config.CompressRatios);
        }

        Same(TensorData.Read(Path.Combine(path, "model.safetensors")), TensorData.Read(Path.Combine(back, "model.safetensors")));
    }

    private static void Same(List<TensorData> expected, List<TensorData> found)
    {
        Dictionary<string, TensorData> main = expected.Where(tensor => !tensor.Name.StartsWith("mtp.", StringComparison.Ordinal)).ToDictionary(tensor => tensor.Name);
        Assert.Equal(main.Keys.Order(StringComparer.Ordinal), found.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (TensorData tensor in found)
        {
            Assert.Equal(main[tensor.Name].Type, tensor.Type);
            Assert.Equal(main[tensor.Name].Shape, tensor.Shape);
            Assert.True(main[tensor.Name].Bytes.AsSpan().SequenceEqual(tensor.Bytes), tensor.Name);
        }
    }

    private static void Opens(string path)
    {
        using Checkpoint golden = Checkpoint.Open(Repository.Golden("model", "tiny-fp4")), copy = Checkpoint.Open(path);
        Assert.Equal(TensorNaming.Transformers, copy.Naming);
        Assert.False(copy.HasMultiTokenPrediction);
        foreach (StoredTensor tensor in golden.Tensors.Where(tensor => !tensor.Name.StartsWith("mtp.", StringComparison.Ordinal))) Assert.True(tensor.Bytes.SequenceEqual(copy[tensor.Name].Bytes), tensor.Name);
    }

    private static void Refused(string path, params string[] expected)
    {
        CheckpointException error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(path).Dispose());
        foreach (string part in expected) Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static void Change(List<TensorData> tensors, string name, Func<TensorData, TensorData> change)
    {
        int place = tensors.FindIndex(tensor => tensor.Name == name);
        tensors[place] = change(tensors[place]);
    }

    private static void Rename(List<TensorData> tensors, Func<string, string> rename)
    {
        for (int i = 0; i < tensors.Count; i++) tensors[i] = tensors[i] with { Name = rename(tensors[i].Name) };
    }

    // The FP4 golden checkpoint under its official names, changed.
    private string Official(Action<List<TensorData>> change)
    {
        string golden = Repository.Golden("model", "tiny-fp4");
        return Write(TensorData.Read(Path.Combine(golden, "model.safetensors")), Path.Combine(golden, "config.json"), change);
    }

    // The same with transformers-style names.
    private string Changed(Action<List<TensorData>> change) => Write(Named(), Path.Combine(folder["named"], "config.json"), change);

    private List<TensorData> Named()
    {
        if (!Directory.Exists(folder["named"]))
        {
            using Checkpoint source = Checkpoint.Open(Repository.Golden("model", "tiny-fp4"));
            NamingConversion.Write(source, folder["named"], TensorNaming.Transformers);
        }

        return TensorData.Read(Path.Combine(folder["named"], "model.safetensors"));
    }

    private string Write(List<TensorData> tensors, string config, Action<List<TensorData>> change)
    {
        change(tensors);
        string path = folder[$"copy{Guid.NewGuid():N}"];
        Directory.CreateDirectory(path);
        File.Copy(config, Path.Combine(path, "config.json"));
        TensorData.Write(Path.Combine(path, "model.safetensors"), tensors);
        return path;
    }

    private sealed class Steps(List<double> steps) : IProgress<double>
    {
        public void Report(double value) => steps.Add(value);
    }
}
