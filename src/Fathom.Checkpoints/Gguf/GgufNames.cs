namespace Fathom.Checkpoints.Gguf;

/// <summary>What tensors are called in GGUF files of architecture deepseek4 (checkpoint specification, section 4.3).</summary>
internal static class GgufNames
{
    private static readonly Dictionary<string, string[]> Top = new(StringComparer.Ordinal)
    {
        ["embed.weight"] = ["token_embd.weight"],
        ["head.weight"] = ["output.weight"],
        ["norm.weight"] = ["output_norm.weight"],
        ["hc_head_fn"] = ["output_hc_fn.weight", "hc_head_fn.weight"],
        ["hc_head_base"] = ["output_hc_base.weight", "hc_head_base.weight"],
        ["hc_head_scale"] = ["output_hc_scale.weight", "hc_head_scale.weight"],
    };

    // Within a layer; the names after the first were seen in other converters' files.
    private static readonly Dictionary<string, string[]> InLayer = new(StringComparer.Ordinal)
    {
        ["attn_norm.weight"] = ["attn_norm.weight"],
        ["ffn_norm.weight"] = ["ffn_norm.weight"],
        ["hc_attn_fn"] = ["hc_attn_fn.weight"],
        ["hc_attn_base"] = ["hc_attn_base.weight"],
        ["hc_attn_scale"] = ["hc_attn_scale.weight"],
        ["hc_ffn_fn"] = ["hc_ffn_fn.weight"],
        ["hc_ffn_base"] = ["hc_ffn_base.weight"],
        ["hc_ffn_scale"] = ["hc_ffn_scale.weight"],
        ["attn.attn_sink"] = ["attn_sinks.weight"],
        ["attn.wq_a.weight"] = ["attn_q_a.weight"],
        ["attn.q_norm.weight"] = ["attn_q_a_norm.weight"],
        ["attn.wq_b.weight"] = ["attn_q_b.weight"],
        ["attn.wkv.weight"] = ["attn_kv.weight", "attn_kv_latent.weight", "attn_kv_a_mqa.weight"],
        ["attn.kv_norm.weight"] = ["attn_kv_a_norm.weight"],
        ["attn.wo_a.weight"] = ["attn_output_a.weight"],
        ["attn.wo_b.weight"] = ["attn_output_b.weight"],
        ["attn.compressor.wkv.weight"] = ["attn_compressor_kv.weight", "attn_compress_kv.weight"],
        ["attn.compressor.wgate.weight"] = ["attn_compressor_gate.weight", "attn_compress_gate.weight"],
        ["attn.compressor.ape"] = ["attn_compressor_ape.weight", "attn_compress_ape.weight"],
        ["attn.compressor.norm.weight"] = ["attn_compressor_norm.weight", "attn_compress_norm.weight"],
        ["attn.indexer.wq_b.weight"] = ["indexer.attn_q_b.weight"],
        ["attn.indexer.weights_proj.weight"] = ["indexer.proj.weight"],
        ["attn.indexer.compressor.wkv.weight"] = ["indexer_compressor_kv.weight", "indexer.compress_kv.weight"],
        ["attn.indexer.compressor.wgate.weight"] = ["indexer_compressor_gate.weight", "indexer.compress_gate.weight"],
        ["attn.indexer.compressor.ape"] = ["indexer_compressor_ape.weight", "indexer.compress_ape.weight"],
        ["attn.indexer.compressor.norm.weight"] = ["indexer_compressor_norm.weight", "indexer.compress_norm.weight"],
        ["ffn.gate.weight"] = ["ffn_gate_inp.weight"],
        ["ffn.gate.bias"] = ["exp_probs_b.bias"],
        ["ffn.gate.tid2eid"] = ["ffn_gate_tid2eid.weight"],
        ["ffn.shared_experts.w1.weight"] = ["ffn_gate_shexp.weight"],
        ["ffn.shared_experts.w3.weight"] = ["ffn_up_shexp.weight"],
        ["ffn.shared_experts.w2.weight"] = ["ffn_down_shexp.weight"],
        ["ffn.experts.w1.weight"] = ["ffn_gate_exps.weight"],
        ["ffn.experts.w3.weight"] = ["ffn_up_exps.weight"],
        ["ffn.experts.w2.weight"] = ["ffn_down_exps.weight"],

        // Of the MTP block alone.
        ["e_proj.weight"] = ["nextn.e_proj.weight"],
        ["h_proj.weight"] = ["nextn.h_proj.weight"],
        ["enorm.weight"] = ["nextn.enorm.weight"],
        ["hnorm.weight"] = ["nextn.hnorm.weight"],
        ["norm.weight"] = ["nextn.shared_head_norm.weight"],
        ["hc_head_fn"] = ["nextn.hc_head_fn.weight"],
        ["hc_head_base"] = ["nextn.hc_head_base.weight"],
        ["hc_head_scale"] = ["nextn.hc_head_scale.weight"],
    };

    /// <summary>What the MTP block's two projections are called where they are one matrix: columns of the embedding's, then of the streams'.</summary>
    /// <param name="layers">Main layers; the block comes after them.</param>
    public static string JoinedProjections(int layers) => $"blk.{layers}.nextn.eh_proj.weight";

    /// <summary>Whether a tensor is one of the MTP block's two projections.</summary>
    public static bool IsProjection(string official) => official is "mtp.0.e_proj.weight" or "mtp.0.h_proj.weight";

    /// <summary>The names that a tensor may have, and which of the stacked experts it is (−1 for none).</summary>
    /// <param name="official">Its official name.</param>
    /// <param name="layers">Main layers; the MTP block's number is the one after them.</param>
    public static (IEnumerable<string> Names, int Expert) Of(string official, int layers)
    {
        if (Top.TryGetValue(official, out string[]? names)) return (names, -1);
        string[] parts = official.Split('.', 3);
        bool isPrediction = parts[0] == "mtp";
        (string layer, string rest, int expert) = (isPrediction ? $"{layers}" : parts[1], parts[2], -1);
        const string experts = "ffn.experts.";
        if (rest.StartsWith(experts, StringComparison.Ordinal))
        {
            int end = rest.IndexOf('.', experts.Length);
            expert = int.Parse(rest.AsSpan(experts.Length, end - experts.Length), System.Globalization.CultureInfo.InvariantCulture);
            rest = experts + rest[(end + 1)..];
        }

        // Files whose MTP block has no head of its own let it share the main model's.
        IEnumerable<string> shared = isPrediction && Top.TryGetValue(rest, out string[]? main) ? main : [];
        return (InLayer[rest].Select(name => $"blk.{layer}.{name}").Concat(shared), expert);
    }
}
