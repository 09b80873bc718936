using System.Runtime.InteropServices;
using Fathom.Checkpoints;
using Fathom.Compute;

namespace Fathom.Model.Tests;

/// <summary>Turns a small folder of the official layout into GGUF: FP4 experts exactly into MXFP4 blocks, integers into 32 bits, everything else into binary32.</summary>
internal static unsafe class SmallGguf
{
    private const uint F32 = 0, I32 = 26, Mxfp4 = 39;

    private static readonly (string Official, string Gguf)[] InLayer =
    [
        ("attn_norm.weight", "attn_norm.weight"), ("ffn_norm.weight", "ffn_norm.weight"), ("hc_attn_fn", "hc_attn_fn.weight"), ("hc_attn_base", "hc_attn_base.weight"), ("hc_attn_scale", "hc_attn_scale.weight"),
        ("hc_ffn_fn", "hc_ffn_fn.weight"), ("hc_ffn_base", "hc_ffn_base.weight"), ("hc_ffn_scale", "hc_ffn_scale.weight"), ("attn.attn_sink", "attn_sinks.weight"), ("attn.wq_a.weight", "attn_q_a.weight"),
        ("attn.q_norm.weight", "attn_q_a_norm.weight"), ("attn.wq_b.weight", "attn_q_b.weight"), ("attn.wkv.weight", "attn_kv_latent.weight"), ("attn.kv_norm.weight", "attn_kv_a_norm.weight"),
        ("attn.wo_a.weight", "attn_output_a.weight"), ("attn.wo_b.weight", "attn_output_b.weight"), ("ffn.gate.weight", "ffn_gate_inp.weight"), ("ffn.gate.bias", "exp_probs_b.bias"), ("ffn.gate.tid2eid", "ffn_gate_tid2eid.weight"),
        ("ffn.shared_experts.w1.weight", "ffn_gate_shexp.weight"), ("ffn.shared_experts.w3.weight", "ffn_up_shexp.weight"), ("ffn.shared_experts.w2.weight", "ffn_down_shexp.weight"),
        ("attn.compressor.wkv.weight", "attn_compressor_kv.weight"), ("attn.compressor.wgate.weight", "attn_compressor_gate.weight"), ("attn.compressor.ape", "attn_compressor_ape.weight"), ("attn.compressor.norm.weight", "attn_compressor_norm.weight"),
        ("attn.indexer.wq_b.weight", "indexer.attn_q_b.weight"), ("attn.indexer.weights_proj.weight", "indexer.proj.weight"), ("attn.indexer.compressor.wkv.weight", "indexer.compress_kv.weight"),
        ("attn.indexer.compressor.wgate.weight", "indexer.compress_gate.weight"), ("attn.indexer.compressor.ape", "indexer.compress_ape.weight"), ("attn.indexer.compressor.norm.weight", "indexer.compress_norm.weight"),
    ];

    /// <summary>The files' bytes: one, or two parts of a split file.</summary>
    public static byte[][] Convert(string folder, string tokenizerModel = "gpt2", bool isSplit = false)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        V4Config c = checkpoint.Config;
        var first = new GgufBytes();
        Metadata(first, c, tokenizerModel);
        GgufBytes second = first;
        if (isSplit)
        {
            second = new GgufBytes().Add("split.no", 1u).Add("split.count", 2u);
            first.Add("split.no", 0u).Add("split.count", 2u);
        }

        foreach ((string official, string gguf) in ((string, string)[])[("embed.weight", "token_embd.weight"), ("head.weight", "output.weight"), ("norm.weight", "output_norm.weight"), ("hc_head_fn", "output_hc_fn.weight"), ("hc_head_base", "hc_head_base.weight"), ("hc_head_scale", "output_hc_scale.weight")])
            Put(first, checkpoint, official, gguf);
        for (int layer = 0; layer < c.LayerCount; layer++)
        {
            foreach ((string official, string gguf) in InLayer)
            {
                if (checkpoint.TryGet($"layers.{layer}.{official}", out _)) Put(layer == 0 ? first : second, checkpoint, $"layers.{layer}.{official}", $"blk.{layer}.{gguf}");
            }

            foreach ((string official, string gguf) in ((string, string)[])[("w1", "gate"), ("w3", "up"), ("w2", "down")])
            {
                WeightMatrix[] experts = [.. Enumerable.Range(0, c.ExpertCount).Select(e => checkpoint.Matrix($"layers.{layer}.ffn.experts.{e}.{official}.weight"))];
                bool isFp4 = experts[0].Format == WeightFormat.Fp4;
                second.Tensor($"blk.{layer}.ffn_{gguf}_exps.weight", isFp4 ? Mxfp4 : F32, [experts.Length, experts[0].Rows, experts[0].Columns], [.. experts.SelectMany(expert => isFp4 ? Blocks(expert) : Floats(expert))]);
            }
        }

        return isSplit ? [first.ToArray(), second.ToArray()] : [first.ToArray()];
    }

    private static void Put(GgufBytes writer, Checkpoint checkpoint, string official, string gguf)
    {
        StoredTensor tensor = checkpoint[official];
        long[] shape = [.. tensor.Shape];
        if (tensor.Type == StoredType.I64) writer.Tensor(gguf, I32, shape, [.. MemoryMarshal.AsBytes<int>(Array.ConvertAll(MemoryMarshal.Cast<byte, long>(tensor.Bytes).ToArray(), value => (int)value))]);
        else if (tensor.Type == StoredType.F8E4M3) writer.Tensor(gguf, F32, shape, Floats(checkpoint.Matrix(official)));
        else writer.Tensor(gguf, F32, shape, [.. MemoryMarshal.AsBytes<float>(tensor.ToFloats())]);
    }

    private static byte[] Floats(WeightMatrix matrix)
    {
        var values = new float[matrix.Rows * matrix.Columns];
        for (int i = 0; i < values.Length; i++) values[i] = matrix.ValueAt(i / matrix.Columns, i % matrix.Columns);
        return [.. MemoryMarshal.AsBytes<float>(values)];
    }

    private static byte[] Blocks(WeightMatrix fp4)
    {
        var bytes = new List<byte>();
        for (int group = 0; group < fp4.Rows * fp4.Columns / 32; group++)
        {
            bytes.Add(fp4.Scales[group]);
            byte Code(int i) => (byte)((fp4.Data[(group * 16) + (i / 2)] >> (4 * (i & 1))) & 15);
            for (int j = 0; j < 16; j++) bytes.Add((byte)(Code(j) | (Code(j + 16) << 4)));
        }

        return [.. bytes];
    }

    private static void Metadata(GgufBytes w, V4Config c, string tokenizerModel)
    {
        void Add(string key, object value) => w.Add("deepseek4." + key, value);
        w.Add("general.architecture", "deepseek4");
        Add("block_count", (uint)c.LayerCount);
        Add("context_length", (ulong)c.MaxPositions);
        Add("embedding_length", (uint)c.HiddenSize);
        Add("attention.head_count", (uint)c.HeadCount);
        Add("attention.head_count_kv", 1u);
        Add("attention.key_length", (uint)c.HeadDim);
        Add("attention.q_lora_rank", (uint)c.QueryRank);
        Add("attention.output_lora_rank", (uint)c.OutputRank);
        Add("attention.output_group_count", (uint)c.OutputGroups);
        Add("attention.compress_ratios", c.CompressRatios.ToArray());
        Add("attention.compress_rope_freq_base", c.CompressRopeTheta);
        Add("attention.sliding_window", (uint)c.Window);
        Add("attention.layer_norm_rms_epsilon", c.NormEpsilon);
        Add("attention.indexer.head_count", (uint)c.IndexHeadCount);
        Add("attention.indexer.key_length", (uint)c.IndexHeadDim);
        Add("attention.indexer.top_k", (uint)c.IndexTopK);
        Add("rope.dimension_count", (uint)c.RotaryDim);
        Add("rope.freq_base", c.RopeTheta);
        Add("rope.scaling.type", "yarn");
        Add("rope.scaling.factor", c.YarnFactor);
        Add("rope.scaling.original_context_length", (uint)c.YarnOriginalPositions);
        Add("rope.scaling.yarn_beta_fast", c.YarnBetaFast);
        Add("rope.scaling.yarn_beta_slow", c.YarnBetaSlow);
        Add("expert_count", (uint)c.ExpertCount);
        Add("expert_used_count", (uint)c.ExpertsPerToken);
        Add("expert_shared_count", (uint)c.SharedExpertCount);
        Add("expert_feed_forward_length", (uint)c.ExpertWidth);
        Add("expert_weights_scale", c.RoutedScalingFactor);
        Add("expert_weights_norm", true);
        Add("expert_gating_func", 4u);
        Add("swiglu_clamp_exp", Enumerable.Repeat(c.SwiGluLimit, c.LayerCount).ToArray());
        Add("hash_layer_count", (uint)c.HashLayerCount);
        Add("hyper_connection.count", (uint)c.HyperStreams);
        Add("hyper_connection.sinkhorn_iterations", (uint)c.SinkhornIterations);
        Add("hyper_connection.epsilon", c.HyperEpsilon);

        // The byte alphabet, one merge, and markup at the end.
        List<int> printable = [.. Enumerable.Range(33, 94), .. Enumerable.Range(161, 12), .. Enumerable.Range(174, 82)];
        int next = 256;
        string[] bytes = [.. Enumerable.Range(0, 256).Select(b => printable.Contains(b) ? ((char)b).ToString() : ((char)next++).ToString())];
        string[] tokens = ["<s>", "</s>", .. bytes, "ab", .. Enumerable.Range(0, c.VocabularySize - 259).Select(i => $"<pad{i}>")];
        w.Add("tokenizer.ggml.model", tokenizerModel);
        w.Add("tokenizer.ggml.pre", "joyai-llm");
        w.Add("tokenizer.ggml.tokens", tokens);
        w.Add("tokenizer.ggml.token_type", tokens.Select(token => token.Length > 2 ? 3 : 1).ToArray());
        w.Add("tokenizer.ggml.merges", (string[])["a b"]);
        w.Add("tokenizer.ggml.bos_token_id", 0u);
        w.Add("tokenizer.ggml.eos_token_id", 1u);
    }
}
